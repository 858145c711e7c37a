"""Which photos may be copies of one another: the nearest by their waves and by their bands.

Each photo is compared with its nearest few in an index, not with all, so that a heap of any size
gives some pairs a photo. Beyond ten thousand photos the index looks only into the cells about a
photo, which makes its time grow more slowly than the square of their number.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from lib.curation.comparison import MIRRORINGS, TURNS
from lib.curation.fingerprints import mirrored_waves, turned_waves

# Of 199 altered copies among 3,206 simulated downloads, for 197 the original is among these.
_NEAREST = 4
# Correlation of the waves as they stand and along the axis, and of band profiles. Copies: 196 of
# the 199 are above one of them; they leave 5.6 pairs a photo.
_SIMILAR_FRAME, _SIMILAR_AXIS, _SIMILAR_PROFILE = 0.5, 0.6, 0.98
# Up to so many photos each is compared with all others: exactly, and as fast.
_EXACT_PHOTOS = 10_000
# Cells for each root of the number of photos, and how many of them are looked into.
_CELLS, _CELLS_SEEN = 4, 24
_TRAINED_PER_CELL = 40
_BLOCK_PHOTOS = 4096
# The turn that undoes each view; every mirroring undoes itself.
_INVERSE = np.array([0, 1, 6, 3, 4, 5, 2, 7, *range(TURNS, TURNS + MIRRORINGS)])


@dataclass(frozen=True)
class Marks:
    """What photos are looked up by: 1 kB each, and as much again in the index.

    Attributes
    ----------
    frame, axis : float16 arrays of shape (n, 12, 12)
        Waves of their fingerprints.
    profiles : float16 array of shape (n, 64, 3)
        Of `lib.curation.comparison.profile_of`; zero without a band.
    """

    frame: np.ndarray
    axis: np.ndarray
    profiles: np.ndarray

    @classmethod
    def empty(cls, count: int, samples: int) -> "Marks":
        """Return marks of so many photos, to be filled in."""
        waves = (count, 12, 12)
        return cls(
            np.zeros(waves, np.float16),
            np.zeros(waves, np.float16),
            np.zeros((count, samples, 3), np.float16),
        )


def propose(marks: Marks, *, threads: int = 1) -> np.ndarray:
    """Return pairs that may be copies.

    Parameters
    ----------
    marks : Marks
    threads : int
        Of the search.

    Returns
    -------
    int32 array of shape (m, 3)
        First and second photo, first < second, and the view of the second that resembles the
        first: of the eight quarter turns, then of the four mirrorings along the axis. In order.
    """
    by_frame = _nearest(marks.frame, turned_waves, _SIMILAR_FRAME, threads)
    by_axis = _nearest(marks.axis, mirrored_waves, _SIMILAR_AXIS, threads)
    by_axis[:, 2] += TURNS
    alike = _nearest(marks.profiles, _both_ways, _SIMILAR_PROFILE, threads)[:, :2].astype(int)
    return _best_views(np.concatenate([by_frame, by_axis, _seen_alike(marks, *alike.T)]))


def _both_ways(profiles: np.ndarray) -> Iterator[np.ndarray]:
    yield profiles
    yield profiles[:, ::-1]


def _nearest(values: np.ndarray, views_of, similar: float, threads: int) -> np.ndarray:
    """Return rows of (first, second, view, correlation) of each photo's nearest few.

    The view is that of the second that resembles the first.
    """
    count = len(values)
    index = _build(values.reshape(count, -1), threads)
    found = [np.zeros((0, 4))]
    for start in range(0, count, _BLOCK_PHOTOS):
        block = values[start : start + _BLOCK_PHOTOS]
        views = [
            index.search(view.reshape(len(block), -1).astype(np.float32), _NEAREST + 1)
            for view in views_of(block)
        ]
        others = np.concatenate([others for _, others in views], axis=1)
        scores = np.concatenate([scores for scores, _ in views], axis=1)
        own = np.arange(start, start + len(block))[:, None]
        # A photo is its own nearest; -1 stands for none.
        scores = np.where((others == own) | (others < 0), -1.0, scores)
        place = _best_of_each(others, scores)[:, :_NEAREST]
        rows = np.column_stack(
            [
                np.take_along_axis(others, place, 1).ravel(),
                np.repeat(own, place.shape[1]),
                place.ravel() // (_NEAREST + 1),
                np.take_along_axis(scores, place, 1).ravel(),
            ]
        )
        found.append(rows[rows[:, 3] >= similar])
    return np.concatenate(found)


def _best_of_each(others: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """Return the places of each row's scores, the best first and each other photo's best alone.

    A picture that is its own mirror image is found in several views.
    """
    order = np.argsort(-scores, axis=1, kind="stable")
    grouped = np.argsort(np.take_along_axis(others, order, 1), axis=1, kind="stable")
    order = np.take_along_axis(order, grouped, 1)
    sorted_others = np.take_along_axis(others, order, 1)
    best = np.take_along_axis(scores, order, 1).astype(float)
    best[:, 1:][sorted_others[:, 1:] == sorted_others[:, :-1]] = -1.0
    return np.take_along_axis(order, np.argsort(-best, axis=1, kind="stable"), 1)


def _build(values: np.ndarray, threads: int):
    """Return an index by inner product."""
    # Its import takes half a second.
    import faiss

    faiss.omp_set_num_threads(threads)
    count, size = values.shape
    if count <= _EXACT_PHOTOS:
        index = faiss.IndexFlatIP(size)
    else:
        cells = int(_CELLS * np.sqrt(count))
        index = faiss.IndexIVFScalarQuantizer(
            faiss.IndexFlatIP(size),
            size,
            cells,
            faiss.ScalarQuantizer.QT_fp16,
            faiss.METRIC_INNER_PRODUCT,
        )
        index.nprobe = _CELLS_SEEN
        # The same ones each time: the same heap gives the same groups.
        chosen = np.random.default_rng(0).permutation(count)[: cells * _TRAINED_PER_CELL]
        index.train(values[chosen].astype(np.float32))
    for start in range(0, count, _BLOCK_PHOTOS):
        index.add(values[start : start + _BLOCK_PHOTOS].astype(np.float32))
    return index


def _seen_alike(marks: Marks, first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Return rows as of `_nearest` for pairs with the same band, by their most similar view."""
    kinds = ((marks.frame, turned_waves, 0), (marks.axis, mirrored_waves, TURNS))
    rows = [np.zeros((0, 4))]
    for waves, views_of, offset in kinds:
        for view, theirs in enumerate(views_of(waves[second].astype(np.float32)), start=offset):
            scores = (waves[first].astype(np.float32) * theirs).sum(axis=(1, 2))
            rows.append(np.column_stack([first, second, np.full(len(first), view), scores]))
    rows = np.concatenate(rows)
    return rows[rows[:, 3] >= np.where(rows[:, 2] < TURNS, _SIMILAR_FRAME, _SIMILAR_AXIS)]


def _best_views(rows: np.ndarray) -> np.ndarray:
    """Return each pair once, in order, with the view that scored best."""
    first, second, view = rows[:, :3].astype(np.int32).T
    swapped = first > second
    view = np.where(swapped, _INVERSE[view], view)
    first, second = np.where(swapped, second, first), np.where(swapped, first, second)
    order = np.lexsort((view, -rows[:, 3], second, first))
    pairs = np.column_stack([first, second, view])[order].astype(np.int32)
    is_first = np.ones(len(pairs), bool)
    is_first[1:] = (pairs[1:, :2] != pairs[:-1, :2]).any(axis=1)
    return pairs[is_first]
