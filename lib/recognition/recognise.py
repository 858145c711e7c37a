"""The one chain from a photo to its light source and its wavelength axis.

identify, evaluate, the review page and the service all call `recognise` or `recognise_file`, so
their answers cannot differ.
"""

from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from lib import taxonomy
from lib.errors import DataError
from lib.images.picture import Picture
from lib.images.reading import read_picture
from lib.recognition.advice import UNREADABLE, advice_on
from lib.recognition.axis.axis import NoAxis, WavelengthAxis
from lib.recognition.axis.fit import fit_axis
from lib.recognition.axis.line_lists import line_lists_of
from lib.recognition.axis.peaks import full_width
from lib.recognition.axis.shift import find_shift
from lib.recognition.band import Band, BandProfile, cut_crop
from lib.recognition.find.choice import Choice, in_words, line_of
from lib.recognition.find.finder import BandNotFound, find_band
from lib.recognition.identified import (
    BandBox,
    BandSpectrum,
    FoundBand,
    Identified,
    NamedLamp,
    Remark,
    clipped_below,
    first_of_frames,
    several,
    shifted,
    wavelength_of,
)
from lib.recognition.instrument import PROVING_LINES, Instrument, OtherInstrument, Place
from lib.recognition.name.classifier import Classifier
from lib.recognition.name.naming import (
    NameEvidence,
    class_of_lamp,
    name_evidence,
    shipped_names,
)
from lib.recognition.name.rejection import Verdict, gate, judge
from lib.taxonomy import LINE_CLASSES, LampName

# Dies are 13 nm wide and more (Schubert, Light-Emitting Diodes, ch. 5); a part less is what noise
# and clipping take off.
_NARROWEST_LED_NM = 9.0


@dataclass(frozen=True)
class Result:
    """The answer for one photo, with what it was read from.

    Attributes
    ----------
    status : str
        "ok", "unknown" (a band, but no source can be named), "no_band" or "error" (unreadable).
    reason : str or None
        In words: why there is no source, or why there is no wavelength axis.
    reason_code : str or None
        The same for programs: of `lib.recognition.advice.ADVICE`.
    source : str or None
        Class name (or the lamp that the user named), only when the status is "ok".
    probabilities : dict of str to float
        Of every class; empty without a band.
    certainty, threshold : float or None
        How surely the best guess is right, and what that must reach for a name (infinite where
        nothing does); None without a band, and where the user named the lamp.
    band : Band or None
        Where the spectrum lies, with its light.
    crop : uint8 array of shape (15, 480, 3) or None
        What the classifier read of it.
    axis : WavelengthAxis or None
        Wavelengths of the band's pixels, where the lines allow one.
    lamp : NamedLamp or None
        The lamp by name, where it is surely one, also of no class.
    between : tuple of str
        The two classes that share the light, where no more can be said.
    remarks : tuple of Remark
        Doubts about what is said all the same, and what its file leaves in doubt.
    lamp_told, band_chosen : bool
        Whether the user named the lamp, and said which of several spectra to use.
    """

    status: str
    reason: str | None
    reason_code: str | None
    model_version: str
    source: str | None = None
    probabilities: dict[str, float] | None = None
    certainty: float | None = None
    threshold: float | None = None
    band: Band | None = None
    crop: np.ndarray | None = None
    axis: WavelengthAxis | None = None
    lamp: NamedLamp | None = None
    between: tuple[str, ...] = ()
    remarks: tuple[Remark, ...] = ()
    lamp_told: bool = False
    band_chosen: bool = False

    @classmethod
    def unreadable(cls, reason: str, model_version: str) -> "Result":
        """Return the answer for what cannot be read as a photo."""
        return cls("error", reason, UNREADABLE, model_version)

    @property
    def profile(self) -> BandProfile | None:
        """The light along the band; None without one."""
        return self.band.profile if self.band else None

    @property
    def probability(self) -> float | None:
        """Probability of the named source; of the best guess where none is named.

        None without a band, and for a lamp that the user named and the model does not know.
        """
        if not self.probabilities:
            return None
        best = max(self.probabilities, key=self.probabilities.get)
        return self.probabilities.get(self.source or best)

    @property
    def advice(self) -> tuple[str, ...]:
        """Return what to do about the reason."""
        clipped = self.profile is not None and bool(self.profile.clipped.any())
        return advice_on(self.reason_code, clipped=clipped, told=self.lamp_told)

    def to_json(self, photo: str) -> dict:
        """Return the JSON object that identify prints and the service answers."""
        return self.answer(photo).to_json()

    def answer(self, photo: str) -> Identified:
        """Return the answer that this stands for; `photo` is what it calls the photo."""
        source, band = self.source, self.band
        overexposed = band is not None and band.saturated
        remarks = (Remark("overexposed", "overexposed"),) if overexposed else ()
        remarks += clipped_below(band) if band is not None else ()
        if band is not None and not self.band_chosen:
            remarks += several(band)
        return Identified.of(
            self,
            photo=photo,
            remarks=self.remarks + remarks + (shifted(self.axis) if self.axis else ()),
            class_id=taxonomy.class_id(source) if source in taxonomy.CLASSES else None,
            probabilities=self.probabilities or {},
            band=FoundBand.of(band) if band else None,
            bands=tuple(BandBox(*box) for box in band.among) if band else (),
            saturated=band.saturated if band else None,
            wavelength=wavelength_of(self.axis) if self.axis else None,
        )

    def spectrum(self) -> BandSpectrum | None:
        """Return the light along the band, with its wavelengths where there are any."""
        if self.profile is None:
            return None
        px, nm, error = self.profile.position, None, None
        if self.axis is not None:
            nm = self.axis.nm_at(px)
            error = np.where(self.axis.claims(px), self.axis.standard_error_nm(px), np.nan)
        return BandSpectrum.of(self.profile, px=px, nm=nm, error_nm=error)


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
    reason = f"not the instrument's wavelengths: {refused}{own}"
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
    # Names are learned from bands as they are found, knowing no wavelengths.
    named = found if found and instrument.holds(found) else instrument.band_in(image, lit_only=True)
    answer = _answer(named, classifier, **options)
    band = instrument.band_in(image)
    instrument.check_light(band)
    if found:
        number = found.number if instrument.holds(found) else None
        band = replace(band, among=found.among, number=number)
    witness = _own_axis(band, answer.axis.lamp) if answer.axis else None
    proves = answer.axis is not None and len(answer.axis.lines) >= PROVING_LINES
    if proves and witness is None:
        raise OtherInstrument("the photo's lines are not seen along the band of the calibration")
    axis = instrument.axis_for(witness)
    if _contradicts_lines(answer, axis) and options["lamp"] is None:
        answer = _unproven(answer)
    remarks = answer.remarks
    if of_size not in (None, instrument.size):
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


