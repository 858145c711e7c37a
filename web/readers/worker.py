"""The process that reads photos: one interpreter, one thread, replaceable at any time.

Image decoders and the search for a band run here, apart from the server, so that a photo that
crashes, hangs or swells them costs one process and no other request.
"""

import base64
import contextlib
import logging
import signal
from dataclasses import replace
from io import BytesIO
from multiprocessing.connection import Connection
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from lib.errors import DataError
from lib.images.depth import to_eight_bits
from lib.images.reading import read_picture
from lib.images.tone import told
from lib.lines import available_line_lists
from lib.measurement.answers import answer_of, curve_of
from lib.measurement.by_hand import instrument_of_band, instrument_of_frame
from lib.measurement.calibration import calibrate
from lib.measurement.frames import Frames
from lib.measurement.lamp_lines import LampPhoto
from lib.measurement.measuring import Measurement, measure
from lib.recognition.advice import NOT_MEASURED
from lib.recognition.find.choice import Choice
from lib.recognition.identified import Remark, first_of_frames
from lib.recognition.instrument import Instrument
from lib.recognition.instrument_file import (
    instrument_from_json,
    instrument_to_json,
    parse_instrument,
)
from lib.recognition.name.classifier import Classifier
from lib.recognition.recognise import recognise
from lib.recognition.result import Result
from lib.taxonomy import CLASSES
from web.log import set_up_logging
from web.readers.memory import give_memory_back
from web.readers.work import Job, JobFailed, Limits, ModelInfo, Reply, StartFailed

log = logging.getLogger(__name__)

# Sharp on a laptop's screen, 100-200 kB.
_PREVIEW_PX = 1280
_PREVIEW_QUALITY = 82


def run(connection: Connection, model: Path, limits: Limits) -> None:
    """Answer jobs until the server closes its end of the connection."""
    # Ctrl-C goes to every process of the terminal; the server ends its workers itself.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    set_up_logging()
    cv2.setNumThreads(1)
    _bound_memory(limits.memory_bytes)
    try:
        classifier = Classifier(model)
    except DataError as error:
        connection.send(StartFailed(str(error)))
        return
    no_answer = Result.unreadable("", classifier.card["version"]).to_json("")
    connection.send(ModelInfo(classifier.card, (*CLASSES, *other_lamps()), no_answer))
    # The server has gone, or needs this process no more.
    with contextlib.suppress(EOFError, ConnectionError):
        while True:
            connection.send(work(connection.recv(), classifier, limits))
            # While nobody waits.
            give_memory_back()


def other_lamps() -> tuple[str, ...]:
    """Return the lamps with known lines beside the classes."""
    return tuple(name for name in available_line_lists() if name not in CLASSES)


def work(job: Job, classifier: Classifier, limits: Limits) -> Reply | JobFailed:
    """Answer one job; whatever is wrong with the photo is part of the answer."""
    try:
        if job.kind == "instrument":
            return _check_instrument(job)
        if job.kind == "points":
            return _lay_points(job, classifier, limits)
        return _recognise(job, classifier, limits)
    except DataError as error:
        return _unreadable(str(error), job, classifier)
    except MemoryError:
        reason = f"{job.name}: needs more memory to read than this server gives one photo"
        return _unreadable(reason, job, classifier)
    # A fault of ours must reach the log, and must not end the process.
    except Exception:
        log.exception("job failed")
        return JobFailed()


def _unreadable(reason: str, job: Job, classifier: Classifier) -> Reply:
    return Reply(Result.unreadable(reason, classifier.card["version"]).to_json(job.name))


def _check_instrument(job: Job) -> Reply:
    """Answer with an instrument's document, as this version writes it."""
    instrument = parse_instrument(job.data, job.name)
    return Reply({"status": "ok"}, {"calibration": instrument_to_json(instrument)})


