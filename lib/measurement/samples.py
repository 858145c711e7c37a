"""What a sample lets through of the light of a reference."""

from dataclasses import replace

import numpy as np

from lib.errors import DataError
from lib.measurement.exposed import times_of
from lib.measurement.measuring import ABSORBANCE, TRANSMISSION, Spectrum, by_its_scatter
from lib.measurement.response import MIN_LIGHT
from lib.recognition.identified import Remark, of_file

# A reference fainter than this part of the sensor's full scale, or than so many errors, says
# nothing: a grainy camera's darkness, cut off at black, has a mean of half of it.
_MIN_REFERENCE = 0.003
_MIN_SIGMAS = 5.0
# A reference lights at least this part of the band; noise passes for light here and there.
_MIN_LIT = 0.05
# No transmission is told from none below this.
_MIN_TRANSMISSION = 1e-4


def transmission(sample: Spectrum, reference: Spectrum, *, absorbance: bool = False) -> Spectrum:
    """Return what a sample lets through of the light of a reference, or its absorbance.

    Absorbance is -log10 of the transmission. Where the reference is dark or either has clipped, it
    is nan. Photos of different exposure are scaled, where both state it.

    Raises
    ------
    DataError
        If the reference shows no light, or is of another band, or of a gain that nobody can
        compare.
    """
    if len(sample.px) != len(reference.px) or np.abs(sample.nm - reference.nm).max() > 0.5:
        raise DataError(
            f"{reference.name}: its wavelengths are not those of {sample.name}; "
            "expected both by one instrument, at one size"
        )
    times = times_of(sample.exposure, sample.name, reference.exposure, reference.name)
    usable, remarks = _usable(sample, reference)
    light, through, noise = (
        np.where(usable, part, 0.0)
        for part in (reference.rgb, sample.rgb, np.hypot(sample.rgb_noise, reference.rgb_noise))
    )
    total = light.sum(axis=1) * (times or 1.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.where(total > 0, through.sum(axis=1) / total, np.nan)
        error = np.where(total > 0, np.sqrt((noise**2).sum(axis=1)) / total, np.nan)
    quantity = TRANSMISSION
    if absorbance:
        quantity = ABSORBANCE
        kept = np.maximum(share, _MIN_TRANSMISSION)
        share, error = -np.log10(kept), error / (kept * np.log(10))
    remarks += _compared(sample, reference, times)
    compared = replace(
        sample,
        intensity=share,
        noise=error,
        quantity=quantity,
        remarks=sample.remarks + of_file(reference.name, reference.remarks) + remarks,
    )
    return by_its_scatter(compared)


def _usable(sample: Spectrum, reference: Spectrum) -> tuple[np.ndarray, tuple[Remark, ...]]:
    """Return where channels (n, 3) tell a transmission, and what is to be said of the rest."""
    # Both are of one sensor: what was taken for a lesser one's full scale is only darker.
    full = max(sample.full_scale, reference.full_scale)
    clipped = np.zeros(sample.clipped.shape, bool)
    for spectrum in (sample, reference):
        if spectrum.full_scale == full:
            clipped |= spectrum.clipped
    least = np.maximum(MIN_LIGHT * reference.rgb.max(axis=0), _MIN_REFERENCE * full)
    lit = reference.rgb > np.maximum(least, _MIN_SIGMAS * reference.rgb_noise)
    usable = lit & ~clipped
    if usable.any(axis=1).mean() < _MIN_LIT:
        raise DataError(f"{reference.name}: no light in the reference that is not clipped")
    nothing = ~usable.any(axis=1)
    if not nothing.any():
        return usable, ()
    dark = int((nothing & ~lit.any(axis=1)).sum())
    words = [
        f"{count} of {len(nothing)} samples, where the reference is {why}"
        for count, why in (
            (dark, "too dark"),
            (int(nothing.sum()) - dark, "too dark or either photo is clipped"),
        )
        if count
    ]
    return usable, (Remark("reference_left_out", "nothing said at " + " and ".join(words)),)


def _compared(sample: Spectrum, reference: Spectrum, times: float | None) -> tuple[Remark, ...]:
    """Return what is to be said of two photos that were compared."""
    remarks = ()
    both = f"{sample.name}: {sample.exposure}; {reference.name}: {reference.exposure}"
    if times is None:
        text = f"exposures cannot be compared, nothing was scaled ({both})"
        remarks += (Remark("exposure_unknown", text),)
    elif times != 1.0:
        text = f"exposed {times:.3g} times as long or strongly as the reference, scaled ({both})"
        remarks += (Remark("exposure_differs", text),)
    balances = {sample.white_balance, reference.white_balance}
    if "automatic" in balances:
        text = "white balance was automatic: colours may be weighed otherwise than in the reference"
        remarks += (Remark("white_balance", text),)
    elif len(balances) > 1:
        text = "white balance differs: " + " and ".join(
            str(one or "not stated") for one in balances
        )
        remarks += (Remark("white_balance", text),)
    return remarks
