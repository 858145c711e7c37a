"""The measured spectrum as a figure: the band itself, its curve on the nm axis, the residuals."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lib.plots.fonts import drawable, families

_CHANNEL_COLOURS = ("#c0392b", "#1e8449", "#2456a6")
_FULL_SCALE = 255
_OUTLINE_COLOUR = "#ffdc00"
# The photo's panel shows about this many pixels; phone photos are thinned to it.
_PHOTO_SIDE_PX = 1000
# Names of lines need this part of the axis each.
_LABEL_GAP = 0.019


def spectrum_figure(
    rgb: np.ndarray,
    strip: np.ndarray,
    *,
    nm: np.ndarray | None = None,
    position: np.ndarray | None = None,
    lines: Sequence[tuple[float, str, float]] = (),
    peaks_px: Sequence[float] = (),
    error_nm: np.ndarray | None = None,
    photo: np.ndarray | None = None,
    outline: np.ndarray | None = None,
    title: str = "",
) -> Figure:
    """Draw a spectrum for print: band above curve on one wavelength axis, residuals below.

    Parameters
    ----------
    rgb : array of shape (n, 3)
        Red, green and blue along the band, 0 to 255.
    strip : uint8 array of shape (h, m, 3)
        The straightened band over the same length, first column at the first sample.
    nm : array of shape (n,), optional
        Wavelength of each sample; without it the figure is drawn over `position`, in pixels.
    position : array of shape (n,), optional
        Photo coordinate of each sample; sample numbers if left out.
    lines : sequence of (nm, name, residual_nm), optional
        Matched lines; they are named in the figure, their residuals shown.
    peaks_px : sequence of float, optional
        Peaks without wavelengths, as `position`; the figure says their pixels.
    error_nm : array of shape (n,), optional
        Standard error of the axis at each sample, drawn around zero with the residuals; where
        it is nan the axis claims nothing, and the figure fades.
    photo : uint8 array of shape (height, width, 3), optional
        The photo, drawn on the left.
    outline : float array of shape (n_corners, 2), optional
        Corners x, y of the band in the photo, drawn over it.
    title : str, optional
    """
    rgb = np.asarray(rgb, np.float64)
    if nm is not None:
        x, label = np.asarray(nm, np.float64), "wavelength in air (nm)"
    else:
        x = np.arange(len(rgb), dtype=float) if position is None else np.asarray(position, float)
        label = "position in the photo (px)"
    if x[-1] < x[0]:
        x, rgb, strip = x[::-1], rgb[::-1], strip[:, ::-1]
        error_nm = None if error_nm is None else error_nm[::-1]
    residuals = bool(lines)
    heights = (0.5, 3.0, 0.9) if residuals else (0.5, 3.0)
    height = 5.2 if residuals else 4.4
    figure = Figure(figsize=(8.0 if photo is None else 12.0, height), layout="constrained")
    part = figure
    if photo is not None:
        left, part = figure.subfigures(1, 2, width_ratios=(1, 2))
        _draw_photo(left.subplots(), photo, outline)
    axes = part.subplots(len(heights), 1, sharex=True, height_ratios=heights)
    _draw_band(axes[0], strip, x)
    named = [(nm, f"{name} {nm:.1f}") for nm, name, _ in lines]
    named += [(px, f"{px:.1f} px") for px in peaks_px]
    _draw_curves(axes[1], x, rgb, names=bool(named))
    _name_lines(axes[1], sorted(named), x, rgb)
    if residuals:
        _draw_residuals(axes[2], lines, x, error_nm)
    if error_nm is not None:
        for ax in axes:
            _fade(ax, x, np.isnan(error_nm))
    axes[-1].set_xlabel(label)
    axes[0].set_xlim(x[0], x[-1])
    if title:
        # A dollar sign in a file's name starts no formula.
        figure.suptitle(drawable(title), fontsize=10, parse_math=False, fontfamily=families())
    return figure


def _fade(ax: Axes, x: np.ndarray, unclaimed: np.ndarray) -> None:
    """Veil the stretches of an axis where nothing is claimed."""
    edges = np.flatnonzero(np.diff(unclaimed, prepend=False, append=False)).reshape(-1, 2)
    for first, stop in edges:
        low, high = x[max(first - 1, 0)], x[min(stop, len(x) - 1)]
        ax.axvspan(low, high, color="white", alpha=0.72, linewidth=0, zorder=3)


def _draw_photo(ax: Axes, photo: np.ndarray, outline: np.ndarray | None) -> None:
    """Draw the photo, thinned to what the figure shows, with the band outlined in its pixels."""
    step = -(-max(photo.shape[:2]) // _PHOTO_SIDE_PX)
    height, width = photo.shape[:2]
    ax.imshow(photo[::step, ::step], extent=(-0.5, width - 0.5, height - 0.5, -0.5))
    if outline is not None:
        closed = np.vstack([outline, outline[:1]])
        ax.plot(closed[:, 0], closed[:, 1], color=_OUTLINE_COLOUR, linewidth=1.2)
    ax.set_xlim(-0.5, width - 0.5)
    ax.set_ylim(height - 0.5, -0.5)
    ax.set_xlabel("x (px)")
    ax.set_ylabel("y (px)")


def _draw_band(ax: Axes, strip: np.ndarray, x: np.ndarray) -> None:
    """Draw the band with its columns moved to where they belong on an even axis."""
    columns = strip.shape[1]
    even = np.linspace(x[0], x[-1], max(columns, 600))
    sample = np.interp(even, x, np.linspace(0, columns - 1, len(x)))
    ax.imshow(
        strip[:, np.round(sample).astype(int)],
        extent=(x[0], x[-1], 0, 1),
        aspect="auto",
        interpolation="nearest",
    )
    ax.set_yticks([])
    ax.tick_params(axis="x", length=0)


def _draw_curves(ax: Axes, x: np.ndarray, rgb: np.ndarray, *, names: bool) -> None:
    for channel, (name, colour) in enumerate(zip("RGB", _CHANNEL_COLOURS, strict=True)):
        ax.plot(x, rgb[:, channel], color=colour, linewidth=0.8, label=name)
    mean = rgb.mean(axis=1)
    ax.fill_between(x, mean, color="0.85", linewidth=0)
    ax.plot(x, mean, color="black", linewidth=0.9, label="mean")
    ax.set_ylabel("camera value (0-255)")
    # Room above full scale for the names of the lines.
    room = 1.65 if names else 1.05
    ax.set_ylim(0, room * max(rgb.max(), 0.1 * _FULL_SCALE))
    ax.legend(
        loc="lower right",
        bbox_to_anchor=(1, 1),
        fontsize=7,
        frameon=False,
        ncols=4,
        borderaxespad=0,
    )
    ax.spines[["top", "right"]].set_visible(False)


def _name_lines(
    ax: Axes, named: Sequence[tuple[float, str]], x: np.ndarray, rgb: np.ndarray
) -> None:
    """Write each line's name, in order along x, over its peak, moved aside if it overlaps."""
    if not named:
        return
    top = rgb.max()
    wanted = np.array([place for place, _ in named])
    places = spread_labels(wanted, _LABEL_GAP * (x[-1] - x[0]), x[0], x[-1])
    for (own, name), place in zip(named, places, strict=True):
        height = np.interp(own, x, rgb.max(axis=1))
        ax.annotate(
            name,
            xy=(own, height),
            xytext=(place, 1.06 * top),
            rotation=90,
            ha="center",
            va="bottom",
            fontsize=6.5,
            arrowprops={"arrowstyle": "-", "color": "0.55", "linewidth": 0.5, "shrinkB": 1},
        )


