"""Figures of several models side by side."""

from collections.abc import Mapping, Sequence

from matplotlib.figure import Figure

_ROW_INCHES = 0.5


def comparison_figure(rows: Sequence[Mapping[str, object]], *, title: str = "") -> Figure:
    """Draw accuracy and precision of each model, beside its size and its speed.

    Parameters
    ----------
    rows : sequence of mapping
        With version, accuracy, accuracy_ci95, weighted_precision, megabytes and
        milliseconds_per_crop.
    title : str
        What they were tested on.
    """
    figure = Figure(figsize=(11, 1.6 + _ROW_INCHES * len(rows)), layout="constrained")
    merit, size, speed = figure.subplots(1, 3, sharey=True, width_ratios=(3, 1, 1))
    places = range(len(rows))
    accuracy = [100 * row["accuracy"] for row in rows]
    lower = [100 * (row["accuracy"] - row["accuracy_ci95"][0]) for row in rows]
    upper = [100 * (row["accuracy_ci95"][1] - row["accuracy"]) for row in rows]
    merit.errorbar(accuracy, places, xerr=(lower, upper), fmt="o", capsize=4, label="accuracy")
    precision = [100 * row["weighted_precision"] for row in rows]
    merit.plot(precision, places, "D", ms=5, mfc="none", label="weighted precision")
    merit.set_xlabel("%, with the 95 % interval of accuracy")
    merit.set_title(title, parse_math=False)
    merit.set_yticks(places, [str(row["version"]) for row in rows])
    merit.set_ylim(len(rows) - 0.5, -0.5)
    merit.legend()
    size.barh(places, [row["megabytes"] for row in rows], height=0.5, color="0.6")
    size.set_xlabel("model.tflite, MB")
    speed.barh(places, [row["milliseconds_per_crop"] for row in rows], height=0.5, color="0.6")
    speed.set_xlabel("ms a crop")
    for ax in (merit, size, speed):
        ax.grid(axis="x", color="0.9")
        ax.set_axisbelow(True)
    return figure
