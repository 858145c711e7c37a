"""Measured spectra in one figure: overlaid, their peaks named, the error of their wavelengths."""

from collections.abc import Sequence
from textwrap import fill

import numpy as np
from matplotlib.figure import Figure

from lib.plots.fonts import drawable, families

# Wong's palette (Nature Methods 2011), told apart by colour-blind eyes; black last.
_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000")
_STYLES = ("-", "--", ":")
# Names of peaks closer than this part of the axis would lie on one another.
_LABEL_GAP = 0.016
# Peaks lower than this part of the highest have no room for a name.
_MIN_NAMED = 0.05
_MAX_LABELS = 12
# A longer name is broken, as the legend would leave the curves no room.
_NAME_LETTERS = 32


def report_figure(
    spectra: Sequence[tuple[str, np.ndarray, np.ndarray, np.ndarray]],
    *,
    quantity: str,
    peaks: Sequence[tuple[float, float, str]] = (),
    unclaimed: Sequence[np.ndarray] = (),
    title: str = "",
) -> Figure:
    """Draw spectra over wavelengths.

    Parameters
    ----------
    spectra : sequence of (name, nm, intensity, noise)
        Arrays of shape (n,); nan where nothing is known.
    quantity : str
        What intensities are, for the axis.
    peaks : sequence of (nm, height, label), optional
        The most important first; those that would lie on one another are left out.
    unclaimed : sequence of bool arrays of shape (n,), optional
        By spectrum, where its wavelengths' error is not stated; drawn thinly.
    title : str, optional
    """
    figure = Figure(figsize=(10.0, 5.2), layout="constrained")
    axes = figure.subplots()
    low, high = np.inf, -np.inf
    for k, (name, nm, intensity, noise) in enumerate(spectra):
        colour = _COLOURS[k % len(_COLOURS)]
        style = _STYLES[k // len(_COLOURS) % len(_STYLES)]
        claimed = ~unclaimed[k] if k < len(unclaimed) else np.ones(len(nm), bool)
        shown = np.where(claimed, intensity, np.nan)
        # A name that begins with an underscore would be left out of the legend.
        label = fill(drawable(name), _NAME_LETTERS).replace("$", r"\$").lstrip("_")
        axes.plot(nm, intensity, color=colour, linewidth=0.6, alpha=0.45)
        axes.plot(nm, shown, color=colour, linewidth=1.3, linestyle=style, label=label)
        axes.fill_between(
            nm, shown - 2 * noise, shown + 2 * noise, color=colour, alpha=0.2, linewidth=0
        )
        known = nm[np.isfinite(intensity)]
        low, high = min(low, known.min(initial=np.inf)), max(high, known.max(initial=-np.inf))
    if np.isfinite([low, high]).all():
        axes.set_xlim(low, high)
    _make_room(axes, named=bool(peaks))
    _label(axes, peaks)
    axes.set_xlabel("wavelength in air (nm)")
    axes.set_ylabel(quantity)
    axes.grid(alpha=0.25)
    font = {"family": families(), "size": 8}
    axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), frameon=False, prop=font)
    if title:
        figure.suptitle(drawable(title), fontsize=10, parse_math=False, fontfamily=families())
    return figure


def _make_room(axes, *, named: bool) -> None:
    """Leave room above the curves for the names of peaks, and little below."""
    low, high = axes.dataLim.intervaly
    if np.isfinite([low, high]).all() and high > low:
        axes.set_ylim(low - 0.04 * (high - low), high + (0.35 if named else 0.06) * (high - low))


def _label(axes, peaks: Sequence[tuple[float, float, str]]) -> None:
    """Name peaks above the curve, where they find room."""
    low, high = axes.get_xlim()
    placed: list[float] = []
    top = max((height for _, height, _ in peaks), default=0.0)
    for nm, height, words in peaks:
        if height < _MIN_NAMED * top:
            continue
        crowded = any(abs(nm - other) < _LABEL_GAP * (high - low) for other in placed)
        if crowded or not low < nm < high or len(placed) >= _MAX_LABELS:
            continue
        placed.append(nm)
        # The axis at either end is no place for letters.
        beside = _LABEL_GAP * (high - low)
        axes.annotate(
            words,
            (np.clip(nm, low + beside, high - beside), height),
            xytext=(0, 6),
            textcoords="offset points",
            rotation=90,
            ha="center",
            va="bottom",
            fontsize=7,
            parse_math=False,
            bbox={"boxstyle": "square,pad=0.1", "color": "white", "alpha": 0.6},
        )
