"""Many scenes at once, in parallel processes or on a cluster."""

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

from lib.errors import DataError
from lib.images.tone import Tone
from lib.measurement.frames import read_frames
from lib.measurement.measuring import Measurement, measure, names_of
from lib.model_card import require_frozen
from lib.parallel import map_in_order
from lib.paths import portable
from lib.recognition.find.choice import Choice
from lib.recognition.instrument import Instrument
from lib.recognition.name.classifier import kept_classifier

# Below this many scenes for each process its start-up costs more than it saves.
_SCENES_PER_PROCESS = 8


def measure_scenes(
    scenes: Sequence[Sequence[Path]],
    instrument: Instrument,
    model_dir: Path,
    *,
    dark: Sequence[Path] = (),
    flat: Sequence[Path] = (),
    every: bool = False,
    tone: Tone | None = None,
    band: Choice | None = None,
    jobs: int = 1,
    cluster: str | None = None,
) -> Iterator[Measurement | DataError]:
    """Yield the measurement of each scene, in order, or why there is none.

    Parameters
    ----------
    scenes : sequence of sequences of Path
        The frames of each.
    instrument : Instrument
    model_dir : Path
        Folder of the frozen model.
    dark, flat : sequence of Path
        Frames for all scenes: all that a file of which none is named holds.
    every : bool
        Whether that is so of the scenes, too.
    tone : Tone, optional
        The tone curve of all files, whatever they state.
    band : int or tuple of int, optional
        Which of several spectra to measure, as `recognise` takes it.
    jobs, cluster
        As `lib.parallel.map_in_order` takes them.

    Raises
    ------
    DataError
        If the model cannot be used, or the cluster cannot.
    """
    # Refused here, before any process starts, by the name that the user gave.
    require_frozen(model_dir)
    kept_classifier(portable(model_dir))
    shared = tuple(tuple(path.absolute() for path in paths) for paths in (dark, flat))
    yield from map_in_order(
        partial(_measure, portable(model_dir), instrument, *shared, every, tone, band),
        (tuple((path.absolute(), path.as_posix()) for path in frames) for frames in scenes),
        jobs=max(1, min(jobs, len(scenes) // _SCENES_PER_PROCESS)),
        cluster=cluster,
        few=2 * _SCENES_PER_PROCESS,
        reads=lambda frames: [path for path, _ in frames] + [*shared[0], *shared[1]],
        models=(model_dir,),
    )


def _measure(
    model_dir: str,
    instrument: Instrument,
    dark: Sequence[Path],
    flat: Sequence[Path],
    every: bool,
    tone: Tone | None,
    band: Choice | None,
    frames: Sequence[tuple[Path, str]],
) -> Measurement | DataError:
    """Measure one scene in a process that keeps its classifier."""
    paths, names = ([part[k] for part in frames] for k in (0, 1))
    try:
        return measure(
            read_frames(paths, names, every=every, tone=tone),
            instrument,
            kept_classifier(model_dir),
            dark=read_frames(dark, every=True, tone=tone) if dark else None,
            flat=read_frames(flat, every=True, tone=tone) if flat else None,
            name=names_of([Path(name) for name in names]),
            band=band,
        )
    except DataError as error:
        return error
