"""Figures of training and testing: confusion, learning curves, reliability, coverage."""

from collections.abc import Mapping, Sequence
from io import BytesIO
from pathlib import Path

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lib.files import write_bytes

DPI = 120
# What is left out of a file of each format, so that the same figure gives the same bytes.
_LEFT_OUT = {
    "png": {"Software": None},
    "pdf": {"Creator": None, "Producer": None, "CreationDate": None},
    "svg": {"Creator": None, "Date": None},
}


def save_figure(figure: Figure, path: Path) -> None:
    """Write a figure as its suffix says, PDF or SVG, or else as PNG, atomically."""
    kind = Path(path).suffix.lower().removeprefix(".")
    write_bytes(path, figure_bytes(figure, kind if kind in _LEFT_OUT else "png"))


def png_bytes(figure: Figure) -> bytes:
    """Return a figure as the bytes of a PNG file."""
    return figure_bytes(figure, "png")


def figure_bytes(figure: Figure, kind: str) -> bytes:
    """Return a figure as the bytes of a file of the format png, pdf or svg."""
    stream = BytesIO()
    # The names of an SVG's parts are random unless told otherwise.
    with rc_context({"svg.hashsalt": "spectrum"}):
        figure.savefig(stream, format=kind, dpi=DPI, metadata=_LEFT_OUT[kind])
    return stream.getvalue()


def confusion_figure(
    confusion: np.ndarray, classes: Sequence[str], *, title: str = "", ax: Axes | None = None
) -> Figure:
    """Draw a confusion matrix of shape (n_classes, n_classes), rows true, as shares of each row."""
    ax = ax or _axes(6.4, 5.6)
    confusion = np.asarray(confusion)
    total = confusion.sum(axis=1, keepdims=True)
    share = confusion / np.maximum(total, 1)
    ax.imshow(share, cmap="Blues", vmin=0, vmax=1)
    for row, column in np.argwhere(confusion > 0):
        ax.text(
            column,
            row,
            str(confusion[row, column]),
            ha="center",
            va="center",
            color="white" if share[row, column] > 0.5 else "black",
        )
    ax.set_xticks(range(len(classes)), classes, rotation=45, ha="right")
    ax.set_yticks(range(len(classes)), classes)
    ax.set(xlabel="predicted", ylabel="true")
    ax.set_title(title, parse_math=False)
    ax.set_xticks(np.arange(1, len(classes)) - 0.5, minor=True)
    ax.set_yticks(np.arange(1, len(classes)) - 0.5, minor=True)
    ax.grid(which="minor", color="0.9")
    ax.tick_params(which="minor", length=0)
    return ax.figure


def learning_curves(history: Sequence[Mapping[str, float]]) -> Figure:
    """Draw loss and accuracy of training and validation against step, with epochs on top.

    `history` holds rows of history.csv: epoch, step, loss, accuracy, val_loss, val_accuracy.
    """
    figure = Figure(figsize=(10, 4), layout="constrained")
    step = [row["step"] for row in history]
    per_epoch = step[0] / history[0]["epoch"]
    for ax, name in zip(figure.subplots(1, 2), ("loss", "accuracy"), strict=True):
        for column, label in ((name, "training"), (f"val_{name}", "validation")):
            ax.plot(step, [row[column] for row in history], "o-", ms=3, label=label)
        ax.set(xlabel="step", ylabel=name, xlim=(0, None))
        ax.grid(color="0.9")
        ax.legend()
        epochs = ax.secondary_xaxis(
            "top", functions=(lambda x: x / per_epoch, lambda x: x * per_epoch)
        )
        epochs.set_xlabel("epoch")
    return figure


def reliability_figure(
    confidence: np.ndarray,
    accuracy: np.ndarray,
    count: np.ndarray,
    *,
    title: str = "",
    ax: Axes | None = None,
) -> Figure:
    """Draw accuracy against confidence of each bin, as `metrics.reliability` returns them."""
    ax = ax or _axes(4.8, 4.4)
    filled = count > 0
    ax.plot([0, 1], [0, 1], color="0.7", lw=1, label="honest")
    ax.plot(confidence[filled], accuracy[filled], "-", color="C0", lw=1)
    area = 10 + 190 * count[filled] / count.max()
    ax.scatter(confidence[filled], accuracy[filled], s=area, color="C0", label="crops (area)")
    ax.set(xlabel="mean probability", ylabel="share right", xlim=(0, 1.02), ylim=(0, 1.04))
    ax.set_title(title, parse_math=False)
    ax.grid(color="0.9")
    ax.legend(loc="upper left")
    return ax.figure


def coverage_figure(
    curve: Sequence[Mapping[str, float]],
    *,
    shipped: tuple[float, float | None] | None = None,
    title: str = "",
    ax: Axes | None = None,
) -> Figure:
    """Draw selective precision against coverage, with the point of the shipped threshold.

    Parameters
    ----------
    curve : sequence of mappings
        Points with ``coverage`` and ``precision``, and ``unknown_refused`` where unknown lamps
        took part, whose share refused is drawn against the right axis.
    shipped : tuple of float
        Coverage and selective precision at the shipped threshold.
    """
    ax = ax or _axes(5.2, 4.2)
    coverage, precision = ([point[name] for point in curve] for name in ("coverage", "precision"))
    lines = ax.step(coverage, precision, where="post", color="C0", label="precision")
    if shipped is not None and shipped[1] is not None:
        lines += ax.plot(*shipped, "o", color="C3", label="shipped threshold")
    ax.set(xlabel="coverage: share named", ylabel="selective precision", xlim=(0, 1.02))
    ax.set_ylim(min(0.9, min(precision) - 0.01), 1.005)
    ax.set_title(title, parse_math=False)
    ax.grid(color="0.9")
    if "unknown_refused" in curve[0]:
        right = ax.twinx()
        refused = [point["unknown_refused"] for point in curve]
        lines += right.step(coverage, refused, where="post", color="C2", label="unknown refused")
        right.set(ylabel="share of unknown lamps refused", ylim=(0, 1.02))
    ax.legend(handles=lines, loc="lower left")
    return ax.figure


def _axes(width_in: float, height_in: float) -> Axes:
    return Figure(figsize=(width_in, height_in), layout="constrained").subplots()
