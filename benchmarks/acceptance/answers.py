"""What the chain makes of photos and crops whose truth is known: one row each, by one run each."""

import time
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import cv2
import numpy as np

from benchmarks.axis_rows import FAR_OFF_NM, Row, classifier_of, simulated_row
from benchmarks.cases import Case, band_box, judge, real_case, real_rows, simulated_case
from benchmarks.real_axes import marked_row
from benchmarks.score_unknowns import (
    REAL_CROPS,
    kinds_of,
    name_crops,
    simulate_test_crops,
)
from lib.recognition.name.naming import shipped_names
from lib.recognition.recognise import recognise
from lib.recognition.result import Result
from lib.simulation.photos.truth import best_box
from lib.taxonomy import CLASSES, LINE_CLASSES
from lib.training.examples.axis_truth import asked_places
from lib.training.examples.store import in_order

# Of the simulated photos; no other benchmark, and no training, has it.
SEED = 400
SIMULATED, REAL = "simulated photos", "real photos"
KNOWN_CROPS, UNKNOWN_CROPS = "simulated crops", "crops of other lamps"
REAL_CROPS_PART = "real crops"


def photo_answers(model: Path, photos: int, real: Path | None, jobs: int) -> Iterator[dict]:
    """Yield the answers to simulated photos, and to real ones where they are given."""
    tasks = [(model, number) for number in range(photos)]
    yield from in_order(_simulated_answer, tasks, jobs=jobs, what=SIMULATED)
    if real:
        tasks = [(model, real, *of_photo) for of_photo in real_rows(real)]
        yield from in_order(_real_answer, tasks, jobs=jobs, what=REAL)


def _simulated_answer(model: Path, number: int) -> dict[str, object]:
    return photo_answer(SIMULATED, simulated_case(SEED, number), model)


def _real_answer(model: Path, folder: Path, rows: list, marks: tuple) -> dict[str, object]:
    return photo_answer(REAL, real_case(folder, rows, marks), model)


def photo_answer(part: str, case: Case, model: Path) -> dict[str, object]:
    """Run the chain once on a photo and return what became of each figure; None where none is.

    Returns
    -------
    dict
        Of `figures.FIGURES`; ``certainty`` beside them.
    """
    cv2.setNumThreads(1)
    classifier = _warm(model)
    unit = _unit_of_work_ms()
    begin = time.process_time()
    result = recognise(case.image, classifier)
    milliseconds = 1e3 * (time.process_time() - begin)
    certainty = None if result.certainty is None else round(result.certainty, 4)
    return {
        "part": part,
        "photo": case.name,
        **_band_figures(case, result),
        **_name_figures(case, result),
        **_axis_figures(axis_row(case, result)),
        "certainty": certainty,
        "ms": round(milliseconds, 1),
        "cost": round(milliseconds / unit, 2),
    }


def _band_figures(case: Case, result: Result) -> dict[str, bool | None]:
    score = judge(case, band_box(result.band))
    which = "band" if score.spectrum else "no_spectrum"
    return {which: score.right, "direction": score.direction}


def _name_figures(case: Case, result: Result) -> dict[str, bool]:
    named = result.status == "ok"
    if case.source in CLASSES:
        return {"named": named, "wrong_name": named and result.source != case.source}
    return {"other_refused": not named} if case.source else {}


def _axis_figures(row: Row | None) -> dict[str, object]:
    if row is None:
        return {}
    given = row.error_nm is not None
    figures = {"axis": given, "far_axis": given and row.error_nm > FAR_OFF_NM}
    if given and row.marks_nm:
        figures |= {"marks_nm": round(float(np.median(row.marks_nm)), 3)}
        figures |= {"held_95": round(row.within_95, 3)}
    return figures


def axis_row(case: Case, result: Result) -> Row | None:
    """Judge the axis of an answer by a photo's truth, or by its marks; None without either."""
    if case.source not in LINE_CLASSES:
        return None
    if case.truth is not None:
        truth = best_box(result.band, case.truth.boxes) if result.band else None
        asked = asked_places(result.band, truth)
        return simulated_row(case.name, case.source, case.source, result, asked)
    rows = [marked_row(marked, REAL, result) for marked in case.marks]
    return next((row for row in rows if row.method != "other band"), None)


@cache
def _warm(model: Path):
    """Return the classifier; all that a first photo loads is loaded then."""
    recognise(simulated_case(SEED, 2).image, classifier_of(model))
    return classifier_of(model)


def _unit_of_work_ms() -> float:
    """Return the processor time of a fixed piece of work, as fast as this core is just now."""
    levels = np.random.default_rng(0).integers(0, 255, (480, 640, 3), np.uint8)
    begin = time.process_time()
    blurred = cv2.GaussianBlur(levels, (0, 0), 3.0)
    np.sort(blurred[::4, ::2].astype(np.int32), axis=0)
    spectrum = np.fft.rfft(blurred[..., 0].astype(np.float32), axis=1)
    spectrum[:128].T @ spectrum[:128]
    return 1e3 * (time.process_time() - begin)


def crop_answers(model: Path, crops: int, real: Path | None, jobs: int) -> Iterator[dict]:
    """Yield the answers to crops: simulated ones of classes and of other lamps, and real."""
    for which, batches in simulate_test_crops(crops, jobs).items():
        known = which == "known"
        labels = np.concatenate([batch.labels for batch in batches]) if known else None
        images = np.concatenate([batch.images for batch in batches])
        kinds = kinds_of(batches)
        yield from _crop_rows(
            KNOWN_CROPS if known else UNKNOWN_CROPS, classifier_of(model), images, kinds, labels
        )
    if real and (real / REAL_CROPS).is_file():
        # Here, as it imports TensorFlow, which no process that looks at photos needs.
        from lib.training.crops.tfrecord import read_tfrecord

        crops = read_tfrecord(real / REAL_CROPS)
        names = np.array([CLASSES[label] for label in crops.labels])
        yield from _crop_rows(
            REAL_CROPS_PART, classifier_of(model), crops.images, names, crops.labels
        )


def _crop_rows(
    part: str, classifier, images: np.ndarray, names: np.ndarray, labels: np.ndarray | None
) -> Iterator[dict]:
    """Yield a row a crop; without labels, of kinds that must be refused."""
    alone = classifier.predict(images)
    certainty, guess = name_crops(classifier, images)
    named = certainty >= shipped_names().limits["threshold"]
    for number, name in enumerate(names):
        row = {
            "part": part,
            "photo": f"{name} {number}",
            "certainty": round(float(certainty[number]), 4),
            "classifier_certainty": round(float(alone.certainty[number]), 4),
        }
        if labels is None:
            row |= {"other_refused": not named[number]}
        else:
            right = guess[number] == labels[number]
            row |= {"classifier_right": alone.logits[number].argmax() == labels[number]}
            row |= {"right": right, "named": named[number]}
            row |= {"wrong_name": named[number] and not right}
        yield row
