"""From colour to direction: which end of a spectrum is blue.

Direction is read from colour and never from position, so red-left photos, upside-down photos and
both first orders of a grating are all turned the right way round.
"""

import cv2
import numpy as np

# Hue of a pure spectral colour on an sRGB sensor against wavelength (nm). Blue at 450 nm and red
# at 630 nm are the primaries, 490 and 575 nm the cyan and yellow crossings of the sensor curves;
# beyond 240 deg the red filter's violet leak turns blue to violet, and infrared-rich reds lean
# to magenta. Hues of 280-320 deg are named by no wavelength: both ends can leak into magenta.
_HUE_DEG = (0.0, 30.0, 60.0, 120.0, 180.0, 240.0, 280.0)
_HUE_NM = (630.0, 595.0, 575.0, 530.0, 490.0, 450.0, 405.0)
_MAGENTA_RED_FROM_DEG = 320.0
_MAGENTA_RED_NM = 660.0
# A sample has a colour if its channels differ by this many noise widths and levels: JPEG leaves
# grey light up to 2 levels of chroma.
_CHROMA_OVER_NOISE = 5.0
_LEAST_CHROMA = 1.5
# Single-coloured light of one LED or laser drifts by less than this from flank to flank.
_LEAST_SHIFT_NM = 3.0
_LEAST_CORRELATION = 0.12


def wavelength_like(rgb: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return a rough wavelength for each colour, and how much colour there is to tell it.

    Parameters
    ----------
    rgb : float32 array of shape (..., 3)
        Light above the background.

    Returns
    -------
    nm : float32 array of shape (...)
        Wavelength whose pure colour has this hue, good to some 20 nm.
    chroma : float32 array of shape (...)
        Largest minus smallest channel, in the units of `rgb`; 0 where the hue says nothing.
    """
    shape = rgb.shape[:-1]
    clipped = np.maximum(rgb, 0).astype(np.float32).reshape(-1, 1, 3)
    hue = cv2.cvtColor(clipped, cv2.COLOR_RGB2HSV)[:, 0, 0]
    chroma = (clipped.max(axis=2) - clipped.min(axis=2))[:, 0]
    nm = np.interp(hue, _HUE_DEG, _HUE_NM)
    magenta = hue > _HUE_DEG[-1]
    nm[magenta] = _MAGENTA_RED_NM
    chroma[magenta & (hue < _MAGENTA_RED_FROM_DEG)] = 0
    return nm.astype(np.float32).reshape(shape), chroma.reshape(shape)


def towards_red(light: np.ndarray, noise: float) -> tuple[int, float]:
    """Return which way a spectrum reddens, and how surely.

    Parameters
    ----------
    light : float32 array of shape (n, 3)
        Profile above the background.
    noise : float
        Standard deviation of one sample.

    Returns
    -------
    sign : int
        1 if later samples are redder, -1 if earlier ones are, 0 if the colours do not tell.
    shift_nm : float
        Change of the mean wavelength over one standard deviation of place, signed.
    """
    nm, chroma = wavelength_like(light)
    # The square root lets faint lines speak beside one that outshines them.
    weight = np.sqrt(np.where(chroma > _CHROMA_OVER_NOISE * noise + _LEAST_CHROMA, chroma, 0))
    total = float(weight.sum())
    if total == 0:
        return 0, 0.0
    place = np.arange(len(nm)) - float(weight @ np.arange(len(nm))) / total
    value = nm - float(weight @ nm) / total
    spread = np.sqrt(float(weight @ place**2) / total)
    scatter = np.sqrt(float(weight @ value**2) / total)
    shift = float(weight @ (place * value)) / total / max(spread, 1e-6)
    known = abs(shift) > _LEAST_SHIFT_NM and abs(shift) > _LEAST_CORRELATION * scatter
    return (int(np.sign(shift)) if known else 0), shift
