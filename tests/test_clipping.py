"""Light that is clipped is called so where clipping hides how strong it is."""

import numpy as np
import pytest

from lib.recognition.clipping import cut_peaks

N = 400


def cut_at(level, fwhm=20.0, channels=(0, 1, 2)):
    """A peak of height 1 in some channels, cut off at a level, and where it is."""
    px = np.arange(N)
    line = np.exp(-4 * np.log(2) * ((px - N / 2) / fwhm) ** 2)
    rgb = np.zeros((N, 3))
    rgb[:, list(channels)] = np.minimum(line, level)[:, None]
    return rgb, line >= level


@pytest.mark.parametrize("fwhm", [15.0, 20.0, 90.0])
@pytest.mark.parametrize("level", [0.85, 0.7, 0.5, 0.25])
def test_a_peak_that_is_cut_off_says_how_much_is_hidden(level, fwhm):
    (peak,) = cut_peaks(*cut_at(level, fwhm))
    assert peak.lost == pytest.approx(1 - level, abs=0.08)
    assert abs((peak.first + peak.last) / 2 - N / 2) <= 0.5


@pytest.mark.parametrize("fwhm", [8.0, 20.0, 90.0])
def test_a_peak_that_only_touches_full_scale_has_kept_its_height(fwhm):
    assert cut_peaks(*cut_at(0.96, fwhm)) == []
    assert cut_peaks(*cut_at(1.01, fwhm)) == []


def test_broad_light_is_judged_by_the_channel_that_clips():
    rgb, clipped = cut_at(0.7, fwhm=60.0, channels=(1,))
    # Red and blue go on where green falls.
    rgb[:, [0, 2]] = 0.6
    (peak,) = cut_peaks(rgb, clipped)
    assert peak.lost == pytest.approx(0.3, abs=0.05)


def test_light_that_is_clipped_from_end_to_end_has_lost_everything():
    (peak,) = cut_peaks(np.ones((N, 3)), np.ones(N, bool))
    assert (peak.first, peak.last, peak.lost) == (0, N - 1, 1.0)
