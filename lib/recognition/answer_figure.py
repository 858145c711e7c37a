"""What one photo was recognised as, as a figure for print and as a tile of an overview."""

from pathlib import Path
from textwrap import fill

import numpy as np

from lib.outputs import own_path
from lib.plots.sheets import draw_tile
from lib.plots.spectrum import spectrum_figure
from lib.plots.training import save_figure
from lib.recognition.answer_table import light_source, sureness_of
from lib.recognition.axis.axis import OWN_LINES
from lib.recognition.axis.peaks import find_lines
from lib.recognition.result import Result

# What a line of a figure's title holds.
_TITLE_LETTERS = 150
# Peaks of a spectrum without wavelengths whose pixels the figure says.
_MARKED_PEAKS = 12


def tile_of(image: np.ndarray | None, result: Result, name: str) -> np.ndarray:
    """Return the tile of one photo for the overview.

    Parameters
    ----------
    image : uint8 array of shape (height, width, 3), optional
        The upright photo; None of one that cannot be read.
    result : Result
    name : str
        What the photo is called.
    """
    words, sureness = _light(result, name), sureness_of(result.to_json(name))
    if sureness is not None:
        words += f" {sureness:.2f}"
    caption = (name, words, result.reason or _reach(result))
    if result.band is None:
        return draw_tile(image, None, None, "none", caption)
    return draw_tile(image, result.crop, result.band.outline(), result.band.blue_end, caption)


def draw_answer(path: Path, image: np.ndarray, result: Result, name: str) -> None:
    """Write the figure of one photo and its spectrum.

    It is drawn over wavelengths, with the lines that gave them. Without wavelengths it is drawn
    over the photo's pixels, with the pixel of each of the highest lines, so that a person who
    knows a line's wavelength can give both.

    Parameters
    ----------
    path : Path
    image : uint8 array of shape (height, width, 3)
        The upright photo.
    result : Result
        With a band.
    name : str
        What the photo is called.
    """
    title = fill(f"{name}: {_light(result, name)}", _TITLE_LETTERS)
    if result.axis is None and result.reason:
        title += f"\n{fill(result.reason, _TITLE_LETTERS)}"
    figure = spectrum_figure(
        result.profile.rgb,
        result.crop,
        position=result.profile.position,
        photo=image,
        outline=result.band.outline(),
        title=title,
        **(_pixels(result) if result.axis is None else _wavelengths(result)),
    )
    with own_path(path) as temporary:
        save_figure(figure, temporary)


def _light(result: Result, name: str) -> str:
    return light_source(result.to_json(name))


def _reach(result: Result) -> str:
    if result.axis is None:
        return ""
    low, high = result.axis.range_nm
    return f"{low:.0f} to {high:.0f} nm, ± {result.axis.uncertainty_nm:.2f} nm"


def _wavelengths(result: Result) -> dict[str, object]:
    axis, position = result.axis, result.profile.position
    # The lines of a lamp say nothing of another light.
    own = axis.lines if axis.source == OWN_LINES else ()
    error = np.where(axis.claims(position), axis.standard_error_nm(position), np.nan)
    return {
        "nm": axis.nm_at(position),
        "lines": [(line.nm, line.name, line.residual_nm) for line in own],
        "error_nm": error,
    }


def _pixels(result: Result) -> dict[str, object]:
    profile = result.profile
    peaks = find_lines(profile.rgb)
    place = peaks.place[peaks.strongest(_MARKED_PEAKS)]
    return {"peaks_px": np.interp(place, np.arange(len(profile.position)), profile.position)}
