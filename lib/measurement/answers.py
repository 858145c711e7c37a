"""A measurement as the JSON object that measure.py prints and the service answers."""

from dataclasses import asdict

import numpy as np

from lib.measurement.colour import Colour, colour_of
from lib.measurement.features import Feature, find_features, likeliest, strongest_first
from lib.measurement.measuring import ABSORBANCE, TRANSMISSION, Measurement, Spectrum, saturated_nm

# Emitters that explain less than this part of the lines are not listed.
_MIN_SHARE = 0.05
# Lines higher than this part of the highest peak colour a light.
_MATTERS = 0.1
# No photo has more lines than this that anybody would go through.
_MAX_PEAKS = 60


def answer_of(measurement: Measurement, spectrum: Spectrum | None = None) -> dict:
    """Return what was measured, as JSON holds it.

    Parameters
    ----------
    measurement : Measurement
    spectrum : Spectrum, optional
        What was made of its spectrum: on a grid, a transmission.
    """
    spectrum = spectrum or measurement.spectrum
    instrument, result = measurement.instrument, measurement.result
    features = features_of(measurement, spectrum)
    axis = instrument.axis
    return {
        "photo": measurement.spectrum.name,
        "status": "ok",
        "reason": result.reason,
        "source": result.source,
        "probability": None if result.probability is None else round(result.probability, 4),
        "wavelengths": {
            "source": axis.source,
            "by_instrument": measurement.by_instrument,
            "shift_px": None if axis.shift_px is None else round(axis.shift_px, 2),
            "range_nm": [round(nm, 2) for nm in axis.range_nm],
            "uncertainty_nm": round(axis.uncertainty_nm, 3),
        },
        "quantity": spectrum.quantity,
        "tone": measurement.tone,
        "background": measurement.background,
        "frames": measurement.frames,
        "left_out": list(measurement.left_out),
        "saturated_nm": [
            [round(low, 1), round(high, 1)] for low, high in saturated_nm(measurement.spectrum)
        ],
        "peaks": [_peak(one) for one in sorted(features[:_MAX_PEAKS], key=lambda one: one.nm)],
        "emitters": {
            name: round(share, 3)
            for name, share in likeliest(features).items()
            if share >= _MIN_SHARE
        },
        "colour": _colour(colour_of(spectrum, sharp_nm=sharpest_of(measurement, features))),
    }


def features_of(measurement: Measurement, spectrum: Spectrum) -> list[Feature]:
    """Return the peaks of a spectrum, the highest first; none of what a sample lets through."""
    if spectrum.quantity in (TRANSMISSION, ABSORBANCE):
        return []
    found = find_features(measurement.spectrum, measurement.instrument.resolution_nm)
    return strongest_first(found)


def sharpest_of(measurement: Measurement, features: list[Feature]) -> float | None:
    """Return the instrument's resolution if the light has lines that matter, nm."""
    top = max((feature.height for feature in features), default=0.0)
    lines = any(not one.broad and one.height > _MATTERS * top for one in features)
    return (measurement.instrument.resolution_nm or np.inf) if lines else None


def curve_of(spectrum: Spectrum) -> dict:
    """Return a spectrum as lists: nm, error_nm, intensity, noise and clipped, null for unknown."""
    return {
        "nm": np.round(spectrum.nm, 3).tolist(),
        "error_nm": _listed(np.where(spectrum.claimed, spectrum.error_nm, np.nan), 3),
        "intensity": _listed(spectrum.intensity, 6),
        "noise": _listed(spectrum.noise, 6),
        "clipped": spectrum.clipped.any(axis=1).tolist(),
    }


def facts_of(measurement: Measurement, spectrum: Spectrum) -> dict[str, str]:
    """Return what files say of how they came about."""
    return {
        "name": spectrum.name,
        "quantity": spectrum.quantity,
        "wavelengths": f"nm in air, {measurement.instrument.axis.source}",
        "instrument": measurement.instrument.source,
        "tone": measurement.tone,
        "background": measurement.background,
        "frames": str(measurement.frames),
    }


def _peak(feature: Feature) -> dict:
    return {
        "nm": round(feature.nm, 3),
        "error_nm": round(feature.error_nm, 3),
        "fwhm_nm": round(feature.fwhm_nm, 2),
        "height": float(f"{feature.height:.4g}"),
        "centroid_nm": round(feature.centroid_nm, 3),
        "broad": feature.broad,
        "clipped": feature.clipped,
        "emitters": [
            {**asdict(one), "nm": round(one.nm, 3), "probability": round(one.probability, 3)}
            for one in feature.emitters
        ],
    }


def _colour(colour: Colour | None) -> dict | None:
    if colour is None:
        return None
    digits = {"x": 4, "y": 4, "cct_k": 0, "duv": 4, "cri_ra": 1, "cfi_rf": 1}
    return {
        name: None if value is None else round(value, digits[name])
        for name, value in asdict(colour).items()
    }


def _listed(values: np.ndarray, digits: int) -> list[float | None]:
    return [round(float(value), digits) if np.isfinite(value) else None for value in values]