def _of_no_class(title: str) -> str:
    return f"{title}: none of the {len(taxonomy.CLASSES)} classes"


def _contradicts_lines(answer: Result, axis: WavelengthAxis) -> bool:
    """Return whether an instrument's axis has other wavelengths at the lines that a name rests on.

    The name of a continuum rests on none.
    """
    rests = answer.source in LINE_CLASSES or (answer.source is None and answer.lamp is not None)
    return bool(rests and answer.axis and answer.axis.lines and not find_shift(axis, answer.axis))


def _unproven(answer: Result) -> Result:
    """Return the answer for a lamp of which a few lines lie where the instrument has others."""
    reason = f"its lines do not lie where those of {answer.axis.lamp} do"
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
                f"calibration is for a {instrument.direction} band; "
                f"band {in_words(choice)} is a {found.axis} one"
            )
        instrument = instrument.on_line(found.geometry, found.rows)
    instrument.check(image, found)
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
        doubts = _contradiction(lamp, evidence, seen, band)
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
    return fit_axis(band.profile, lamp, axis=band.axis, reading=band.reading)


def _contradiction(
    lamp: str, evidence: NameEvidence, seen: LampName | None, band: Band
) -> tuple[Remark, ...]:
    """Return the remark on a photo that is surely another lamp than the user says."""
    if seen is not None:
        title, of_class = seen.title[0].lower() + seen.title[1:], class_of_lamp(seen)
        shown = {seen.name, of_class, *seen.kinds, *(seen.line_list or "").split("+")}
    else:
        limits = shipped_names().limits
        judged = judge(evidence.probabilities, evidence.certainty, limits, quality=band.quality)
        if judged.status != "ok":
            return ()
        title, shown = taxonomy.in_words(evidence.source), {evidence.source}
    if _told_as(lamp) & shown:
        return ()
    text = f"you named {lamp}, but the light is surely another one: {title}"
    return (Remark("told_lamp_contradicts", text),)


def _told_as(lamp: str) -> set[str]:
    """Return the classes, line lists and names that a lamp named by the user may stand for."""
    told = set()
    for part in taxonomy.lamps_named(lamp):
        told |= {part, taxonomy.class_of_name(part)}
        with suppress(NoAxis):
            # Of a class, what all its lamps show: argon beside mercury is no argon lamp.
            told |= {one for one in line_lists_of(part) if "+" not in one}
    return told - {taxonomy.UNKNOWN}


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


def source_of_lamp(lamp: str) -> str:
    """Return the class of a lamp named by the user; its own names where no class holds it.

    Raises
    ------
    DataError
        If it names neither a class nor a line list.
    """
    with suppress(NoAxis):
        line_lists_of(lamp)
    names = taxonomy.lamps_named(lamp)
    classes = {taxonomy.class_of_name(name) for name in names}
    only = classes.pop()
    return "+".join(names) if classes or only == taxonomy.UNKNOWN else only
