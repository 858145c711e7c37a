"""What the benchmarks of wavelength axes share: the chain under test and the verdict on an axis."""

from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import numpy as np

from lib.errors import DataError
from lib.recognition.axis.axis import WavelengthAxis
from lib.recognition.axis.fit import fit_axis
from lib.recognition.find.finder import BandNotFound, find_band
from lib.recognition.name.classifier import Classifier
from lib.recognition.recognise import recognise
from lib.recognition.result import Result

FAR_OFF_NM = 5.0

# Places along a band, and the true wavelengths there.
Asked = tuple[np.ndarray, np.ndarray]


@dataclass
class Row:
    """One photo under one method; no error where there is no axis."""

    photo: str
    group: str
    method: str
    error_nm: float | None
    reason: str = ""
    within_68: float | None = None
    within_95: float | None = None
    seconds: float = 0.0
    marks_nm: list[float] = field(default_factory=list)
    claimed: float = 1.0


@cache
def classifier_of(model: Path) -> Classifier:
    """Return the model's classifier, loaded once a process."""
    return Classifier(model)


def run_chain(image: np.ndarray, told: str | None, model: Path) -> Result:
    """Recognise a photo; with the lamp told, only its band and its axis."""
    if told is None:
        return recognise(image, classifier_of(model))
    try:
        band = find_band(image)
    except BandNotFound as error:
        return Result("no_band", str(error), error.code, "")
    profile = band.profile
    try:
        axis, reason = fit_axis(profile, told, axis=band.axis, reading=band.reading), None
    except DataError as error:
        axis, reason = None, f"no wavelength axis: {error}"
    return Result("ok", reason, None, "", source=told, band=band, axis=axis)


def judged(
    name: str,
    lamp: str,
    method: str,
    axis: WavelengthAxis,
    asked: Asked,
    asked_error_nm: np.ndarray | float = 0.0,
) -> Row:
    """Judge an axis by the true wavelengths, where it claims to know them.

    `asked_error_nm`: standard error of the asked wavelengths themselves, where a person marked
    them. An interval holds one if it holds it within both errors.
    """
    claimed = axis.claims(asked[0])
    if not claimed.any():
        return Row(name, lamp, method, None, "claims none of the asked places")
    px, nm = asked
    off = np.abs(axis.nm_at(px) - nm)[claimed]
    error = np.hypot(axis.standard_error_nm(px), asked_error_nm)[claimed]
    within = float((off < error).mean()), float((off < 1.96 * error).mean())
    return Row(name, lamp, method, float(off.max()), "", *within, claimed=float(claimed.mean()))


def marks_row(
    name: str,
    title: str,
    method: str,
    axis: WavelengthAxis,
    asked: Asked,
    asked_error_nm: np.ndarray | float = 0.0,
) -> Row:
    """Judge an axis at places of known wavelength, each for itself too."""
    row = judged(name, title, method, axis, asked, asked_error_nm)
    claimed = axis.claims(asked[0])
    row.marks_nm = np.abs(axis.nm_at(asked[0]) - asked[1])[claimed].round(3).tolist()
    return row


def simulated_row(name: str, lamp: str, source: str, result: Result, asked: Asked) -> Row:
    """Judge the chain's own axis of a simulated photo of a lamp of the class `source`."""
    if result.axis is None:
        reason = result.reason or result.status
        if result.source not in (None, source):
            reason = f"named {result.source}"
        elif result.source is None:
            reason = "source unknown"
        return Row(name, lamp, "ours", None, reason)
    if not len(asked[0]):
        return Row(name, lamp, "ours", 999.0, "axis of no spectrum")
    return marks_row(name, lamp, "ours", result.axis, asked)
