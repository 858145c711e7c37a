"""One dispersion curve through the lines of several lamps, and the axis that it is in the photo.

All lines are fitted by one dispersion curve, as specreduce and PypeIt do; how far each lamp's lines
lie from what the others alone say (leave one lamp out) is the error that the instrument really has
(Liu and Hennelly, "Wavelength calibration with multiple lamps", 2024).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from lib.errors import DataError
from lib.recognition.axis.axis import MatchedLine, WavelengthAxis, polynomial_in_photo
from lib.recognition.axis.dispersion import NO_POINTS, Dispersion, Points, fit_dispersion
from lib.recognition.axis.verdict import shipped_verdict
from lib.recognition.band import Band
from lib.recognition.instrument import MAX_PX
from lib.recognition.straighten import Geometry

# An instrument's axis is claimed where its standard error is at most this, nm: a laser or an LED
# can still be told from the next one.
MAX_ERROR_NM = 2.5
# Standard error that all lines have in common, nm: haze, blends and colours push them one way. With
# it 95 % intervals of simulated instruments hold 93 to 98 % of the truth at 550 nm, 83 to 90 % at
# 420 nm and 85 to 98 % at 680 nm (benchmarks/score_measuring.py lamps).
_COMMON_ERROR_NM = 0.15
# Wavelengths for which a curve is written out, nm.
_WRITTEN_NM = (300.0, 1150.0)
# Lamps of one instrument that has not moved agree within this, nm, and within so many errors.
_MAX_DISAGREEMENT_NM, _MAX_DISAGREEMENT_SIGMAS = 1.5, 4.0
# A line is an outlier from so many of its errors on.
_OUTLIER_SIGMAS = 4.0


@dataclass(frozen=True)
class LampLines:
    """The lines of one lamp in photo pixels; arrays of shape (n,).

    Attributes
    ----------
    name : str
        Of the photo, or "points".
    lamp : str
        Line lists; "" for points.
    px, nm, sigma_nm : float64 arrays
    emitters : tuple of str
    width_px : float
        Full width at half maximum of its sharpest lines; nan where nobody knows.
    reading : Points or None
        What the axis network reads in this photo, at photo pixels in place of t.
    error_nm : float
        Middle error of the reading.
    """

    name: str
    lamp: str
    px: np.ndarray
    nm: np.ndarray
    sigma_nm: np.ndarray
    emitters: tuple[str, ...]
    width_px: float = np.nan
    reading: Points | None = None
    error_nm: float = np.inf


def fit_curve(lamps: Sequence[LampLines], among: Sequence[LampLines] | None = None) -> Dispersion:
    """Fit one curve to the lines of lamps, over the common t of `among`."""
    t_of = common_t(among or lamps)
    lines = Points(
        *(
            np.concatenate(parts)
            for parts in zip(
                *((t_of(lamp.px), lamp.nm, lamp.sigma_nm) for lamp in lamps), strict=True
            )
        )
    )
    read = min(lamps, key=lambda lamp: lamp.error_nm).reading
    if read is None:
        return fit_dispersion(NO_POINTS, lines)
    t = t_of(read.t)
    order = np.argsort(t)
    return fit_dispersion(Points(t[order], read.nm[order], read.sigma_nm[order]), lines)


def common_t(lamps: Sequence[LampLines]) -> Callable[[np.ndarray], np.ndarray]:
    """Return the function from photo pixels to the common t, along which wavelengths grow."""
    spans = [lamp.reading.t if lamp.reading is not None else lamp.px for lamp in lamps]
    px = np.concatenate([*spans, *(lamp.px for lamp in lamps)])
    low, high = float(px.min()), float(px.max())
    lines = max(lamps, key=lambda lamp: len(lamp.px))
    order = np.argsort(lines.px)
    rises = lines.nm[order][-1] > lines.nm[order][0] if len(order) > 1 else True
    half = max((high - low) / 2, 1.0) * (1 if rises else -1)
    return lambda place: (np.asarray(place, np.float64) - (low + high) / 2) / half


def left_out_error(lamp: LampLines, lamps: Sequence[LampLines]) -> float | None:
    """Return the error of the others' axis at a lamp's lines, nm, root mean square."""
    others = [one for one in lamps if one is not lamp]
    if not others:
        return None
    return _rms(fit_curve(others, lamps).nm_at(common_t(lamps)(lamp.px)) - lamp.nm)


def disagreement(lamp: LampLines, others: Sequence[LampLines]) -> float:
    """Return how far a lamp's lines lie off the axis of others, over what is allowed."""
    among = [lamp, *others]
    t = common_t(among)(lamp.px)
    curve = fit_curve(others, among)
    error = shipped_verdict().error_scale * curve.error_at(t)
    allowed = np.hypot(
        _MAX_DISAGREEMENT_NM, _MAX_DISAGREEMENT_SIGMAS * np.hypot(error, lamp.sigma_nm)
    )
    return float(np.median(np.abs(curve.nm_at(t) - lamp.nm) / allowed))


