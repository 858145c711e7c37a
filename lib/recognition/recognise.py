"""The one chain from a photo to its light source and its wavelength axis.

identify, evaluate, the review page and the service all call `recognise` or `recognise_file`, so
their answers cannot differ.
"""

from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import numpy as np

from lib import taxonomy
from lib.errors import DataError
from lib.images.picture import Picture
from lib.images.reading import read_picture
from lib.recognition.axis.axis import NoAxis, WavelengthAxis
from lib.recognition.axis.fit import fit_axis
from lib.recognition.axis.peaks import full_width
from lib.recognition.axis.shift import likeness
from lib.recognition.band import Band, cut_crop
from lib.recognition.find.choice import Choice, in_words, line_of
from lib.recognition.find.finder import BandNotFound, find_band
from lib.recognition.identified import NamedLamp, Remark, first_of_frames
from lib.recognition.instrument import PROVING_LINES, Instrument, OtherInstrument, Place
from lib.recognition.instrument_check import check_light, check_place
from lib.recognition.name.classifier import Classifier
from lib.recognition.name.naming import class_of_lamp, name_evidence, shipped_names
from lib.recognition.name.rejection import Verdict, gate, judge
from lib.recognition.name.told import contradiction, source_of_lamp
from lib.recognition.result import Result
from lib.taxonomy import LINE_CLASSES

# Dies are 13 nm wide and more (Schubert, Light-Emitting Diodes, ch. 5); a part less is what noise
# and clipping take off.
_NARROWEST_LED_NM = 9.0
# A lamp's name needs this likeness of light and lines, by the instrument's wavelengths. Of 164
# simulated lamps 160 keep their name; of 96 photos of laser or random lines 3 get one
# (score_measuring.py names --count 24).
_LEAST_LIKENESS = 0.35
# In a photo of another size, a band that lies off the middle of the instrument's own by this part
# of its half height was cut out: light that is merely scaled lies within a few hundredths.
_ELSEWHERE_PART = 0.5


def recognise(
    image: np.ndarray,
    classifier: Classifier,
    *,
    lamp: str | None = None,
    instrument: Instrument | None = None,
    min_precision: float | None = None,
    band: Choice | None = None,
) -> Result:
    """Name the light source of a photo and give its pixels wavelengths.

    Parameters
    ----------
    image : uint8 array of shape (height, width, 3)
        Upright RGB photo.
    classifier : Classifier
        The frozen model.
    lamp : str, optional
        A class or a line list ("argon"), where the user knows the source; the model is then
        not asked to decide.
    instrument : Instrument, optional
        Whose photo it is: light is read along its band and has its wavelengths. A photo that it
        does not fit is read by itself, and the reason says so.
    min_precision : float, optional
        Share of named photos that must be named right, in (0, 1]; the model's own choice if None.
    band : int or tuple of int, optional
        Which of several spectra to use: its number in reading order, or a box around it. With an
        instrument it may lie above or below the instrument's own.

    Returns
    -------
    Result
        With status "ok", "unknown" or "no_band".
    """
    options = {"lamp": lamp, "min_precision": min_precision}
    if instrument is None:
        result = _by_itself(image, classifier, band, **options)
    else:
        try:
            result = _by_instrument(image, classifier, instrument, band, **options)
        except OtherInstrument as error:
            result = _by_itself(image, classifier, band, **options)
            result = _without_instrument(result, error)
        except BandNotFound as error:
            result = _without_band(error, classifier)
    return replace(result, lamp_told=lamp is not None, band_chosen=band is not None)


def _without_band(error: BandNotFound, classifier: Classifier) -> Result:
    return Result("no_band", str(error), error.code, classifier.card["version"])


def _without_instrument(result: Result, refused: OtherInstrument) -> Result:
    """Return the answer for a photo that an instrument does not fit, which is said first."""
    own = "; the wavelengths are the photo's own" if result.axis else ""
    reason = f"the instrument was not used: {refused}{own}"
    reason = "; ".join(filter(None, (reason, result.reason)))
    return replace(result, reason=reason, reason_code=refused.code)


def _by_itself(
    image: np.ndarray, classifier: Classifier, choice: Choice | None, **options
) -> Result:
    """Return the answer for a photo of which nothing is known."""
    try:
        band = find_band(image, choice)
    except BandNotFound as error:
        return _without_band(error, classifier)
    return _answer(band, classifier, **options)


