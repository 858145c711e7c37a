"""A measurement made into the answer for it."""

import numpy as np

from lib.images.picture import ASSUMED
from lib.measurement.colour import colour_of
from lib.measurement.features import Feature, find_features, likeliest, strongest_first
from lib.measurement.measured import (
    Curve,
    LightColour,
    LikelyEmitter,
    Measured,
    MeasuredWavelengths,
    Peak,
)
from lib.measurement.measuring import (
    ABSORBANCE,
    CAMERA,
    TRANSMISSION,
    Measurement,
    Spectrum,
    hidden_nm,
    saturated_nm,
)
from lib.recognition.identified import SHORTER, Remark, clipped_below, several, shifted

# Emitters that explain less than this part of the lines are not listed.
_MIN_SHARE = 0.05
# Lines higher than this part of the highest peak colour a light.
_MATTERS = 0.1
# Clipped ranges that a remark names.
_RANGES_IN_WORDS = 3
# No photo has more lines than this that anybody would go through.
_MAX_PEAKS = 60


def answer_of(measurement: Measurement, spectrum: Spectrum | None = None) -> Measured:
    """Return what was measured.

    Parameters
    ----------
    measurement : Measurement
    spectrum : Spectrum, optional
        What was made of its spectrum: on a grid, a transmission.
    """
    spectrum = spectrum or measurement.spectrum
    features = features_of(measurement, spectrum)
    claimed = [one for one in features if one.claimed]
    colour = colour_of(spectrum, sharp_nm=sharpest_of(measurement, features))
    axis, result = measurement.instrument.axis, measurement.result
    return Measured.of(
        measurement,
        photo=measurement.spectrum.name,
        status="ok",
        reason=result.reason,
        remarks=remarks_of(measurement, spectrum),
        source=result.source,
        certainty=result.certainty,
        threshold=result.threshold,
        probability=result.probability,
        wavelengths=MeasuredWavelengths.of(axis, by_instrument=measurement.by_instrument),
        quantity=spectrum.quantity,
        exposure=str(spectrum.exposure) if spectrum.exposure else None,
        saturated_nm=tuple(saturated_nm(measurement.spectrum)),
        peaks=_listed(claimed),
        peaks_beyond=_listed([one for one in features if not one.claimed]),
        emitters={name: share for name, share in likeliest(claimed).items() if share >= _MIN_SHARE},
        colour=LightColour.of(colour) if colour else None,
    )


def _listed(features: list[Feature]) -> tuple[Peak, ...]:
    """Return the highest features by wavelength, as the answer lists them."""
    return tuple(
        Peak.of(
            one,
            height=float(f"{one.height:.4g}"),
            emitters=tuple(map(LikelyEmitter.of, one.emitters)),
        )
        for one in sorted(features[:_MAX_PEAKS], key=lambda one: one.nm)
    )


def remarks_of(measurement: Measurement, spectrum: Spectrum) -> tuple[Remark, ...]:
    """Return all that is doubtful in a measurement and its spectrum, each doubt once."""
    hidden = hidden_nm(measurement.spectrum)
    remarks = measurement.result.remarks + spectrum.remarks
    remarks += shifted(measurement.instrument.axis)
    if not measurement.result.band_chosen:
        remarks += several(measurement.result.band)
    if not measurement.by_instrument:
        why = measurement.result.reason or "the wavelengths are the photo's own"
        remarks += (Remark("own_wavelengths", why),)
    if hidden:
        unknown = measurement.spectrum.quantity != CAMERA
        what = "nothing is known there" if unknown else "the light there is stronger than shown"
        text = f"clipped {_in_words(hidden)}: {what}; {SHORTER}"
        remarks += (Remark("overexposed", text), *clipped_below(measurement.result.band))
    if measurement.tone_from == ASSUMED and spectrum.quantity != CAMERA:
        text = f"its {spectrum.quantity} holds if the file's tone curve is {measurement.tone}"
        remarks += (Remark("assumed_tone", text),)
    if measurement.left_out:
        count = len(measurement.left_out)
        text = f"{count} frame{'s' if count > 1 else ''} left out"
        remarks += (Remark("frames_left_out", text),)
    return tuple(dict.fromkeys(remarks))


def _in_words(ranges: list[tuple[float, float]]) -> str:
    """Return the first of some ranges of wavelengths in words, and how many more there are."""
    shown = [f"from {low:.0f} to {high:.0f} nm" for low, high in ranges[:_RANGES_IN_WORDS]]
    more = len(ranges) - len(shown)
    return " and ".join([*shown, *([f"in {more} more places"] if more else [])])


def features_of(measurement: Measurement, spectrum: Spectrum) -> list[Feature]:
    """Return the peaks and dips of a spectrum, the highest first.

    Those of light are of all its samples, whatever grid it is shown on.
    """
    of_light = spectrum.quantity not in (TRANSMISSION, ABSORBANCE)
    looked_at = measurement.spectrum if of_light else spectrum
    return strongest_first(find_features(looked_at, measurement.instrument.resolution_nm))


def sharpest_of(measurement: Measurement, features: list[Feature]) -> float | None:
    """Return the instrument's resolution if the light has lines that matter, nm."""
    peaks = [one for one in features if not one.dip]
    top = max((one.height for one in peaks), default=0.0)
    lines = any(not one.broad and one.height > _MATTERS * top for one in peaks)
    return (measurement.instrument.resolution_nm or np.inf) if lines else None


def curve_of(spectrum: Spectrum) -> Curve:
    """Return a spectrum as lists."""
    return Curve.of(
        spectrum,
        error_nm=np.where(spectrum.claimed, spectrum.error_nm, np.nan),
        clipped=spectrum.clipped.any(axis=1),
    )


def facts_of(measurement: Measurement, spectrum: Spectrum) -> dict[str, str]:
    """Return what files say of how they came about."""
    return {
        "name": spectrum.name,
        "quantity": spectrum.quantity,
        "wavelengths": f"nm in air, {measurement.instrument.axis.source}",
        "instrument": measurement.instrument.source,
        "tone": f"{measurement.tone}, {measurement.tone_from}",
        "background": measurement.background,
        "frames": str(measurement.frames),
        "remarks": "; ".join(one.text for one in remarks_of(measurement, spectrum)),
    }