def lamps_that_agree(
    lamps: list[LampLines],
) -> tuple[list[LampLines], list[tuple[str, str]]]:
    """Return the lamps that agree, and those that do not, of three or more the odd one.

    Raises
    ------
    DataError
        If two disagree, and nobody can say which is wrong.
    """
    left_out: list[tuple[str, str]] = []
    while len(lamps) > 1:
        off = [
            disagreement(lamp, [other for other in lamps if other is not lamp]) for lamp in lamps
        ]
        worst = int(np.argmax(off))
        if off[worst] <= 1:
            break
        error = left_out_error(lamps[worst], lamps)
        if len(lamps) == 2:
            raise DataError(
                f"{lamps[0].name} and {lamps[1].name} disagree by {error:.1f} nm: expected lamps "
                "of one instrument, with nothing moved in between"
            )
        odd = lamps.pop(worst)
        left_out.append((odd.name, f"its lines lie {error:.1f} nm off the axis of the others"))
    return lamps, left_out


def axis_in_photo(
    curve: Dispersion,
    lamps: Sequence[LampLines],
    size: tuple[int, int] | None,
    band: Band | None,
) -> WavelengthAxis:
    """Express a curve in the photo's pixels, over all of the frame that light can reach."""
    t_of, scale = common_t(lamps), shipped_verdict().error_scale
    geometry: Geometry | None = band.geometry if band is not None else None
    vertical = geometry is not None and geometry.axis == "vertical"
    lines = np.concatenate([lamp.px for lamp in lamps])
    if size is not None:
        px = np.arange(size[0] if vertical else size[1], dtype=np.float64)
    else:
        # Nobody knows the frame: as far beyond the points as they span, but not before its edge.
        span = float(np.ptp(lines))
        first = max(np.floor(lines.min() - span), 0)
        px = np.arange(first, min(np.ceil(lines.max() + span), MAX_PX) + 1)
    nm = curve.nm_at(t_of(px))
    middle = int(np.abs(px - np.median(lines)).argmin())
    inside = (nm > _WRITTEN_NM[0]) & (nm < _WRITTEN_NM[1])
    inside &= np.gradient(nm) * np.sign(nm[-1] - nm[0]) > 1e-3 * np.abs(np.gradient(nm)[middle])
    first, last = _run(inside, middle)
    sure = np.hypot(scale * curve.error_at(t_of(px)), _COMMON_ERROR_NM) <= MAX_ERROR_NM
    low, high = _run(sure & inside, middle)
    ends = t_of(px[[first, last]])
    polynomial, covariance = curve.as_polynomial(float(ends[0]), float(ends[1]))
    covariance = covariance * scale**2
    covariance[0, 0] += _COMMON_ERROR_NM**2
    origin, half = (px[first] + px[last]) / 2, (px[last] - px[first]) / 2
    claimed = t_of(px[low : high + 1])
    found = [
        MatchedLine(float(nm), float(x), emitter, float(curve.nm_at(t_of(x)[None])[0] - nm))
        for lamp in lamps
        for x, nm, emitter in zip(lamp.px, lamp.nm, lamp.emitters, strict=True)
    ]
    return WavelengthAxis(
        coefficients=polynomial_in_photo(polynomial, origin, half),
        axis="y" if vertical else "x",
        rms_nm=_rms([line.residual_nm for line in found]),
        uncertainty_nm=float(np.hypot(_rms(scale * curve.error_at(claimed)), _COMMON_ERROR_NM)),
        lines=tuple(sorted(found, key=lambda line: line.nm)),
        model=curve.family.name,
        lamp="+".join(dict.fromkeys(lamp.lamp for lamp in lamps if lamp.lamp)),
        origin_px=float(origin),
        scale_px=float(half),
        covariance=tuple(tuple(float(value) for value in row) for row in covariance),
        range_px=(float(px[low]), float(px[high])),
    )


def _run(true: np.ndarray, middle: int) -> tuple[int, int]:
    """Return the first and last place of the run of true values about the one nearest `middle`."""
    places = np.flatnonzero(true)
    if not len(places):
        raise DataError(f"the axis is uncertain by more than {MAX_ERROR_NM} nm everywhere")
    here = int(places[np.abs(places - middle).argmin()])
    false = np.flatnonzero(~true)
    first = int(false[false < here].max(initial=-1)) + 1
    return first, int(false[false > here].min(initial=len(true))) - 1


def outliers_of(axis: WavelengthAxis, lamps: Sequence[LampLines]) -> list[MatchedLine]:
    """Return the lines that lie off an axis by more than their own errors allow."""
    sigma = {
        (float(x), float(nm)): s
        for lamp in lamps
        for x, nm, s in zip(lamp.px, lamp.nm, lamp.sigma_nm, strict=True)
    }
    return [
        line
        for line in axis.lines
        if abs(line.residual_nm) > _OUTLIER_SIGMAS * sigma[line.px, line.nm]
    ]


def _rms(values: np.ndarray) -> float:
    """Return the root mean square."""
    return float(np.sqrt(np.mean(np.square(values))))
