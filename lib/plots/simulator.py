"""Figures of the simulator: spectra of lamps with their lines named, and crops by class."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

# Lines named in a panel of the lamps' page: as many as fit without covering one another.
_NAMED_LINES = 6
_NAMES_APART_NM = 16.0
# Of the lamps' page. Names of lines closer to its ends than the margin would stand out of it.
_PAGE_NM, _NAME_MARGIN_NM = (370.0, 760.0), 5.0


def lamp_page(
    wavelengths_nm: np.ndarray,
    spectra: Mapping[str, np.ndarray],
    lines: Mapping[str, tuple[np.ndarray, np.ndarray, Sequence[str]]],
    *,
    columns: int = 3,
) -> Figure:
    """Draw the spectral power distribution of each lamp, with its strongest lines named.

    Parameters
    ----------
    wavelengths_nm : float array of shape (n,)
    spectra : mapping of title to float array of shape (n,)
    lines : mapping of title to (nm, intensity, names)
        Lines to choose from; titles without an entry get none.
    """
    rows = -(-len(spectra) // columns)
    figure = Figure(figsize=(3.6 * columns, 1.5 * rows), layout="constrained")
    axes = figure.subplots(rows, columns, squeeze=False).ravel()
    for ax, (title, spd) in zip(axes, spectra.items(), strict=False):
        draw_spd(wavelengths_nm, spd, title=title, lines=lines.get(title), ax=ax)
        ax.set_xlim(*_PAGE_NM)
    for ax in axes[len(spectra) :]:
        ax.set_axis_off()
    for ax in axes[max(len(spectra) - columns, 0) : len(spectra)]:
        ax.set_xlabel("wavelength (nm, air)")
    return figure


def draw_spd(
    wavelengths_nm: np.ndarray,
    spd: np.ndarray,
    *,
    title: str,
    lines: tuple[np.ndarray, np.ndarray, Sequence[str]] | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw one spectral power distribution; its strongest lines, well apart, are named."""
    ax = ax or Figure(figsize=(6, 3)).subplots()
    # The fourth root shows weak lines beside strong ones.
    height = np.power(np.maximum(spd, 0) / spd.max(), 0.25)
    ax.fill_between(wavelengths_nm, height, color="0.82", linewidth=0)
    ax.plot(wavelengths_nm, height, color="0.25", linewidth=0.6)
    if lines is not None:
        for nm, name in _strongest(*lines):
            ax.axvline(nm, color="tab:red", linewidth=0.5, alpha=0.6)
            ax.text(nm, 1.04, name, rotation=90, fontsize=5, ha="center", va="bottom")
    ax.set_ylim(0, 1.75 if lines is not None else 1.1)
    ax.set_yticks([])
    ax.tick_params(labelsize=7)
    ax.set_title(title, fontsize=9, loc="left", pad=2)
    return ax


def _strongest(
    nm: np.ndarray, intensity: np.ndarray, names: Sequence[str]
) -> list[tuple[float, str]]:
    """Return wavelength and label of the strongest lines that keep their distance.

    A label has the first word of a name, such as H2 of a band's long designation, to fit its room.
    """
    chosen: list[int] = []
    first, last = _PAGE_NM[0] + _NAME_MARGIN_NM, _PAGE_NM[1] - _NAME_MARGIN_NM
    for i in np.argsort(-intensity, kind="stable"):
        if first < nm[i] < last and all(abs(nm[i] - nm[j]) > _NAMES_APART_NM for j in chosen):
            chosen.append(i)
        if len(chosen) == _NAMED_LINES:
            break
    return [(float(nm[i]), f"{names[i].split()[0]} {nm[i]:.1f}") for i in chosen]


def class_rows(crops: Mapping[str, np.ndarray], *, headings: Sequence[str] = ()) -> Figure:
    """Draw crops in columns, one row a class.

    Parameters
    ----------
    crops : mapping of row title to uint8 array of shape (n_columns, 15, 480, 3)
    headings : sequence of str
        Title of each column, if any.
    """
    columns = max(len(images) for images in crops.values())
    figure = Figure(figsize=(3.1 * columns + 0.8, 0.33 * len(crops)), layout="constrained")
    axes = figure.subplots(len(crops), columns, squeeze=False)
    for row, (title, images) in zip(axes, crops.items(), strict=True):
        for ax, image in zip(row, images, strict=False):
            ax.imshow(image, aspect="auto", interpolation="nearest")
        for ax in row:
            ax.set_xticks([])
            ax.set_yticks([])
            ax.spines[:].set_visible(False)
        row[0].set_ylabel(title, rotation=0, ha="right", va="center", fontsize=9)
    for ax, heading in zip(axes[0], headings, strict=False):
        ax.set_title(heading, fontsize=8, pad=2)
    return figure
