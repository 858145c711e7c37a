"""The figures of acceptance, and which of them fell beyond noise against answers that were kept.

Answers are compared photo by photo. Of a figure that is right or wrong, photos lost and won cancel
by chance as tosses of a coin do (McNemar 1947, https://doi.org/10.1007/BF02295996, by the exact
binomial). Of a figure in numbers the differences of the pairs are as often below zero as above
(Wilcoxon's signed ranks), and a fall counts from a least size on. The area under the ROC curve is
a mean over the unknown crops, of the share of known ones that are named more surely (DeLong 1988):
these shares are its pairs.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.stats import binomtest, wilcoxon

from benchmarks.acceptance.answers import KNOWN_CROPS, UNKNOWN_CROPS
from lib.files import read_csv, write_csv

# How often a figure that has not changed may be called worse.
_FALSE_ALARMS = 0.01


@dataclass(frozen=True)
class Figure:
    """One figure, made of the column of that name in the answers.

    Attributes
    ----------
    title : str
    rises : bool
        Whether more of it is better.
    least : float or None
        Of a figure in numbers: the part of it by which it must fall to count. None for shares.
    digits : int
    """

    title: str
    rises: bool = True
    least: float | None = None
    digits: int = 3


FIGURES = {
    "band": Figure("right band"),
    "direction": Figure("right direction where told"),
    "no_spectrum": Figure("without a spectrum: refused"),
    "named": Figure("of the classes: named"),
    "wrong_name": Figure("of the classes: named wrongly", rises=False),
    "right": Figure("best guess right, as photos are named"),
    "classifier_right": Figure("best guess right, the classifier alone"),
    "other_refused": Figure("of other lamps: refused"),
    "auroc": Figure("AUROC of other lamps, as photos are named", least=0.002, digits=4),
    "classifier_auroc": Figure("AUROC of other lamps, classifier", least=0.002, digits=4),
    "axis": Figure("lamps with lines: given an axis"),
    "far_axis": Figure("lamps with lines: an axis over 5 nm off", rises=False),
    "marks_nm": Figure("median error where claimed, nm", rises=False, least=0.02),
    "held_95": Figure("places within the stated 95 % error", least=0.01),
    # Two runs of one version on a busy machine differed by 7 % (simulated photos) and 21 % (real).
    "cost": Figure("cost of a photo, in units of fixed work", rises=False, least=0.25),
    "ms": Figure("cost of a photo, ms of one core (not compared)", rises=False, least=np.inf),
}
# Computed of the certainties of two parts.
_AREAS = {"auroc": "certainty", "classifier_auroc": "classifier_certainty"}
_ROW_FIGURES = tuple(name for name in FIGURES if name not in _AREAS)
ANSWER_COLUMNS = ("part", "photo", *_ROW_FIGURES, "certainty", "classifier_certainty")
FIGURE_COLUMNS = ("part", "figure", "value", "n", "version", "command")

# Values by figure of one part, by photo.
Values = dict[tuple[str, str], dict[str, float]]


def values_of(answers: Iterable[Mapping[str, object]]) -> Values:
    """Return the values of answers by (part, figure), then by photo."""
    columns = (*_ROW_FIGURES, *_AREAS.values())
    values: Values = {}
    for answer in answers:
        for name in columns:
            value = answer.get(name)
            if value not in (None, ""):
                of_figure = values.setdefault((answer["part"], name), {})
                of_figure[answer["photo"]] = float(value)
    for area, certainty in _AREAS.items():
        known, unknown = (values.pop((p, certainty), {}) for p in (KNOWN_CROPS, UNKNOWN_CROPS))
        if known and unknown:
            values[UNKNOWN_CROPS, area] = _placements(known, unknown)
    # How surely a photo is named is kept for people; it is no figure.
    return {key: of_photo for key, of_photo in values.items() if key[1] in FIGURES}


def _placements(known: dict[str, float], unknown: dict[str, float]) -> dict[str, float]:
    """Return the share of known crops that are named more surely than each unknown one."""
    ranked = np.sort(list(known.values()))
    sure = np.array(list(unknown.values()))
    below, not_above = (np.searchsorted(ranked, sure, side) for side in ("left", "right"))
    shares = 1 - (below + not_above) / (2 * len(ranked))
    return dict(zip(unknown, shares.tolist(), strict=True))


def value_of(name: str, values: Iterable[float]) -> float:
    """Return a figure: a mean, or the median of what is no share."""
    median = FIGURES[name].least is not None and name not in (*_AREAS, "held_95")
    return float((np.median if median else np.mean)(list(values)))


@dataclass(frozen=True)
class Change:
    """A figure against the one that was kept, on the photos of both.

    Attributes
    ----------
    part, name : str
    before, after : float
    lost, won : tuple of str
        Photos that became worse, and better.
    chance : float
        How probably so much is lost where nothing has changed.
    fell : bool
    """

    part: str
    name: str
    before: float
    after: float
    lost: tuple[str, ...]
    won: tuple[str, ...]
    chance: float
    fell: bool


def changes(kept: Values, now: Values) -> dict[tuple[str, str], Change]:
    """Return the change of each figure that both have, by part and figure."""
    return {key: _change(*key, kept[key], now[key]) for key in now if key in kept}


def _change(part: str, name: str, kept: dict[str, float], now: dict[str, float]) -> Change:
    figure = FIGURES[name]
    photos = [photo for photo in now if photo in kept]
    before, after = (np.array([of[photo] for photo in photos]) for of in (kept, now))
    better = (after - before) if figure.rises else (before - after)
    lost, won = (
        tuple(photo for photo, is_so in zip(photos, told, strict=True) if is_so)
        for told in (better < 0, better > 0)
    )
    was, is_now = (value_of(name, of) if photos else np.nan for of in (before, after))
    if figure.least is None:
        told = len(lost) + len(won)
        chance = binomtest(len(lost), told, alternative="greater").pvalue if told else 1.0
        matters = True
    else:
        chance = wilcoxon(better, alternative="less").pvalue if lost else 1.0
        # Of numbers of all sizes, the part by which they change in the middle.
        matters = (was - is_now if figure.rises else is_now - was) > figure.least * was
    fell = bool(chance < _FALSE_ALARMS and matters)
    return Change(part, name, was, is_now, lost, won, float(chance), fell)


def table(now: Values, change: Mapping[tuple[str, str], Change]) -> list[str]:
    """Return the lines of the table for people."""
    lines = []
    for part in dict.fromkeys(part for part, _ in now):
        lines.append(f"{part}")
        for name, figure in FIGURES.items():
            if (part, name) in now:
                lines.append(f"  {figure.title:<48}{_text(name, now[part, name]):>26}")
                if (part, name) in change:
                    lines[-1] += _change_text(change[part, name], figure)
    return lines


def _text(name: str, values: dict[str, float]) -> str:
    figure, value = FIGURES[name], value_of(name, values.values())
    if figure.least is None:
        return f"{sum(values.values()):.0f} of {len(values)} {value:7.1%}"
    return f"{value:.{figure.digits}f} of {len(values)}"


def _change_text(change: Change, figure: Figure) -> str:
    if not change.lost and not change.won:
        return "   the same"
    text = f"   lost {len(change.lost)}, won {len(change.won)}"
    if figure.least is not None:
        text = f"   before {change.before:.{figure.digits}f}"
    return text + (f", FELL (chance {change.chance:.2g})" if change.fell else "")


def read_answers(path: Path) -> list[dict[str, str]]:
    """Return the answers that were kept."""
    return read_csv(path, ANSWER_COLUMNS)


def write_answers(path: Path, answers: Sequence[Mapping[str, object]]) -> None:
    """Keep answers."""
    rows = (
        {name: int(v) if isinstance(v, bool | np.bool_) else v for name, v in answer.items()}
        for answer in answers
    )
    write_csv(path, ANSWER_COLUMNS, rows)


def write_figures(path: Path, now: Values, version: str, command: str) -> None:
    """Keep the figures."""
    rows = []
    for (part, name), values in now.items():
        figure, value = FIGURES[name], value_of(name, values.values())
        value = round(value, max(figure.digits, 4) if figure.least is None else figure.digits)
        row = (part, figure.title, value, len(values), version, command)
        rows.append(dict(zip(FIGURE_COLUMNS, row, strict=True)))
    write_csv(path, FIGURE_COLUMNS, rows)
