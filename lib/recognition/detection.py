"""Where in a photo a spectrum lies: light above the background, its axis, its ends, its colours."""

from dataclasses import dataclass

import cv2
import numpy as np

from lib.recognition.orientation import wavelength_like
from lib.recognition.straighten import Geometry

_LONGEST_SIDE_PX = 640


@dataclass(frozen=True)
class Detection:
    """What was found: a geometry in photo pixels, or the reason why none."""

    geometry: Geometry | None
    blue_end: str = "none"
    background: np.ndarray | None = None
    noise: float = 1.0
    evidence: float = 0.0
    reason: str | None = None


def detect(image: np.ndarray) -> Detection:
    """Find the best first-order spectrum in an upright RGB photo, uint8 (h, w, 3)."""
    height, width = image.shape[:2]
    scale = min(1.0, _LONGEST_SIDE_PX / max(height, width))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    small = cv2.resize(image, size, interpolation=cv2.INTER_AREA).astype(np.float32)
    background = np.percentile(small.reshape(-1, 3), 10, axis=0)
    light = np.clip(small - background, 0, None)
    nm, chroma = wavelength_like(light)
    coloured = float(np.percentile(chroma, 99.5)) > 12
    evidence = chroma if coloured else light.max(axis=2)
    peak = float(np.percentile(evidence, 99.8))
    noise = 1.48 * float(np.median(np.abs(light.max(axis=2) - np.median(light.max(axis=2))))) + 0.5
    if peak < 8:
        return Detection(None, reason="nothing in the photo stands out from its background")
    weight = np.where(evidence > max(0.12 * peak, 3 * noise), evidence, 0)
    if not weight.any():
        return Detection(None, reason="nothing in the photo stands clear of its noise")
    axis, sign = _axis_and_direction(weight, nm, coloured)
    if axis == "vertical":
        weight = weight.T
    along, across = weight.sum(axis=0), weight.max(axis=1)
    rows = np.flatnonzero(across > 0.15 * across.max())
    columns = np.flatnonzero(along > 0.01 * along.max())
    centre = (rows[0] + rows[-1]) / 2
    geometry = Geometry(
        axis=axis,
        start=float((columns[0] + 0.5) / scale - 0.5),
        stop=float((columns[-1] + 0.5) / scale - 0.5),
        centre=(float((centre + 0.5) / scale - 0.5),),
        half_height=float(max((rows[-1] - rows[0] + 1) / 2 / scale, 0.5)),
    )
    ends = ("left", "right") if axis == "horizontal" else ("top", "bottom")
    blue_end = "none" if sign == 0 else ends[0] if sign > 0 else ends[1]
    return Detection(geometry, blue_end, background, noise, 1.0)


def _axis_and_direction(weight: np.ndarray, nm: np.ndarray, coloured: bool) -> tuple[str, int]:
    """Axis along which the hue runs, and +1 where red lies at its far end, -1, or 0 unknown."""
    y, x = np.nonzero(weight)
    w = weight[y, x]
    if not coloured:
        spread_x, spread_y = np.std(x), np.std(y)
        return ("horizontal" if spread_x >= spread_y else "vertical"), 0
    value = nm[y, x]
    mean = np.average(value, weights=w)
    moments = []
    for place in (x, y):
        centred = place - np.average(place, weights=w)
        spread = np.sqrt(np.average(centred**2, weights=w)) + 1e-6
        moments.append(float(np.average(centred * (value - mean), weights=w) / spread))
    axis = int(abs(moments[1]) > abs(moments[0]))
    sign = 0 if abs(moments[axis]) < 8 else int(np.sign(moments[axis]))
    return ("horizontal", "vertical")[axis], sign
