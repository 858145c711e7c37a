"""A network beside the one that it started from, on the same crops: what it won and lost."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from scipy.stats import binomtest

from lib.errors import DataError
from lib.files import read_json, write_json
from lib.model_card import KERAS_NAME, RECORD_NAME
from lib.taxonomy import CLASSES, in_short
from lib.training.freezing.frozen import load_network
from lib.training.runs.classifier import predict_logits

# How often a network that is as good as its start may be called worse, over all classes and kinds
# of crops together (Bonferroni). Crops lost and won cancel by chance as tosses of a coin do
# (McNemar 1947, https://doi.org/10.1007/BF02295996, by the exact binomial).
_FALSE_ALARMS = 0.05


@dataclass(frozen=True)
class Change:
    """What became of the crops of one class.

    Attributes
    ----------
    crops : int
        How many there are.
    before, after : int
        How many the start and the trained network name rightly.
    lost, won : int
        How many only the start, and how many only the trained network.
    """

    crops: int
    before: int
    after: int
    lost: int
    won: int

    @property
    def chance(self) -> float:
        """Return how probably as much is lost of a class at which neither network is better."""
        told = self.lost + self.won
        return float(binomtest(self.lost, told, alternative="greater").pvalue) if told else 1.0


# Of each kind of crops, of each class.
Changes = dict[str, dict[str, Change]]


def compare_with_start(start: Path, run_dir: Path, files: Mapping[str, Path]) -> Changes:
    """Compare a run with the network that it started from; its run.json keeps what came of it.

    Parameters
    ----------
    start, run_dir : Path
        Folders of runs or of frozen models.
    files : mapping of str to Path
        TFRecord files of labelled crops that neither was trained on, by their kind.

    Raises
    ------
    DataError
        If a network or a file cannot be read.
    """
    changes = {kind: compare(start, run_dir, path) for kind, path in files.items()}
    kept = {
        kind: {name: asdict(change) for name, change in of_class.items()}
        for kind, of_class in changes.items()
    }
    path = run_dir / RECORD_NAME
    write_json(path, read_json(path) | {"compared_with_init": kept})
    return changes


def require_no_loss(changes: Changes, start: Path, run_dir: Path) -> None:
    """Raise DataError if the run has lost more of a class than chance explains."""
    # Of so few crops that all may be lost by chance nothing is asked.
    compared = sum(
        0.5**change.before < _FALSE_ALARMS
        for of_class in changes.values()
        for change in of_class.values()
    )
    worse = [
        f"{name} ({kind} crops: {change.before} of {change.crops} before, {change.after} after)"
        for kind, of_class in changes.items()
        for name, change in of_class.items()
        if change.chance < _FALSE_ALARMS / max(compared, 1)
    ]
    if worse:
        raise DataError(
            f"{run_dir}: worse than {start} at {', '.join(worse)}; expected no class to lose: add "
            "photos of these, or lower --learning-rate"
        )


def compare(start: Path, trained: Path, crops: Path) -> dict[str, Change]:
    """Return the change of each class that a TFRecord file has crops of.

    As `compare_with_start`, for one file.
    """
    right = []
    for folder in (start, trained):
        labels, logits = predict_logits(load_network(folder / KERAS_NAME), crops)
        right.append(logits.argmax(axis=1) == labels)
    return {
        name: change_of(*(of[labels == number] for of in right))
        for number, name in enumerate(CLASSES)
        if (labels == number).any()
    }


def change_of(before: np.ndarray, after: np.ndarray) -> Change:
    """Return the change between two bool arrays of shape (n_crops,): who is right on which crop."""
    return Change(
        crops=len(before),
        before=int(before.sum()),
        after=int(after.sum()),
        lost=int((before & ~after).sum()),
        won=int((after & ~before).sum()),
    )


def comparison_text(changes: Changes) -> str:
    """Return a table for people: a row a class, before and after on each kind of crops."""
    width = max(map(len, changes)) + 18
    lines = [f"{'class':<24}" + "".join(f"{kind + ': before, after':>{width}}" for kind in changes)]
    for name in CLASSES:
        cells = [_cell(of.get(name)) for of in changes.values()]
        lines.append(f"{in_short(name):<24}" + "".join(f"{cell:>{width}}" for cell in cells))
    return "\n".join(lines)


def _cell(change: Change | None) -> str:
    return f"{change.before}, {change.after} of {change.crops}" if change else "none"
