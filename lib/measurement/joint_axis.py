"""One dispersion curve through the lines of several lamps, and the axis that it is in the photo.

All lines are fitted by one dispersion curve, as specreduce and PypeIt do; how far each lamp's lines
lie from what the others alone say (leave one lamp out) is the error that the instrument really has
(Liu and Hennelly, "Wavelength calibration with multiple lamps", 2024).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from lib.errors import DataError
from lib.polynomials import in_scaled
from lib.recognition.axis.axis import MatchedLine, WavelengthAxis
from lib.recognition.axis.claim import (
    added_covariance,
    difference,
    fits_without_ends,
    largest_error_nm,
)
from lib.recognition.axis.dispersion import NO_POINTS, Dispersion, Points, fit_dispersion
from lib.recognition.axis.verdict import shipped_verdict
from lib.recognition.band import Band
from lib.recognition.instrument import MAX_PX
from lib.recognition.straighten import Geometry

# An instrument's axis is claimed where its standard error is at most this, nm: a laser or an LED
# can still be told from the next one.
MAX_ERROR_NM = 2.5
# Errors that all lines have in common, as haze, blends and colours push them: one way, at least by
# so many nm and by this part of a line's width; and apart, by that part of a width at the outermost
# lines, more beyond. Chosen so that stated 95 % intervals hold along the claim, at the outermost
# lines and beyond them (benchmarks/score_measuring.py lamps counts it).
_COMMON_NM, _COMMON_WIDTHS, _APART_WIDTHS = 0.05, 0.015, 0.02
# Wavelengths for which a curve is written out, nm.
_WRITTEN_NM = (300.0, 1150.0)
# Lamps of one instrument that has not moved agree within this, nm, and within so many errors.
_MAX_DISAGREEMENT_NM, _MAX_DISAGREEMENT_SIGMAS = 1.5, 4.0
# Lamps that agree only within so many nm, this part of a line's width, and so many errors, are
# doubtful. Chosen so that few unmoved simulated lamps are, and most that were moved by 2 nm.
_DOUBTED_NM, _DOUBTED_WIDTHS, _DOUBTED_SIGMAS = 0.4, 0.12, 1.5
# Fewer lines do not tell how arcs change along a band.
_FEWEST_BY_ROWS = 3
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
        What the reader reads in this photo, at photo pixels in place of t.
    error_nm : float
        Middle error of the reading.
    middle_px : float64 array or None
        Where the band's middle rows alone show each line, photo pixels; nan where they do not.
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
    middle_px: np.ndarray | None = None


def fit_curve(lamps: Sequence[LampLines], among: Sequence[LampLines] | None = None) -> Dispersion:
    """Fit one curve to the lines of lamps, over the common t of `among`."""
    return fit_dispersion(*_known(lamps, among or lamps))


def _known(lamps: Sequence[LampLines], among: Sequence[LampLines]) -> tuple[Points, Points]:
    """Return the surest reading of lamps and all their lines, over the common t of `among`."""
    t_of = common_t(among)
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
        return NO_POINTS, lines
    t = t_of(read.t)
    order = np.argsort(t)
    return Points(t[order], read.nm[order], read.sigma_nm[order]), lines


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


def left_out_errors(lamp: LampLines, lamps: Sequence[LampLines]) -> np.ndarray | None:
    """Return the errors of the others' axis at a lamp's lines, nm (n,); None without others."""
    others = [one for one in lamps if one is not lamp]
    if not others:
        return None
    return fit_curve(others, lamps).nm_at(common_t(lamps)(lamp.px)) - lamp.nm


def disagreement(
    lamp: LampLines,
    others: Sequence[LampLines],
    *,
    least_nm: float = _MAX_DISAGREEMENT_NM,
    sigmas: float = _MAX_DISAGREEMENT_SIGMAS,
) -> float:
    """Return how far a lamp's lines lie off the axis of others, over what is allowed.

    What is allowed is `least_nm` and `sigmas` standard errors of both, added in squares.
    """
    among = [lamp, *others]
    t = common_t(among)(lamp.px)
    curve = fit_curve(others, among)
    error = shipped_verdict().error_scale * curve.error_at(t)
    allowed = np.hypot(least_nm, sigmas * np.hypot(error, lamp.sigma_nm))
    return float(np.median(np.abs(curve.nm_at(t) - lamp.nm) / allowed))


def is_doubtful(lamp: LampLines, lamps: Sequence[LampLines]) -> bool:
    """Return whether a lamp that was used lies further off the others than they do by chance."""
    others = [one for one in lamps if one is not lamp]
    if not others:
        return False
    px = np.array([lamp.px.mean(), lamp.px.mean() + 1])
    width_nm = _line_width_px(lamps) * abs(
        float(np.diff(fit_curve(lamps).nm_at(common_t(lamps)(px)))[0])
    )
    least_nm = max(_DOUBTED_NM, _DOUBTED_WIDTHS * width_nm)
    return disagreement(lamp, others, least_nm=least_nm, sigmas=_DOUBTED_SIGMAS) > 1


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
        error = rms(left_out_errors(lamps[worst], lamps))
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
    px = _pixels(lines, size and size[0 if vertical else 1])
    nm = curve.nm_at(t_of(px))
    middle = int(np.abs(px - np.median(lines)).argmin())
    inside = (nm > _WRITTEN_NM[0]) & (nm < _WRITTEN_NM[1])
    inside &= np.gradient(nm) * np.sign(nm[-1] - nm[0]) > 1e-3 * np.abs(np.gradient(nm)[middle])
    first, last = _run(inside, middle)
    found = _matched(curve, lamps)
    ends = t_of(px[[first, last]])
    polynomial, covariance = curve.as_polynomial(float(ends[0]), float(ends[1]))
    reading, known = _known(lamps, lamps)
    # What a person has told needs no check.
    told = np.repeat([not lamp.lamp for lamp in lamps], [len(lamp.px) for lamp in lamps])
    others = fits_without_ends(reading, known, curve, told)
    width_nm = _line_width_px(lamps) * abs(float(np.gradient(nm)[middle]))
    errors = [*_common(known.t, width_nm), *(partial(difference, curve, one) for one in others)]
    errors += _by_rows(curve, lamps)
    covariance = scale**2 * covariance + added_covariance(errors, tuple(ends), len(polynomial))
    origin, half = (px[first] + px[last]) / 2, (px[last] - px[first]) / 2
    axis = WavelengthAxis(
        coefficients=in_scaled(polynomial, origin, half),
        axis="y" if vertical else "x",
        rms_nm=rms([line.residual_nm for line in found]),
        uncertainty_nm=0.0,
        lines=tuple(sorted(found, key=lambda line: line.nm)),
        model=curve.family.name,
        lamp="+".join(dict.fromkeys(lamp.lamp for lamp in lamps if lamp.lamp)),
        origin_px=float(origin),
        scale_px=float(half),
        covariance=tuple(tuple(float(value) for value in row) for row in covariance),
        range_px=(float(px[first]), float(px[last])),
    )
    sure = inside & (axis.standard_error_nm(px) <= MAX_ERROR_NM)
    for other in others:
        sure &= scale * other.error_at(t_of(px)) <= MAX_ERROR_NM
    low, high = _run(sure, middle)
    axis = replace(axis, range_px=(float(px[low]), float(px[high])))
    return replace(axis, uncertainty_nm=largest_error_nm(axis))


def _pixels(lines: np.ndarray, length: int | None) -> np.ndarray:
    """Return the pixels along a frame, of a length or as long as lines, (n,), allow."""
    if length is not None:
        return np.arange(length, dtype=np.float64)
    # Nobody knows the frame: as far beyond the lines as they span, but not before its edge.
    span = float(np.ptp(lines))
    first = max(np.floor(lines.min() - span), 0)
    return np.arange(first, min(np.ceil(lines.max() + span), MAX_PX) + 1)


def _matched(curve: Dispersion, lamps: Sequence[LampLines]) -> list[MatchedLine]:
    """Return the lines of lamps with what a curve leaves of each."""
    t_of = common_t(lamps)
    return [
        MatchedLine(float(nm), float(x), emitter, float(curve.nm_at(t_of(x)[None])[0] - nm))
        for lamp in lamps
        for x, nm, emitter in zip(lamp.px, lamp.nm, lamp.emitters, strict=True)
    ]


def _line_width_px(lamps: Sequence[LampLines]) -> float:
    """Return the width of the sharpest lines of lamps, pixels; 0 where nobody knows."""
    widths = [lamp.width_px for lamp in lamps if np.isfinite(lamp.width_px)]
    return float(min(widths, default=0.0))


def _common(t: np.ndarray, width_nm: float) -> list[Callable[[np.ndarray], np.ndarray]]:
    """Return the errors that lines at t, of a width, have in common, as functions of t."""
    middle, half = (t.min() + t.max()) / 2, max(float(np.ptp(t)) / 2, 0.05)
    one_way = float(np.hypot(_COMMON_NM, _COMMON_WIDTHS * width_nm))
    return [
        lambda t: np.full_like(t, one_way),
        lambda t: _APART_WIDTHS * width_nm * (t - middle) / half,
    ]


def _by_rows(
    curve: Dispersion, lamps: Sequence[LampLines]
) -> list[Callable[[np.ndarray], np.ndarray]]:
    """Return by how much light on the band's middle rows alone is read wrongly, as function of t.

    Lines that stay arcs in the straightened band, as their bend changes along it, peak elsewhere on
    the middle rows than on all. Light need not fill the slit as the lamps did.
    """
    seen = [lamp for lamp in lamps if lamp.middle_px is not None]
    if not seen:
        return []
    t_of = common_t(lamps)
    px, middle, sigma = (
        np.concatenate([getattr(lamp, name) for lamp in seen])
        for name in ("px", "middle_px", "sigma_nm")
    )
    known = np.isfinite(middle)
    if known.sum() < _FEWEST_BY_ROWS:
        return []
    t = t_of(px[known])
    off = curve.nm_at(t_of(middle[known])) - curve.nm_at(t)
    return [np.polynomial.Polynomial.fit(t, off, 1, w=1 / sigma[known])]


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


def rms(values: np.ndarray) -> float:
    """Return the root mean square."""
    return float(np.sqrt(np.mean(np.square(values))))
