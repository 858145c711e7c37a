"""What a person can do about an answer without a name or without wavelengths, and what to doubt.

Every reason has a code, and so has every remark: a doubt about an answer that is given all the
same. Terminal, service and page show what stands here for it.
"""

from dataclasses import dataclass

_ONCE_CALIBRATED = (
    "Calibrate with a photo of a fluorescent, mercury or neon lamp, then use that instrument."
)
_SHARPER = "Focus the camera on the slit and narrow it, so that lines come out sharp."
_EXPOSE_LONGER = "Expose longer, or bring the lamp nearer to the slit."
_MORE_LINES = "Expose longer, so that more lines show."
_NEEDS_NO_NAME = "A measurement with an instrument needs no name."
_NAME_IT, _ANOTHER_LAMP = "If you know the lamp, name it.", "If it is another lamp, name it."
_LESS_OR_NAME = "Ask for less precision, or name the lamp if you know it."


@dataclass(frozen=True)
class Reason:
    """Why an answer lacks a name or wavelengths.

    Attributes
    ----------
    short : str
        A few words, for a line of a table.
    text : str
        A sentence without figures; those of one photo stand in its answer's ``reason``.
    advice : tuple of str
        What to do about it, the most useful first.
    """

    short: str
    text: str
    advice: tuple[str, ...]


# The code of a file that is not a photo.
UNREADABLE = "unreadable"

# In the order in which the chain asks: the file, the band, its light, the name, the axis, the
# instrument; an instrument that does not fit is said before the lamp.
REASONS: dict[str, Reason] = {
    UNREADABLE: Reason(
        "unreadable",
        "The file cannot be read as a photo.",
        ("Save it as JPEG, PNG or TIFF; develop raw files first.",),
    ),
    "no_spectrum": Reason(
        "no spectrum",
        "Nothing in the photo looks like a spectrum.",
        ("Fill the picture with the spectrum.", "Keep the background dark and the slit in focus."),
    ),
    "no_such_band": Reason(
        "no such spectrum",
        "The photo shows no spectrum at the place that you chose.",
        (
            "Draw the box around all of the spectrum.",
            "Numbers count the spectra that the answer without a choice lists.",
        ),
    ),
    "too_dark": Reason(
        "too dark",
        "The spectrum is too dark to tell the lamp.",
        (_EXPOSE_LONGER, "Keep other light out of the box."),
    ),
    "clipped": Reason(
        "too overexposed",
        "The spectrum is overexposed, so the lamp cannot be told.",
        ("Expose shorter, or move the lamp away.", "Switch off automatic exposure where you can."),
    ),
    "between_two": Reason(
        "A or B?",
        "Two kinds of lamp would look like this.",
        (_SHARPER, "Show all of the spectrum, from violet to red."),
    ),
    "unlike_known": Reason(
        "no known lamp",
        "The light looks like none of the lamps that are known here.",
        (_NAME_IT, _NEEDS_NO_NAME),
    ),
    "other_lamp": Reason(
        "no wavelengths",
        "This lamp's lines gave no wavelengths.",
        (_ONCE_CALIBRATED,),
    ),
    "less_sure_than_asked": Reason(
        "less sure than asked",
        "The best guess is less sure than you asked for.",
        (_LESS_OR_NAME,),
    ),
    "no_lines": Reason(
        "no lines",
        "This light has no sharp lines, so the photo alone gives no wavelengths.",
        (_ONCE_CALIBRATED,),
    ),
    "too_short": Reason(
        "too small",
        "The spectrum is too short in the picture to give wavelengths.",
        ("Go nearer, so that the spectrum takes up more of the picture.",),
    ),
    "few_lines": Reason(
        "too few lines",
        "Too few of the lamp's lines can be seen to give wavelengths.",
        (_MORE_LINES, _ONCE_CALIBRATED),
    ),
    "unsure_axis": Reason(
        "wavelengths unsure",
        "The lines leave the wavelengths too uncertain, so none are given.",
        (_SHARPER, "Show more of the lamp's lines."),
    ),
    "unconfirmed_axis": Reason(
        "lines not matched",
        "The lines could not be matched safely, so no wavelengths are given.",
        (_ANOTHER_LAMP, _SHARPER),
    ),
    "light_contradicts": Reason(
        "not as calibrated",
        "The light does not fit the wavelengths of the instrument.",
        ("Take photos as you calibrated: not mirrored, turned or cropped. Or calibrate again.",),
    ),
    "other_instrument": Reason(
        "other instrument",
        "The photo does not fit the instrument, so its wavelengths were not used.",
        ("A calibration holds for one instrument that has not moved, and for one size of photo.",),
    ),
}
ADVICE: dict[str, tuple[str, ...]] = {code: one.advice for code, one in REASONS.items()}

