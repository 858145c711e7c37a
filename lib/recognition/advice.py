"""What a person can do about an answer without a name or without wavelengths, and what to doubt.

Every reason has a code, and every remark, which is a doubt that takes nothing from the answer.
Terminal, service and page show what stands here for it.
"""

_ONCE_CALIBRATED = (
    "Calibrate the instrument with a fluorescent, mercury or neon lamp, and use that."
)
_SHARPER = "Focus the camera on the slit and narrow it, so that lines come out sharp."
_EXPOSE_LONGER = "Expose longer, or bring the lamp nearer to the slit."
_MORE_LINES = "Expose longer, so that more lines show."
_NAME_IT, _ANOTHER_LAMP = "If you know the lamp, name it.", "If it is another lamp, name it."
_LESS_OR_NAME = "Ask for less precision, or name the lamp if you know it."

# The code of what is no photo at all.
UNREADABLE = "unreadable"

# In the order in which the chain asks: the file, the band, its light, the name, the axis, the
# instrument; an instrument that does not fit is said before the lamp.
ADVICE: dict[str, tuple[str, ...]] = {
    UNREADABLE: ("Save it as JPEG, PNG or TIFF; develop raw files first.",),
    "no_spectrum": (
        "Fill the picture with the spectrum.",
        "Keep the background dark and the slit in focus.",
    ),
    "no_such_band": (
        "Draw the box around all of the spectrum.",
        "Numbers count the spectra that the answer without a choice lists.",
    ),
    "too_dark": (
        _EXPOSE_LONGER,
        "Keep other light out of the box.",
    ),
    "clipped": (
        "Expose shorter, or move the lamp away.",
        "Switch off automatic exposure where you can.",
    ),
    "between_two": (_SHARPER, "Show all of the spectrum, from violet to red."),
    "unlike_known": ("It is like no lamp that is known here.", _NAME_IT),
    "other_lamp": (_ONCE_CALIBRATED,),
    "less_sure_than_asked": (_LESS_OR_NAME,),
    "no_lines": (_ONCE_CALIBRATED,),
    "too_short": ("Go nearer, so that the spectrum takes up more of the picture.",),
    "few_lines": (_MORE_LINES, _ONCE_CALIBRATED),
    "unsure_axis": (_SHARPER, "Show more of the lamp's lines."),
    "unconfirmed_axis": (_ANOTHER_LAMP, _SHARPER),
    "light_contradicts": (
        "Take photos as you calibrated: not mirrored, not turned, not cut out. Or calibrate anew.",
    ),
    "other_instrument": (
        "A calibration holds for one instrument that has not moved, and for one size of photo.",
    ),
}

# What is said in place of a sentence where light is clipped, and where the lamp is told; None for
# nothing.
_IF_CLIPPED = {_EXPOSE_LONGER: None, _MORE_LINES: "Expose shorter, so that no line is clipped."}
_IF_TOLD = {
    _NAME_IT: None,
    _LESS_OR_NAME: "Ask for less precision.",
    _ANOTHER_LAMP: "Check that it is the lamp that you named.",
}

# What a remark's code means.
REMARKS: dict[str, str] = {
    "scaled": "the instrument was calibrated at another size of photo",
    "told_lamp_contradicts": "the light is surely that of another lamp than the one you named",
    "overexposed": "part of the spectrum is clipped, and its shape bent there",
    "clipped_below_full_scale": "light ends at one level below full scale: it is clipped there",
    "shifted": "the instrument was moved along the band to fit the photo's own lines",
    "own_wavelengths": "the instrument does not fit the photo; its wavelengths are its own",
    "assumed_tone": "colours and ratios are as good as the tone curve that was assumed",
    "not_measured": "the photo cannot be measured; the text says why",
    "frames_left_out": "some frames did not count",
    "first_of_frames": "the file holds more frames than were read, and none was named",
    "exposure_differs": "photos of different exposure were scaled to one",
    "exposure_unknown": "one photo states its exposure and another does not: nothing was scaled",
    "white_balance": "the camera may have weighed colours otherwise in one of two photos",
    "reference_left_out": "the reference is too dark or clipped in places; nothing is said there",
    "several_bands": "the photo shows several spectra; the answer is about one of them",
}


def advice_on(code: str | None, *, clipped: bool = False, told: bool = False) -> tuple[str, ...]:
    """Return what to do about a reason.

    Parameters
    ----------
    code : str or None
        Of `ADVICE`.
    clipped : bool
        Whether light is clipped, so that nobody is told to expose longer.
    told : bool
        Whether the user has named the lamp, so that nobody is asked to.
    """
    instead = (_IF_CLIPPED if clipped else {}) | (_IF_TOLD if told else {})
    sentences = (instead.get(one, one) for one in ADVICE.get(code, ()))
    return tuple(sentence for sentence in sentences if sentence is not None)
