"""Axes of the same peaks by others: rascal, specreduce, SpectralWorkbench's line through two."""

import contextlib
import io
import signal
import warnings

import numpy as np

from lib.lines import line_list
from lib.recognition.axis.peaks import find_lines
from lib.recognition.band import BandProfile

# Peaks that match nothing keep rascal busy for minutes; a fit that works takes one to six seconds.
RASCAL_SECONDS = 20.0


def two_peak_line(profile: BandProfile, px: np.ndarray, nm: np.ndarray) -> np.ndarray | None:
    """Lay a straight line through the peaks at Hg 435.8 and 546.1 nm, rightly picked by hand.

    The hand is the truth: the peaks nearest to the true places, if within 8 nm.
    """
    peaks = find_lines(profile.rgb)
    if len(px) == 0 or len(peaks) == 0:
        return None
    index = np.arange(len(profile.position))
    # The two lines lie inside the asked wavelengths, at whose places the truth is known.
    truth = np.polynomial.Polynomial.fit(px, nm, min(4, len(px) - 1))
    true_nm = truth(np.interp(peaks.place, index, profile.position))
    low, high = (int(np.abs(true_nm - nm).argmin()) for nm in (435.833, 546.074))
    if abs(true_nm[low] - 435.833) > 8 or abs(true_nm[high] - 546.074) > 8:
        return None
    slope = (546.074 - 435.833) / (peaks.place[high] - peaks.place[low])
    return 435.833 + slope * (index - peaks.place[low])


def specreduce_axis(
    peaks: np.ndarray, samples: int, lines: str, ends_nm: tuple[float, float]
) -> np.ndarray | None:
    """Return specreduce's wavelength of each sample, None where it finds no fit.

    It is told the lamp, and the range within a tenth: `ends_nm` are the true wavelengths of the
    first sample and the last.
    """
    from astropy import units as u
    from specreduce.wavecal1d import WavelengthCalibration1D

    table = line_list(lines)
    low, high = sorted(ends_nm)
    span = high - low
    middle, slope = (low + high) / 2, span / (samples - 1)
    seen = table.select((table.nm > low - 0.1 * span) & (table.nm < high + 0.1 * span))
    seen = seen.select(seen.intensity > 2)
    places = samples - 1 - peaks[::-1] if ends_nm[0] > ends_nm[1] else peaks
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        np.random.seed(0)
        try:
            calibration = WavelengthCalibration1D(
                obs_lines=[places],
                line_lists=[np.array(seen.nm)],
                unit=u.nm,
                ref_pixel=(samples - 1) / 2,
                pix_bounds=(0, samples),
                wave_air=True,
            )
            solution = calibration.fit_dispersion(
                (middle - 0.1 * span, middle + 0.1 * span),
                (0.9 * slope, 1.1 * slope),
                degree=min(3, len(places) - 1),
                higher_order_limits=[0.2 * slope / samples, 0.2 * slope / samples**2],
                max_distance=20,
            )
            nm = np.asarray(solution.pix_to_wav(np.arange(samples)), float)
        # It reports what it cannot fit by whatever its numerics raise.
        except Exception:
            return None
    if not np.all(np.isfinite(nm)):
        return None
    return nm[::-1] if ends_nm[0] > ends_nm[1] else nm


def rascal_axis(peaks: np.ndarray, samples: int, lines: str) -> np.ndarray | None:
    """Return rascal's wavelength of each sample, None where it finds no fit."""
    from rascal.calibrator import Calibrator

    def stop(*_: object) -> None:
        raise TimeoutError

    signal.signal(signal.SIGALRM, stop)
    table = line_list(lines)
    seen = table.select((table.nm > 380) & (table.nm < 760) & (table.intensity > 2))
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        signal.setitimer(signal.ITIMER_REAL, RASCAL_SECONDS)
        try:
            calibrator = Calibrator(peaks)
            calibrator.set_calibrator_properties(num_pix=samples, log_level="critical")
            calibrator.set_hough_properties(
                num_slopes=2000,
                xbins=100,
                ybins=100,
                min_wavelength=380,
                max_wavelength=720,
                range_tolerance=60,
            )
            calibrator.set_ransac_properties(sample_size=min(5, len(peaks)))
            calibrator.add_user_atlas([lines] * len(seen), list(seen.nm))
            calibrator.do_hough_transform(brute_force=False)
            fit = calibrator.fit(max_tries=200, fit_deg=min(2, len(peaks) - 1), progress=False)
        # rascal reports what it cannot fit by whatever its numerics raise.
        except Exception:
            return None
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
    if fit is None or not np.all(np.isfinite(fit[0])):
        return None
    return np.polynomial.polynomial.polyval(np.arange(samples), fit[0])