def _by_instrument(
    image: np.ndarray,
    classifier: Classifier,
    instrument: Instrument,
    choice: Choice | None,
    **options,
) -> Result:
    """Return the answer for a photo of an instrument.

    OtherInstrument if it is of another, BandNotFound if it does not show the band that was chosen.
    """
    of_size = instrument.size
    instrument, found = placed(image, instrument, choice)
    if instrument.place is None:
        return _by_itself(image, classifier, choice, **options)
    is_scaled = of_size not in (None, instrument.size)
    if is_scaled and found and choice is None and _lies_elsewhere(found, instrument):
        raise OtherInstrument(
            f"calibration is for photos of {of_size[0]} x {of_size[1]} px, and scaled to this size "
            "its band lies elsewhere, as if the photo were cut out"
        )
    # Names are learned from bands as they are found, knowing no wavelengths.
    named = found if found and instrument.holds(found) else instrument.band_in(image, lit_only=True)
    answer = _answer(named, classifier, **options)
    band = instrument.band_in(image)
    check_light(instrument, band)
    if found:
        number = found.number if instrument.holds(found) else None
        band = replace(band, among=found.among, number=number)
    witness = _own_axis(band, answer.axis.lamp) if answer.axis else None
    proves = answer.axis is not None and len(answer.axis.lines) >= PROVING_LINES
    if proves and witness is None:
        raise OtherInstrument("the photo's lines are not seen along the instrument's band")
    axis = instrument.axis_for(witness)
    is_guessed = options["lamp"] is None and answer.source in LINE_CLASSES
    if is_guessed and likeness(axis, band.profile, answer.source) < _LEAST_LIKENESS:
        answer = _unproven(answer)
    remarks = answer.remarks
    if is_scaled:
        text = f"scaled from {of_size[0]} x {of_size[1]} px: right if the photo shows all of it"
        remarks += (Remark("scaled", text),)
    answer = replace(answer, band=band, crop=cut_crop(band), axis=axis, remarks=remarks)
    if options["lamp"] is None and answer.source == "led":
        return _doubt_narrow(answer)
    # Why its own lines give no axis is no matter now.
    if answer.source:
        return replace(answer, reason=None, reason_code=None)
    if answer.lamp and answer.reason_code == "other_lamp":
        return replace(answer, reason=_of_no_class(answer.lamp.title))
    return answer


def _lies_elsewhere(found: Band, instrument: Instrument) -> bool:
    """Return whether a band that was found lies off the middle of the instrument's own."""
    own = instrument.place.geometry
    off = own.off(found.geometry) if found.axis == own.axis else 0.0
    return off > _ELSEWHERE_PART * own.half_height


def _of_no_class(title: str) -> str:
    return f"{title}: none of the {len(taxonomy.CLASSES)} classes"


def _unproven(answer: Result) -> Result:
    """Return the answer for light whose lines are not those of the lamp that it looks like."""
    reason = f"its lines do not lie where those of {answer.source} do"
    nothing = {"source": None, "lamp": None, "between": ()}
    return replace(answer, status="unknown", reason=reason, reason_code="unlike_known", **nothing)


def _own_axis(band: Band, lamp: str) -> WavelengthAxis | None:
    """Return the axis that the lines of a lamp give along a band, if they give one."""
    with suppress(NoAxis):
        return _axis(band, lamp)
    return None


def _doubt_narrow(answer: Result) -> Result:
    """Return the answer for what looks like an LED: none is as narrow as a laser."""
    light = answer.profile.rgb.max(axis=1)
    px = full_width(light)
    step = np.abs(np.diff(answer.axis.nm_at(answer.profile.position)))
    width_nm = float(px * step[int(light[1:].argmax())])
    if width_nm >= _NARROWEST_LED_NM:
        return replace(answer, reason=None, reason_code=None)
    reason = f"its light is {width_nm:.0f} nm wide: a laser or a single line, no LED"
    return replace(answer, status="unknown", source=None, reason=reason, reason_code="unlike_known")


