"""Near duplicates: copies of a photo rescaled, recompressed, brightened, turned or mirrored.

An index of waves and band profiles proposes pairs. The canvases of each pair are laid on one
another; those that may be copies are compared in fine detail, from their files. Pairs chain into
groups.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryFile

import numpy as np
from tqdm.auto import tqdm

from lib.curation.analysis import AnalysisStore
from lib.curation.candidates import Marks, propose
from lib.curation.likeness import Look, fine_canvas, likely_map, profile_of, same_detail
from lib.images.reading import read_image
from lib.parallel import map_in_order

_PAIRS_PER_TASK = 64
# Starting a process costs more than comparing so few.
_FEW_TASKS = 8
# Of a band's profile in the index.
_PROFILE_SAMPLES = 64
# In each process, 30 MB.
_KEPT_CANVASES = 256
_LOOK = np.dtype(
    [
        ("width", np.int32),
        ("height", np.int32),
        ("canvas", np.uint8, (64, 64, 3)),
        ("profile", np.float16, (480, 3)),
    ]
)


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
    # A file without a name, as the looks of a large heap would fill the memory.
    with TemporaryFile() as stream:
        looks = _Looks(stream)
        digests, marks = _read_marks(sorted(contents), store, looks)
        if not digests:
            return []
        pairs = propose(marks, threads=jobs)
        del marks
        tasks = _tasks(pairs, [Path(contents[digest]).absolute() for digest in digests], looks)
        same = map_in_order(
            _confirm,
            tasks,
            jobs=jobs,
            cluster=cluster,
            few=_FEW_TASKS,
            reads=lambda task: task.paths.values(),
        )
        tasks_to_do = -(-len(pairs) // _PAIRS_PER_TASK)
        progress = tqdm(same, total=tasks_to_do, desc="comparing", unit="task", disable=None)
        confirmed = [pair for found in progress for pair in found]
    return chain([(digests[first], digests[second]) for first, second in confirmed])


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


class _Looks:
    """The looks of many photos in a file, 15 kB each.

    Parameters
    ----------
    stream : binary file
        To write and read.
    """

    def __init__(self, stream):
        self._stream = stream
        self._read = lru_cache(_KEPT_CANVASES)(self._read_from_file)

    def append(self, look: Look) -> None:
        """Write the look of the next photo."""
        record = np.array((look.width, look.height, look.canvas, look.profile), _LOOK)
        self._stream.write(record.tobytes())

    def __getitem__(self, photo: int) -> Look:
        return self._read(photo)

    def _read_from_file(self, photo: int) -> Look:
        self._stream.seek(photo * _LOOK.itemsize)
        record = np.frombuffer(self._stream.read(_LOOK.itemsize), _LOOK)[0]
        return Look(
            int(record["width"]), int(record["height"]), record["canvas"], record["profile"]
        )


def _read_marks(
    contents: Sequence[str], store: AnalysisStore, looks: _Looks
) -> tuple[list[str], Marks]:
    """Return the contents that show any light, and their marks; append their looks."""
    digests, marks = [], Marks.empty(len(contents), _PROFILE_SAMPLES)
    for digest in tqdm(contents, desc="indexing", unit="photo", disable=None):
        analysis = store.read(digest)
        if not analysis.canvas or not (look := Look.of(analysis)).canvas.any():
            continue
        row = len(digests)
        marks.frame[row], marks.axis[row] = analysis.waves()
        crop = analysis.crop_pixels() if analysis.crop else None
        marks.profiles[row] = profile_of(crop, _PROFILE_SAMPLES)
        looks.append(look)
        digests.append(digest)
    return digests, Marks(*(values[: len(digests)] for values in vars(marks).values()))


@dataclass(frozen=True)
class _Task:
    """Pairs to compare, with what is known of their photos.

    Attributes
    ----------
    pairs : list of (int, int, int)
        Two photos, and the mirroring of the second, as of `likely_map`.
    looks : dict of int to Look
    paths : dict of int to Path
        Absolute.
    """

    pairs: list[tuple[int, int, int]]
    looks: dict[int, Look]
    paths: dict[int, Path]


def _tasks(pairs: np.ndarray, paths: Sequence[Path], looks: _Looks) -> Iterator[_Task]:
    for start in range(0, len(pairs), _PAIRS_PER_TASK):
        batch = pairs[start : start + _PAIRS_PER_TASK]
        photos = np.unique(batch[:, :2]).tolist()
        yield _Task(
            batch.tolist(),
            {photo: looks[photo] for photo in photos},
            {photo: paths[photo] for photo in photos},
        )


def _confirm(task: _Task) -> list[tuple[int, int]]:
    """Return the pairs that are copies."""
    canvas = lru_cache(_KEPT_CANVASES)(lambda photo: fine_canvas(read_image(task.paths[photo])))
    same = []
    for first, second, mirroring in task.pairs:
        certainty, found = likely_map(task.looks[first], task.looks[second], mirroring)
        if found is not None and (
            certainty == 1 or same_detail(canvas(first), canvas(second), found)
        ):
            same.append((first, second))
    return same
