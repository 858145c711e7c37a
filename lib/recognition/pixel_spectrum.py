"""A spectrum without a wavelength axis as text: over the pixels of the photo."""

from pathlib import Path

import numpy as np

from lib.files import write_bytes, write_csv
from lib.recognition.band import BandProfile
from lib.recognition.spectrum_files import SPECTRUM_COLUMNS, intensity_of


def write_pixel_csv(path: Path, profile: BandProfile) -> None:
    """Write `SPECTRUM_COLUMNS` by rising pixel, with nm and error_nm empty."""
    rows = (
        {"pixel": f"{pixel:.2f}", "R": f"{r:.2f}", "G": f"{g:.2f}", "B": f"{b:.2f}"}
        | {"intensity": f"{intensity:.2f}"}
        for pixel, (r, g, b), intensity in _rising(profile)
    )
    write_csv(path, SPECTRUM_COLUMNS, rows)


def write_pixel_text(path: Path, profile: BandProfile) -> None:
    """Write pixel and intensity in two columns parted by a space, after a `#` heading.

    The heading says that these are pixels, not nm.
    """
    lines = [f"{pixel:.2f} {intensity:.2f}" for pixel, _, intensity in _rising(profile)]
    text = "\n".join(["# position_in_the_photo_px intensity_0_to_255", *lines]) + "\n"
    write_bytes(path, text.encode("utf-8"))


def _rising(profile: BandProfile) -> list[tuple[float, np.ndarray, float]]:
    """Return photo coordinate (px), RGB and intensity (counts) of each sample, in order."""
    order = np.argsort(profile.position, kind="stable")
    light = profile.rgb[order]
    return list(zip(profile.position[order], light, intensity_of(light), strict=True))