def placed(
    image: np.ndarray, instrument: Instrument, choice: Choice | None = None
) -> tuple[Instrument, Band | None]:
    """Return an instrument in the size and place of a photo, and the band found in that photo.

    The place stays None where the instrument does not know it, and the photo shows no band. With a
    choice it is that of the chosen band.

    Raises
    ------
    OtherInstrument
        If the photo is of another instrument, or the band does not lie where it should.
    BandNotFound
        If the photo does not show the band that was chosen.
    """
    height, width = image.shape[:2]
    instrument = instrument.in_frame(width, height)
    own = instrument.place.geometry if instrument.place else None
    try:
        found = find_band(image, choice, along=own)
    except BandNotFound:
        if choice is None:
            return instrument, None
        if own is None or isinstance(choice, int):
            raise
        # A light too faint or too short to be found is read all the same where it is said to be.
        x0, y0, x1, y1 = choice
        inside = (max(x0, 0), max(y0, 0), min(x1, width), min(y1, height))
        if inside[0] >= inside[2] or inside[1] >= inside[3]:
            raise
        line = line_of(inside, own)
        return instrument.on_line(line, (-line.half_height, line.half_height)), None
    if choice is not None and own is not None and not instrument.is_at(found):
        if found.axis != instrument.direction:
            raise OtherInstrument(
                f"the instrument is for a {instrument.direction} band; "
                f"band {in_words(choice)} is a {found.axis} one"
            )
        instrument = instrument.on_line(found.geometry, found.rows)
    check_place(instrument, image, found)
    if instrument.place is None:
        place = Place(found.geometry, found.rows, instrument.towards_red)
        instrument = replace(instrument, place=place)
    return instrument, found


def _answer(
    band: Band,
    classifier: Classifier,
    *,
    lamp: str | None,
    min_precision: float | None,
) -> Result:
    """Return the answer for the light of a band, with the axis that its own lines give."""
    crop = cut_crop(band)
    evidence = name_evidence(classifier.predict(crop[np.newaxis]), band.reading)
    seen = None if gate(band.quality) else evidence.sure_lamp()
    doubts = ()
    if lamp is not None:
        # A lamp named by the user is taken at the user's word, and remarked on.
        verdict, source = Verdict("ok"), source_of_lamp(lamp)
        doubts = contradiction(lamp, evidence, seen, band)
        lines = None if doubts else lamp
    else:
        verdict = judge(
            evidence.probabilities,
            evidence.certainty,
            shipped_names().limits,
            quality=band.quality,
            min_precision=min_precision,
        )
        if seen is not None and class_of_lamp(seen) is None:
            reason = _of_no_class(seen.title)
            verdict = Verdict("unknown", reason, "other_lamp", verdict.threshold)
            source, lines = None, seen.line_list
        else:
            source = lines = evidence.source if verdict.status == "ok" else None
    reason, code, axis = verdict.reason, verdict.code, None
    try:
        axis = _axis(band, lines) if lines else None
    except NoAxis as error:
        reason = "; ".join(filter(None, (reason, f"no wavelength axis: {error}")))
        code = code or error.code
    if doubts:
        reason, code = f"no wavelength axis: {doubts[0].text}", "unconfirmed_axis"
    named = seen and NamedLamp(seen.name, seen.title, evidence.lamps[seen.name])
    return Result(
        status=verdict.status,
        reason=reason,
        reason_code=code,
        model_version=classifier.card["version"],
        source=source,
        probabilities=dict(zip(taxonomy.CLASSES, evidence.probabilities.tolist(), strict=True)),
        certainty=evidence.certainty if lamp is None else None,
        threshold=verdict.threshold,
        band=band,
        crop=crop,
        axis=axis,
        lamp=named if lamp is None else None,
        between=verdict.between,
        remarks=doubts,
    )


def _axis(band: Band, lamp: str) -> WavelengthAxis:
    try:
        return fit_axis(band.profile, lamp, axis=band.axis, reading=band.reading)
    except NoAxis as error:
        if lamp != "continuum":
            raise
        # Daylight has absorption lines, an incandescent lamp has none.
        raise NoAxis(f"no absorption lines of daylight: {error}", code="no_lines") from error


def recognise_picture(picture: Picture, classifier: Classifier, **options) -> Result:
    """Call `recognise` on a picture, and say what its file leaves in doubt."""
    result = recognise(picture.pixels, classifier, **options)
    return replace(result, remarks=first_of_frames(picture.passed_over) + result.remarks)


def recognise_file(
    path: Path, classifier: Classifier, *, name: str | None = None, **options
) -> Result:
    """Call `recognise` on a file; one that cannot be used has the status "error".

    `name` is what its reason calls the file; default the path.
    """
    try:
        return recognise_picture(read_picture(path, name=name), classifier, **options)
    except DataError as error:
        return Result.unreadable(str(error), classifier.card["version"])