def _lay_points(job: Job, classifier: Classifier, limits: Limits) -> Reply:
    """Answer with the document of the instrument that points give along a band.

    The band is the one that the frame tells, or that is found in the photo. What the photo's own
    lines say is left aside: whoever sets points by hand knows better.
    """
    if not job.data:
        instrument = instrument_of_frame(job.points, job.frame or {})
    else:
        picture = read_picture(job.data, name=job.name, **_bounds(limits))
        image = to_eight_bits(picture.pixels)
        result = recognise(image, classifier, band=job.band)
        if result.band is None:
            return Reply(result.to_json(job.name))
        instrument = instrument_of_band(job.points, image, result.band)
    return Reply({"status": "ok"}, {"calibration": instrument_to_json(instrument)})


def _bounds(limits: Limits) -> dict:
    return {"max_bytes": limits.max_bytes, "max_pixels": limits.max_pixels}


def _recognise(job: Job, classifier: Classifier, limits: Limits) -> Reply:
    measuring = bool(job.calibration) and "measurement" in job.extras
    picture = read_picture(job.data, name=job.name, deep=measuring, **_bounds(limits))
    shown = to_eight_bits(picture.pixels)
    instrument = measured = None
    if job.calibration:
        instrument = instrument_from_json(job.calibration, "saved calibration")
        if measuring:
            picture = replace(picture, told=told(job.tone) if job.tone else None)
            measured = _measure(Frames((job.name,), (picture,)), instrument, classifier, job.band)
    if isinstance(measured, Measurement) and job.lamp is None and job.min_precision is None:
        result = measured.result
    else:
        result = recognise(
            shown,
            classifier,
            lamp=job.lamp,
            instrument=instrument,
            min_precision=job.min_precision,
            band=job.band,
        )
    remarks = result.remarks + first_of_frames(picture.passed_over)
    # Where nothing gives wavelengths the reason says so.
    if isinstance(measured, DataError) and result.axis is not None:
        remarks += (Remark(NOT_MEASURED, str(measured)),)
    result = replace(result, remarks=remarks)
    extras = {}
    if "preview" in job.extras:
        extras["preview"] = preview(shown)
    if "spectrum" in job.extras and result.profile is not None:
        extras["spectrum"] = result.spectrum().to_json()
    if isinstance(measured, Measurement):
        extras["measurement"] = measurement(measured)
    if "calibration" in job.extras and result.axis is not None:
        source = f"{job.name}, {result.source}, model {result.model_version}"
        kept = calibrate([LampPhoto(job.name, shown, result)], source=source)
        extras["calibration"] = instrument_to_json(kept.instrument)
    return Reply(result.to_json(job.name), extras)


def _measure(
    frames: Frames, instrument: Instrument, classifier: Classifier, band: Choice | None
) -> Measurement | DataError:
    """Measure a photo, or return why it cannot be measured."""
    try:
        return measure(frames, instrument, classifier, band=band)
    except DataError as error:
        log.info("not measured", extra={"fields": {"why": type(error).__name__}})
        return error


def measurement(measured: Measurement) -> dict:
    """Return what measure.py says, with the curve itself."""
    return answer_of(measured).to_json() | {"curve": curve_of(measured.spectrum).to_json()}


def preview(image: np.ndarray) -> dict:
    """Return the upright photo as a small JPEG, for browsers that cannot show the original."""
    height, width = image.shape[:2]
    small = Image.fromarray(image)
    small.thumbnail((_PREVIEW_PX, _PREVIEW_PX))
    buffer = BytesIO()
    small.save(buffer, "JPEG", quality=_PREVIEW_QUALITY)
    return {
        "width": width,
        "height": height,
        "jpeg": base64.b64encode(buffer.getvalue()).decode("ascii"),
    }


def _bound_memory(memory_bytes: int) -> None:
    """Bound what this process may hold where the system can: on Linux alone.

    No decoder can go beyond it, whatever a file's header says. Libraries and the model's file count
    little: what is only read is not private to the process.
    """
    try:
        import resource
    except ImportError:
        return
    # macOS knows the limit and does not keep to it.
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_DATA, (memory_bytes, memory_bytes))
