"""What a peak may be a line of: one line is claimed only where no other lies within the error."""

import numpy as np
import pytest

from lib.lines import line_list
from lib.measurement.emitters import emitters_of
from lib.measurement.measuring import CAMERA, Spectrum
from lib.recognition.axis.peaks import Peaks

NM = np.arange(500.0, 700.0, 0.1)
# The strong lines of neon in sight.
STRONG = {
    nm: flux
    for nm, flux in zip(line_list("neon").nm, line_list("neon").intensity, strict=True)
    if 536 < nm < 690 and flux >= 0.05 * line_list("neon").intensity.max()
}


def emitters(*places, error=0.03):
    """The likeliest emitters of peaks of neon at some places, beside others that are sure."""
    nm = np.sort([*STRONG, *places])
    count = len(nm)
    strong = np.isin(nm, list(STRONG))
    peaks = Peaks(
        place=(nm - NM[0]) / 0.1,
        sigma=np.where(strong, 0.03, error) / 0.1,
        fwhm=np.full(count, 5.0),
        # As a photo's tone curve shows them.
        height=100 * (np.array([STRONG.get(one, 3.0) for one in nm]) / 150) ** (1 / 2.2),
        clipped=np.zeros(count, bool),
        point_spread=5.0,
        detection_limit=15.0,
    )
    ones = np.ones(len(NM))
    spectrum = Spectrum(
        name="neon",
        nm=NM,
        error_nm=0.02 * ones,
        claimed=ones > 0,
        intensity=ones,
        noise=0.01 * ones,
        quantity=CAMERA,
        rgb=np.ones((len(NM), 3)),
        rgb_noise=np.full((len(NM), 3), 0.01),
        clipped=np.zeros((len(NM), 3), bool),
        px=np.arange(len(NM), dtype=float),
    )
    found = emitters_of(peaks, spectrum)
    return [found[int(np.flatnonzero(nm == place)[0])][0] for place in places]


@pytest.mark.parametrize("place", [533.4, 533.6, 533.9])
def test_a_peak_between_two_lines_within_its_error_is_the_brighter_of_several(place):
    (one,) = emitters(place, error=0.4)
    assert one.name == "Ne I" and not one.resolved
    assert one.nm == pytest.approx(534.11, abs=0.1)


def test_a_line_that_no_other_is_near_is_claimed():
    (one,) = emitters(503.78, error=0.4)
    assert one.resolved and one.nm == pytest.approx(503.775, abs=0.05)
    (sure,) = emitters(533.078)
    assert sure.resolved and sure.nm == pytest.approx(533.078, abs=0.05)


def test_two_peaks_tell_two_lines_apart():
    first, second = emitters(533.1, 534.15, error=0.4)
    assert first.nm == pytest.approx(533.078, abs=0.05) and first.resolved
    assert second.nm == pytest.approx(534.15, abs=0.1)
