"""Photos whose truth is known, real and simulated, and how bands found in them are judged.

A photo counts as right when the axis is right, the found extent along the dispersion and that of
the best of the photo's boxes overlap (intersection over union) by at least 0.6 (real, boxes drawn
by eye) or 0.7 (simulated, truth known), and the found centre line lies inside that box. Direction
is judged on photos whose best box has one. Photos without a box must be refused.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from benchmarks.line_marks import MarkedBand, marked_bands
from benchmarks.perturbations import Box
from lib.files import read_csv
from lib.images.reading import read_image
from lib.recognition.band import Band
from lib.simulation.photos.photos import simulate_photo, simulate_scene
from lib.simulation.photos.truth import PhotoTruth, overlap_along
from lib.taxonomy import CLASSES

REAL_OVERLAP = 0.6
SIMULATED_OVERLAP = 0.7
_PHOTOS_COLUMNS = ("photo", "source_class", "x0", "y0", "x1", "y1", "axis", "blue_end")


# What counts as another lamp, that must be refused, among the real photos.
OTHER_LAMPS = ("sodium", "krypton", "laser", "helium_neon_mix", "not_a_spectrum")


@dataclass
class Case:
    """One photo with its truth.

    Attributes
    ----------
    name : str
    image : uint8 array of shape (height, width, 3)
    boxes : list of Box
        Any of them is right; none where there is no spectrum.
    tags : dict of str to str
        What the ablation splits by.
    overlap : float
        Part of a box that must be found.
    source : str or None
        One of the classes; "other" for what must be refused; None where no name is judged.
    truth : PhotoTruth or None
        Of a simulated photo.
    marks : tuple of MarkedBand
        Of a real photo.
    """

    name: str
    image: np.ndarray
    boxes: list[Box]
    tags: dict[str, str] = field(default_factory=dict)
    overlap: float = REAL_OVERLAP
    source: str | None = None
    truth: PhotoTruth | None = None
    marks: tuple[MarkedBand, ...] = ()


@dataclass(frozen=True)
class Score:
    """How one photo came out. `direction` is None where the truth has none."""

    name: str
    spectrum: bool
    right: bool
    direction: bool | None
    overlap: float
    note: str
    tags: dict[str, str]
    seconds: float


def band_box(band: Band | None) -> Box | None:
    """Return the box of a found band."""
    if band is None:
        return None
    return Box(band.x0, band.y0, band.x1, band.y1, band.axis, band.blue_end)


def judge(case: Case, found: Box | None, seconds: float = 0.0) -> Score:
    """Compare a found box with the truth of its photo."""
    spectrum = bool(case.boxes)
    if not spectrum:
        note = "refused" if found is None else "accepted"
        return Score(case.name, False, found is None, None, 0.0, note, case.tags, seconds)
    directed = [box for box in case.boxes if box.blue_end != "none"]
    if found is None:
        lost = False if directed else None
        return Score(case.name, True, False, lost, 0.0, "refused", case.tags, seconds)
    # A divided slit has boxes of its halves and of the whole: any of them will do.
    best = max(case.boxes, key=lambda box: _closeness(found, box, case.overlap))
    share = overlap_along(found, best)
    inside = best.axis == found.axis and _centre_inside(found, best)
    faults = []
    if best.axis != found.axis:
        faults.append(f"axis {found.axis}")
    elif share < case.overlap:
        faults.append(f"overlap {share:.2f}")
    elif not inside:
        faults.append("centre outside")
    direction = found.blue_end == best.blue_end if best.blue_end != "none" else None
    if direction is False:
        faults.append(f"blue {found.blue_end}, not {best.blue_end}")
    right = inside and share >= case.overlap
    note = "; ".join(faults)
    return Score(case.name, True, right, direction, share, note, case.tags, seconds)


def _closeness(found: Box, box: Box, overlap: float) -> tuple[bool, float]:
    share = overlap_along(found, box)
    return share >= overlap and _centre_inside(found, box), share


def _centre_inside(found: Box, box: Box) -> bool:
    if box.axis == "horizontal":
        return box.y0 <= (found.y0 + found.y1) / 2 <= box.y1
    return box.x0 <= (found.x0 + found.x1) / 2 <= box.x1


def real_cases(folder: Path) -> Iterator[Case]:
    """Yield the photos of photos.csv with their boxes, and the lines that are marked on them."""
    for rows, marks in real_rows(folder):
        yield real_case(folder, rows, marks)


def real_rows(folder: Path) -> list[tuple[list[dict[str, str]], tuple[MarkedBand, ...]]]:
    """Return the rows of photos.csv of each photo, and its marked bands."""
    photos: dict[str, list[dict[str, str]]] = {}
    for row in read_csv(folder / "photos.csv", _PHOTOS_COLUMNS):
        photos.setdefault(row["photo"], []).append(row)
    marked = marked_bands(folder)
    return [
        (rows, tuple(band for band in marked if band.photo == f"photos/{photo}"))
        for photo, rows in photos.items()
    ]


def real_case(folder: Path, rows: list[dict[str, str]], marks: tuple[MarkedBand, ...]) -> Case:
    """Return one photo of `real_rows`."""
    name, source = rows[0]["photo"], rows[0]["source_class"].removeprefix("other:")
    known = source if source in CLASSES else "other" if source in OTHER_LAMPS else None
    return Case(
        name,
        read_image(folder / "photos" / name),
        [_row_box(row) for row in rows if row["x0"]],
        {"source": source},
        source=known,
        marks=marks,
    )


def _row_box(row: dict[str, str]) -> Box:
    return Box(*(float(row[key]) for key in ("x0", "y0", "x1", "y1")), row["axis"], row["blue_end"])


# So that no photo of the benchmark is one that the network was trained on.
_BENCHMARK_STREAM = 20_000_000
SCENE_SHARE = 0.25


def simulated_case(seed: int, number: int) -> Case:
    """Return a simulated photo, or a scene without a spectrum (a fifth of all)."""
    rng = np.random.default_rng([_BENCHMARK_STREAM + seed, number])
    if rng.random() < SCENE_SHARE / (1 + SCENE_SHARE):
        photo = simulate_scene(rng)
        return Case(f"scene {number}", photo.image, [], {"scene": photo.truth.kind})
    photo = simulate_photo(rng, held_out=bool(rng.random() < 0.5))
    truth = photo.truth
    boxes = [Box(b.x0, b.y0, b.x1, b.y1, b.axis, b.blue_end) for b in truth.boxes]
    tags = {"family": truth.family, "class": truth.class_name or "unknown"}
    tags |= {f"with {name}": "yes" for name in truth.difficulties}
    tags["tilt"] = _tilt_bin(truth.angle_deg)
    tags["length"] = _length_bin(boxes[0], photo.image.shape)
    tags["clipped"] = "yes" if truth.saturated else "no"
    return Case(
        f"{truth.lamp} {number}",
        photo.image,
        boxes,
        tags,
        overlap=SIMULATED_OVERLAP,
        source=truth.class_name or "other",
        truth=truth,
    )


def _tilt_bin(angle_deg: float) -> str:
    for limit in (2, 6, 12, 25):
        if abs(angle_deg) < limit:
            return f"under {limit:>2} deg"
    return "over 25 deg"


def _length_bin(box: Box, shape: tuple[int, ...]) -> str:
    along = box.x1 - box.x0 if box.axis == "horizontal" else box.y1 - box.y0
    part = along / (shape[1] if box.axis == "horizontal" else shape[0])
    for limit in (0.1, 0.2, 0.5, 0.9):
        if part < limit:
            return f"under {limit:.0%} of the frame"
    return "over 90% of the frame"
