"""Which crops train, validate and test: by duplicate group, stratified by class, balanced after."""

from collections import Counter, defaultdict
from collections.abc import Sequence

import numpy as np

from lib.errors import DataError
from lib.taxonomy import CLASSES

SPLITS = ("train", "validation", "test")


def parse_shares(text: str) -> tuple[float, ...]:
    """Parse "80/10/10" to the shares of `SPLITS`.

    Raises
    ------
    ValueError
        If they are not three positive numbers that sum to 100.
    """
    percent = [float(part) for part in text.split("/")]
    if len(percent) != len(SPLITS) or not min(percent) > 0 or not abs(sum(percent) - 100) < 1e-9:
        raise ValueError(f"expected three positive percentages that sum to 100; received {text!r}")
    return tuple(part / 100 for part in percent)


def split_groups(
    labels: Sequence[int],
    groups: Sequence[str],
    shares: Sequence[float],
    rng: np.random.Generator,
    *,
    partial: bool = False,
) -> list[str]:
    """Return the split of each crop; crops of one group share it.

    Each class is dealt out on its own: its smallest groups fill every split once, then each
    larger group goes where most is missing. A group with several classes counts as the commonest.

    Parameters
    ----------
    labels : sequence of int, (n_crops,)
    groups : sequence of str, (n_crops,)
    shares : sequence of float
        Of `SPLITS`, summing to 1.
    partial : bool
        Let a class with fewer groups than there are splits only train.

    Raises
    ------
    DataError
        If there is such a class and not `partial`.
    """
    sizes = Counter(groups)
    of_class = defaultdict(list)
    for group, label in _commonest_label(labels, groups).items():
        of_class[label].append(group)
    split_of = {}
    for label in sorted(of_class):
        members = sorted(of_class[label])
        if len(members) < len(SPLITS):
            if not partial:
                raise DataError(
                    f"class {CLASSES[label]} has {len(members)} different image(s); expected at "
                    f"least {len(SPLITS)}, to {', '.join(SPLITS)} (or --partial: only to train)"
                )
            split_of |= dict.fromkeys(members, SPLITS[0])
            continue
        rng.shuffle(members)
        members.sort(key=lambda group: sizes[group])
        total = sum(sizes[group] for group in members)
        missing = {name: share * total for name, share in zip(SPLITS, shares, strict=True)}
        # The scarcest split takes the smallest group.
        first = sorted(SPLITS, key=missing.get)
        for position, group in enumerate(members[:3] + members[3:][::-1]):
            name = first[position] if position < len(first) else max(missing, key=missing.get)
            split_of[group] = name
            missing[name] -= sizes[group]
    return [split_of[group] for group in groups]


def oversample(labels: Sequence[int], minimum: int, rng: np.random.Generator) -> np.ndarray:
    """Return shuffled indices in which every class occurs at least `minimum` times.

    All crops are kept; those of rare classes are drawn again at random. Only ever applied to the
    training crops, after the split: copies made before it would leak into validation.

    Parameters
    ----------
    labels : sequence of int, (n_crops,)

    Returns
    -------
    int array of shape (n_balanced,)
    """
    labels = np.asarray(labels)
    picked = [np.arange(len(labels))]
    for label in np.unique(labels):
        members = np.flatnonzero(labels == label)
        picked.append(rng.choice(members, max(0, minimum - len(members))))
    return rng.permutation(np.concatenate(picked))


def _commonest_label(labels: Sequence[int], groups: Sequence[str]) -> dict[str, int]:
    counts: dict[str, Counter[int]] = defaultdict(Counter)
    for label, group in zip(labels, groups, strict=True):
        counts[group][label] += 1
    return {group: min(count, key=lambda k: (-count[k], k)) for group, count in counts.items()}
