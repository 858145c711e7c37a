"""Many photos at once, in parallel processes."""

from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

from lib.recognition.name.classifier import Classifier
from lib.recognition.recognise import Result, recognise_file

# Below this many photos for each process its start-up costs more than it saves.
_PHOTOS_PER_PROCESS = 16


def recognise_files(
    photos: Sequence[Path], model_dir: Path, *, jobs: int = 1, **options
) -> Iterator[Result]:
    """Yield the result of each photo, in order; `options` are those of `recognise`.

    Raises
    ------
    DataError
        If the model cannot be used.
    """
    classifier = _classifier(model_dir)
    jobs = min(jobs, len(photos) // _PHOTOS_PER_PROCESS)
    if jobs < 2:
        yield from (recognise_file(photo, classifier, **options) for photo in photos)
        return
    from joblib import Parallel, delayed  # its start-up is not worth a single photo

    yield from Parallel(n_jobs=jobs, return_as="generator")(
        delayed(_recognise)(photo, model_dir, options) for photo in photos
    )


@cache
def _classifier(model_dir: Path) -> Classifier:
    return Classifier(model_dir)


def _recognise(photo: Path, model_dir: Path, options: dict) -> Result:
    """Recognise one photo in a worker process, which keeps its classifier."""
    return recognise_file(photo, _classifier(model_dir), **options)
