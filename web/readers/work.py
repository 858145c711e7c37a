"""What passes between the server and the processes that read photos."""

from dataclasses import dataclass, field

from lib.recognition.find.choice import Choice


@dataclass(frozen=True)
class Limits:
    """Bounds on the work for one photo.

    Attributes
    ----------
    max_bytes, max_pixels : int
        Checked before a pixel is decoded.
    time_s : float
        A photo that takes longer is given up, and the process that reads it ended.
    wait_s : float
        How long a photo waits for its turn before its client is asked to come back: longer than
        another's photo may take and a new reader's start together.
    memory_bytes : int
        All that such a process may hold, where the system can bound it.
    """

    max_bytes: int
    max_pixels: int
    # Fifty times what a 12-megapixel photo takes on one slow core.
    time_s: float = 30.0
    wait_s: float = 60.0
    # What the most costly formats take at the service's bound on pixels
    # (`python benchmarks/reader_memory.py`). docs/service.md says what that makes of all readers
    # and the server.
    memory_bytes: int = 850 * 2**20


@dataclass(frozen=True)
class Job:
    """One file and what is asked of it.

    Attributes
    ----------
    data : bytes
        The file's content.
    name : str
        What the answer calls the file.
    kind : str
        "photo"; "instrument" for what `calibrate.py` wrote, to be checked; or "points" for the
        instrument that known points give.
    lamp, min_precision, band, calibration
        As `lib.recognition.recognise.recognise` takes them; the calibration as saved.
    tone : str or None
        As `lib.images.tone.told` takes it: the curve that measuring undoes.
    extras : frozenset of str
        Any of "spectrum", "preview", "measurement" and "calibration".
    points : tuple of (px, nm)
        Along the band of the photo in `data`, or where that is empty, of `frame`.
    frame : dict, optional
        As `lib.measurement.by_hand.instrument_of_frame` takes it.
    """

    data: bytes
    name: str
    kind: str = "photo"
    lamp: str | None = None
    min_precision: float | None = None
    band: Choice | None = None
    calibration: dict | None = None
    tone: str | None = None
    extras: frozenset[str] = frozenset()
    points: tuple[tuple[float, float], ...] = ()
    frame: dict | None = None


@dataclass(frozen=True)
class Reply:
    """The answer to a job.

    Attributes
    ----------
    answer : dict
        The object that identify prints.
    extras : dict
        What was asked for beyond it, as far as there is any.
    """

    answer: dict
    extras: dict = field(default_factory=dict)


@dataclass(frozen=True)
class ModelInfo:
    """What a worker says of the model that it has loaded.

    Attributes
    ----------
    card : dict
        model.json.
    lamps : tuple of str
        The lamps that a user may name: classes and line lists.
    no_answer : dict
        The object that identify prints for an unreadable photo, to be filled in by the server for
        photos that a worker did not survive.
    """

    card: dict
    lamps: tuple[str, ...]
    no_answer: dict


@dataclass(frozen=True)
class StartFailed:
    """A worker cannot work; the message says why."""

    message: str


@dataclass(frozen=True)
class JobFailed:
    """A fault of the program, not of the photo; the trace has been logged."""