# What is said in place of a sentence where light is clipped, and where the lamp is told; None for
# nothing.
_IF_CLIPPED = {_EXPOSE_LONGER: None, _MORE_LINES: "Expose shorter, so that no line is clipped."}
_IF_TOLD = {
    _NAME_IT: None,
    _LESS_OR_NAME: "Ask for less precision.",
    _ANOTHER_LAMP: "Check that it is the lamp that you named.",
}
# The same of a photo that was to make an instrument; another lamp is advised last, whatever it is.
_IF_CALIBRATING = {_ONCE_CALIBRATED: None, _NEEDS_NO_NAME: None}
_OTHER_LAMP = "Photograph a fluorescent, mercury, neon or helium lamp."

# The code of a photo that was read and cannot be measured.
NOT_MEASURED = "not_measured"

# What a remark's code means.
REMARKS: dict[str, str] = {
    "scaled": "the instrument was calibrated at another size of photo",
    "told_lamp_contradicts": "the light is surely that of another lamp than you named",
    "overexposed": "peaks are clipped and stronger than shown; a shorter exposure shows more",
    "clipped_below_full_scale": "light is clipped at a level below full scale",
    "shifted": "the instrument was moved along the band to fit the photo's own lines",
    "not_checked": "no known line of this light shows whether the spectrometer has moved since",
    "own_wavelengths": "the instrument does not fit; wavelengths are by the photo's own lines",
    "assumed_tone": "no tone curve was stated, so one was assumed; colours and ratios depend on it",
    NOT_MEASURED: "the photo cannot be measured; the text says why",
    "frames_left_out": "some frames did not count",
    "first_of_frames": "the file holds more frames than were read",
    "exposure_differs": "photos of different exposure were scaled to one",
    "exposure_unknown": "only some photos state their exposure, so nothing was scaled",
    "white_balance": "the camera may have used another white balance in one of two photos",
    "reference_left_out": "nothing is said where the reference is too dark or clipped",
    "several_bands": "the photo shows several spectra, and the answer is about one of them",
}

# The same in a line of a table.
REMARKS_IN_SHORT: dict[str, str] = {
    "scaled": "other size",
    "told_lamp_contradicts": "another lamp?",
    "overexposed": "overexposed",
    "clipped_below_full_scale": "overexposed",
    "shifted": "shift corrected",
    "not_checked": "not checked",
    "own_wavelengths": "own wavelengths",
    "assumed_tone": "tone curve assumed",
    NOT_MEASURED: "not measured",
    "frames_left_out": "frames left out",
    "first_of_frames": "more frames",
    "exposure_differs": "exposures differ",
    "exposure_unknown": "exposure unknown",
    "white_balance": "white balance",
    "reference_left_out": "weak reference",
    "several_bands": "several spectra",
}

# What each of these means; of two codes with the same words the first one's meaning.
MEANING_OF_SHORT = {short: REMARKS[code] for code, short in reversed(REMARKS_IN_SHORT.items())}


def advice_on(
    code: str | None, *, clipped: bool = False, told: bool = False, calibrating: bool = False
) -> tuple[str, ...]:
    """Return what to do about a reason.

    Parameters
    ----------
    code : str or None
        Of `ADVICE`.
    clipped : bool
        Whether light is clipped, so that nobody is told to expose longer.
    told : bool
        Whether the user has named the lamp, so that nobody is asked to.
    calibrating : bool
        Whether the photo was to make an instrument, so that nobody is told to make one first.
    """
    instead = (_IF_CLIPPED if clipped else {}) | (_IF_TOLD if told else {})
    instead |= _IF_CALIBRATING if calibrating else {}
    sentences = [instead.get(one, one) for one in ADVICE.get(code, ())]
    if calibrating and code != UNREADABLE:
        sentences.append(_OTHER_LAMP)
    return tuple(sentence for sentence in sentences if sentence is not None)
