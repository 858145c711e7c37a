"""Near duplicates: copies of a photo rescaled, recompressed, brightened, turned or mirrored.

Perceptual hashes and band profiles propose pairs, in blocks, so that memory stays flat. The
canvases of each pair are laid on one another; those that may be copies are compared in fine
detail, from their files. Pairs chain into groups.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import islice
from pathlib import Path

import cv2
import numpy as np
from tqdm import tqdm

from lib.curation.analysis import Analysis, AnalysisStore
from lib.curation.comparison import (
    MIRRORINGS,
    TURNS,
    detail_of,
    fine_canvas,
    light_and_frame,
    likely_map,
    profile_of,
    same_detail,
)
from lib.curation.fingerprints import mirrorings, quarter_turns, view_of
from lib.images import read_image
from lib.parallel import map_in_order

# Bits of 64.
_CLOSE_BITS = 14
# Correlation of band profiles that proposes a pair, whatever the hashes say.
_SIMILAR_PROFILES = 0.98
# Correlation of the small views that lets a proposed pair through to the comparison of canvases,
# as they stand and along the axis.
_SIMILAR_VIEWS = (0.5, 0.6)
_VIEWS = TURNS + MIRRORINGS
_VIEW_SIDE_PX = 32
_PROFILE_SAMPLES = 64
_BLOCK_PHOTOS = 256
_PAIRS_PER_TASK = 64
# Starting a process costs more than comparing so few.
_FEW_TASKS = 8
# At the client 10 MB, in each process 30 MB.
_KEPT_ANALYSES, _KEPT_CANVASES = 512, 256
_UNIT = 127


@dataclass(frozen=True)
class _Index:
    """What proposes pairs: 3 kB a photo.

    Attributes
    ----------
    digests : list of str
    hashes : uint64 array of shape (n, 12)
        Of the eight quarter turns, and of the four mirrorings along the axis.
    views : int8 array of shape (n, 2, 32, 32)
        Detail of the canvas as it stands, and along its axis.
    profiles : float32 array of shape (n, 192)
        Unit norm; zero without a band.
    """

    digests: list[str]
    hashes: np.ndarray
    views: np.ndarray
    profiles: np.ndarray


def near_duplicates(
    contents: Mapping[str, Path],
    store: AnalysisStore,
    *,
    jobs: int = 1,
    cluster: str | None = None,
) -> list[list[str]]:
    """Return the groups of two or more photos that are copies of one another.

    Parameters
    ----------
    contents : mapping of str to Path
        Content hash, held by `store`, to a file with that content.
    store : AnalysisStore
    jobs, cluster
        As of `lib.parallel.map_in_order`.

    Returns
    -------
    list of list of str
        Sorted groups of sorted digests.
    """
    index = _build_index(sorted(contents), store)
    # Made as they are asked for: at 50,000 photos there are millions of pairs.
    tasks = _tasks(_propose(index), contents, store)
    same = map_in_order(
        _confirm,
        tasks,
        jobs=jobs,
        cluster=cluster,
        few=_FEW_TASKS,
        reads=lambda task: task.paths.values(),
    )
    return chain([pair for pairs in same for pair in pairs])


@dataclass(frozen=True)
class _Task:
    """Pairs to compare, with all that is known of their photos.

    Attributes
    ----------
    pairs : list of (str, str, int)
        Two contents, and the view of the second that resembles the first.
    analyses : dict of str to Analysis
        Without their thumbnails.
    paths : dict of str to Path
        Absolute.
    """

    pairs: list[tuple[str, str, int]]
    analyses: dict[str, Analysis]
    paths: dict[str, Path]


def _tasks(
    pairs: Iterator[tuple[str, str, int]], contents: Mapping[str, Path], store: AnalysisStore
) -> Iterator[_Task]:
    # Pairs come sorted by their first photo, which is then read once.
    read = lru_cache(_KEPT_ANALYSES)(lambda digest: replace(store.read(digest), thumbnail=b""))
    while batch := list(islice(pairs, _PAIRS_PER_TASK)):
        digests = {digest: None for pair in batch for digest in pair[:2]}
        yield _Task(
            batch,
            {digest: read(digest) for digest in digests},
            {digest: Path(contents[digest]).absolute() for digest in digests},
        )


def chain(pairs: Sequence[tuple[str, str]]) -> list[list[str]]:
    """Return the groups into which `pairs` connect their members, sorted."""
    leader: dict[str, str] = {}

    def find(member: str) -> str:
        while leader.setdefault(member, member) != member:
            leader[member] = member = leader[leader[member]]
        return member

    for first, second in pairs:
        leader[find(first)] = find(second)
    groups: dict[str, list[str]] = {}
    for member in sorted(leader):
        groups.setdefault(find(member), []).append(member)
    return sorted(groups.values())


def _build_index(digests: Sequence[str], store: AnalysisStore) -> _Index:
    kept, hashes, views, profiles = [], [], [], []
    for digest in tqdm(digests, desc="indexing", unit="photo", disable=None):
        analysis = store.read(digest)
        if not analysis.canvas:
            continue
        light, frame = light_and_frame(analysis)
        if not light.any():
            continue
        kept.append(digest)
        hashes.append(analysis.frame_hashes + analysis.axis_hashes)
        views.append([_small_detail(light), _small_detail(view_of(light, frame))])
        profiles.append(profile_of(analysis, _PROFILE_SAMPLES))
    return _Index(
        kept,
        np.array(hashes, np.uint64).reshape(-1, _VIEWS),
        np.array(views, np.int8).reshape(-1, 2, _VIEW_SIDE_PX, _VIEW_SIDE_PX),
        np.array(profiles, np.float32).reshape(-1, 3 * _PROFILE_SAMPLES),
    )


def _propose(index: _Index) -> Iterator[tuple[str, str, int]]:
    """Yield pairs that may be copies, with the view of the second that resembles the first."""
    count = len(index.digests)
    for start in tqdm(range(0, count, _BLOCK_PHOTOS), desc="comparing", unit="block", disable=None):
        rows = np.arange(start, min(start + _BLOCK_PHOTOS, count))
        columns = np.arange(start, count)
        later = columns > rows[:, None]
        alike = _profiles_agree(index.profiles[rows], index.profiles[columns]) & later
        found = []
        for view in range(_VIEWS):
            own = index.hashes[rows, 0 if view < TURNS else TURNS, None]
            close = np.bitwise_count(own ^ index.hashes[None, columns, view]) <= _CLOSE_BITS
            first, second = np.nonzero(close & later | alike)
            found.append(_score(index, rows[first], columns[second], view))
        for first, second, view in _best_views(np.concatenate(found)):
            yield index.digests[first], index.digests[second], view


def _score(index: _Index, first: np.ndarray, second: np.ndarray, view: int) -> np.ndarray:
    """Return rows of (first, second, view, correlation) of those pairs that look similar."""
    kind = 0 if view < TURNS else 1
    size = _VIEW_SIDE_PX**2
    place = np.arange(size).reshape(_VIEW_SIDE_PX, _VIEW_SIDE_PX)
    pixel = list(quarter_turns(place) if kind == 0 else mirrorings(place))[view - TURNS * kind]
    ours = index.views[first, kind].reshape(-1, size).astype(np.float32)
    theirs = index.views[second, kind].reshape(-1, size)[:, pixel.ravel()].astype(np.float32)
    norms = np.linalg.norm(ours, axis=1) * np.linalg.norm(theirs, axis=1)
    score = (ours * theirs).sum(axis=1) / np.maximum(norms, 1)
    rows = np.column_stack([first, second, np.full(len(first), view), score])
    return rows[score >= _SIMILAR_VIEWS[kind]]


def _best_views(found: np.ndarray) -> Iterator[tuple[int, int, int]]:
    """Yield each pair once, in order, with the view that scored best."""
    order = np.lexsort((-found[:, 3], found[:, 1], found[:, 0]))
    earlier = (-1, -1)
    for first, second, view in found[order, :3].astype(int).tolist():
        if (first, second) != earlier:
            yield first, second, view
        earlier = (first, second)


def _profiles_agree(ours: np.ndarray, theirs: np.ndarray) -> np.ndarray:
    """Return which profiles correlate, whichever way round; bool of shape (n, m)."""
    backwards = theirs.reshape(len(theirs), -1, 3)[:, ::-1].reshape(theirs.shape)
    return np.maximum(ours @ theirs.T, ours @ backwards.T) > _SIMILAR_PROFILES


def _confirm(task: _Task) -> list[tuple[str, str]]:
    """Return the pairs that are copies."""
    canvas = lru_cache(_KEPT_CANVASES)(lambda digest: fine_canvas(read_image(task.paths[digest])))
    same = []
    for first, second, view in task.pairs:
        certainty, found = likely_map(task.analyses[first], task.analyses[second], view)
        if found is not None and (
            certainty == 1 or same_detail(canvas(first), canvas(second), found)
        ):
            same.append((first, second))
    return same


def _small_detail(light: np.ndarray) -> np.ndarray:
    """Return the detail of a view, int8 of shape (32, 32), scaled to its largest."""
    side = (_VIEW_SIDE_PX, _VIEW_SIDE_PX)
    detail = cv2.resize(detail_of(light.astype(np.float32)), side, interpolation=cv2.INTER_AREA)
    return np.round(detail / max(float(np.abs(detail).max()), 1e-6) * _UNIT).astype(np.int8)
