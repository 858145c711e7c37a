"""Many photos at once, in parallel processes or on a cluster."""

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

from lib.model_card import require_frozen
from lib.parallel import map_in_order
from lib.paths import portable
from lib.recognition.name.classifier import kept_classifier
from lib.recognition.recognise import recognise_file
from lib.recognition.result import Result

# Below this many photos for each process its start-up costs more than it saves.
_PHOTOS_PER_PROCESS = 16


def recognise_files(
    photos: Sequence[Path],
    model_dir: Path,
    *,
    jobs: int = 1,
    cluster: str | None = None,
    **options,
) -> Iterator[Result]:
    """Yield the result of each photo, in order.

    `jobs` and `cluster` are those of `lib.parallel.map_in_order`, `options` those of `recognise`.

    Raises
    ------
    DataError
        If the model cannot be used, or the cluster cannot.
    """
    # Refused here, before any process starts, by the name that the user gave.
    require_frozen(model_dir)
    kept_classifier(portable(model_dir))
    yield from map_in_order(
        partial(_recognise, portable(model_dir), options),
        ((photo.absolute(), str(photo)) for photo in photos),
        jobs=max(1, min(jobs, len(photos) // _PHOTOS_PER_PROCESS)),
        cluster=cluster,
        few=2 * _PHOTOS_PER_PROCESS,
        reads=lambda item: item[:1],
        models=(model_dir,),
    )


def _recognise(model_dir: str, options: dict, photo: tuple[Path, str]) -> Result:
    """Recognise a photo, called as the user did, in a process that keeps its classifier."""
    path, name = photo
    return recognise_file(path, kept_classifier(model_dir), name=name, **options)
