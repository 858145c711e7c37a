"""Positions of known lines, marked by hand on real photos."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lib.files import read_csv

_COLUMNS = ("path", "axis", "nm", "px", "px_sigma", "line_name", "sure", "box")
# Standard error of a mark whose own is not written down, pixels.
_USUAL_SIGMA_PX = 0.3
# Bands of phosphors whose peak depends on the phosphor and on what the camera resolves, nm.
_BROAD_NM = {"Tb 487.7": 0.8, "green_blend": 0.8}


@dataclass(frozen=True)
class MarkedBand:
    """The sure marks of one band: arrays of shape (n,), px along `axis` of the upright photo.

    They hold in the middle row of the box, "x0 y0 x1 y1". `px_sigma` and `nm_sigma` are standard
    errors of where a person saw a line, and of what its wavelength is.
    """

    photo: str
    source: str
    axis: str
    box: str
    nm: np.ndarray
    px: np.ndarray
    px_sigma: np.ndarray
    nm_sigma: np.ndarray

    @property
    def row(self) -> float:
        """Return the photo's other coordinate of the marks."""
        x0, y0, x1, y1 = map(float, self.box.split())
        low, high = (y0, y1) if self.axis == "horizontal" else (x0, x1)
        return (low + high - 1) / 2


# Folders of photos, and the lamp to tell where no class names it.
LAMP_OF_FOLDER = {
    "cfl_hg": "cfl_hg",
    "neon": "neon",
    "continuum": "continuum",
    "other_krypton": "krypton",
    "other_sodium": "sodium",
    "other_argon_neon": "argon+neon",
    "other_helium_neon_mix": "helium+neon",
}


def marked_bands(folder: Path) -> list[MarkedBand]:
    """Return the marked bands of `line_centres*.csv` that show a lamp of `LAMP_OF_FOLDER`."""
    groups: dict[tuple[str, str], list[dict[str, str]]] = {}
    for table in sorted(folder.glob("line_centres*.csv")):
        for row in read_csv(table, _COLUMNS):
            groups.setdefault((row["path"], row["box"]), []).append(row)
    bands = []
    for (path, box), rows in groups.items():
        source = LAMP_OF_FOLDER.get(Path(path).parent.name)
        sure = [row for row in rows if row["sure"] == "yes"]
        if source is not None and sure:
            nm, px = (np.array([float(row[name]) for row in sure]) for name in ("nm", "px"))
            sigma = np.array([float(row["px_sigma"] or _USUAL_SIGMA_PX) for row in sure])
            broad = np.array([_BROAD_NM.get(row["line_name"], 0.0) for row in sure])
            bands.append(MarkedBand(path, source, rows[0]["axis"], box, nm, px, sigma, broad))
    return bands