def spread_labels(wanted: np.ndarray, gap: float, start: float, stop: float) -> np.ndarray:
    """Return places at least `gap` apart, in order, as near to the `wanted` ones as they can be.

    Parameters
    ----------
    wanted : array of shape (n,)
        Rising places.
    gap : float
    start, stop : float
        Ends of the axis, from which they keep half a gap, so that no label lies on it.
    """
    # Labels that touch form blocks that sit centred over what their members want.
    blocks: list[list[float]] = []
    for value in np.asarray(wanted, np.float64):
        blocks.append([value, 1.0])
        while len(blocks) > 1:
            (low, n_low), (high, n_high) = blocks[-2], blocks[-1]
            if high - low >= gap * (n_low + n_high) / 2:
                break
            blocks[-2:] = [[(low * n_low + high * n_high) / (n_low + n_high), n_low + n_high]]
    places = np.concatenate(
        [[], *(centre + gap * (np.arange(n) - (n - 1) / 2) for centre, n in blocks)]
    )
    order = gap * (np.arange(len(places)) + 0.5)
    return np.maximum(np.minimum(places, stop - order[::-1]), start + order)


def _draw_residuals(
    ax: Axes,
    lines: Sequence[tuple[float, str, float]],
    x: np.ndarray,
    error_nm: np.ndarray | None,
) -> None:
    ax.axhline(0, color="0.5", linewidth=0.6)
    if error_nm is not None:
        ax.fill_between(x, -error_nm, error_nm, color="0.85", linewidth=0)
    nm = np.array([line[0] for line in lines])
    residual = np.array([line[2] for line in lines])
    ax.plot(nm, residual, "o", color="black", markersize=3)
    rms = float(np.sqrt(np.mean(residual**2)))
    ax.text(0.01, 0.93, f"rms {rms:.2f} nm", transform=ax.transAxes, va="top", fontsize=7)
    reach = 1.25 * max(
        np.abs(residual).max(), 0.1, 0.0 if error_nm is None else np.nanmax(error_nm)
    )
    ax.set_ylim(-reach, reach)
    ax.set_ylabel("axis - line\n(nm)", fontsize=8)
    ax.spines[["top", "right"]].set_visible(False)
