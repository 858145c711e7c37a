"""From a rough geometry to an exact one: spectral lines upright, the trace followed.

The lean and the smile of the lines are those that make the mean over all rows sharpest: the sum
of the squared slopes of the averaged profile is greatest when every row's lines fall on one
another. In frequency space the search needs one transform of each row and no resampling.
"""

from dataclasses import replace

import numpy as np

from lib.polynomials import in_scaled
from lib.recognition.curves import median
from lib.recognition.straighten import Geometry, brightest_channel, sample

# Sampling of the measuring strip: enough for a fifth of a line's width, bounded for speed.
_MAX_ROWS = 25
_MAX_COLUMNS = 640
_MAX_FREQUENCIES = 192
# Lines lean at most so far against the normal of the trace: beyond 30 deg nothing is resolved.
_STEEPEST_LEAN = 0.6
# Smile shifts the ends of the lines by at most this part of the band's length.
_DEEPEST_SMILE = 0.16
# A step of the search's first pass shifts the outermost rows by this many samples. The pass takes
# at most this many steps to either side. Each later pass takes a few finer steps, which reach
# this part of a first step to either side.
_STEP_SAMPLES, _MOST_STEPS = 1.5, 30
_FINER, _FINE_STEPS = (1.0, 0.5), 2
# A bend is believed if it makes the profile this much sharper than straight, upright lines do;
# continua without edges change by less than this under any bend.
_MIN_GAIN = 1.02
# A frequency counts as light above this many times the noise's power.
_NOISE_MARGIN = 2.0
# Light below this part of a block's brightest row is its fading edge.
_EDGE_PART = 0.5
_THIN_PART = 0.7
_TRACE_BLOCKS, _TRACE_ROWS = 16, 97
# A band shorter than this many of its heights shows no slope; its edges, and what else lies across
# it, would be taken for one.
_MIN_LENGTH = 1.0


def refine(image: np.ndarray, geometry: Geometry, uncertainty_px: float) -> Geometry:
    """Return a geometry whose lines are upright and whose centre line follows the trace.

    Parameters
    ----------
    image : uint8 array of shape (h, w, 3)
    geometry : Geometry
        Rough: ends and height to some 10 %, slope to a few degrees.
    uncertainty_px : float
        How far off its centre line may lie at its ends.
    """
    geometry = replace(geometry, lean=-geometry.slope(), smile=0.0)
    geometry = _bend_lines(image, geometry)
    followed = _follow_trace(image, geometry, uncertainty_px)
    if followed is geometry:
        return geometry
    if followed.half_height < min(2 * uncertainty_px, _THIN_PART * geometry.half_height):
        # A thin trace in a wide mask shows its own edges only from close by.
        followed = _follow_trace(image, followed, uncertainty_px)
    return _bend_lines(image, followed)


def _strip(
    image: np.ndarray, geometry: Geometry, reach: float, most: int
) -> tuple[np.ndarray, ...]:
    """Light of a measuring strip, float32 (m, n), with its offsets (m,) and positions (n,)."""
    length = geometry.stop - geometry.start
    along = np.linspace(geometry.start, geometry.stop, int(np.clip(length + 1, 8, _MAX_COLUMNS)))
    rows = int(np.clip(2 * np.floor(reach) + 1, 3, most))
    offset = _inside(image, geometry, np.linspace(-reach, reach, rows))
    strip = brightest_channel(sample(image, geometry, along, offset)).astype(np.float32)
    return strip, offset, along


def _inside(image: np.ndarray, geometry: Geometry, offset: np.ndarray) -> np.ndarray:
    """Return the offsets whose rows lie in the photo at the band's middle."""
    middle = geometry.across((geometry.start + geometry.stop) / 2)
    breadth = image.shape[0] if geometry.axis == "horizontal" else image.shape[1]
    kept = (offset + middle >= 0) & (offset + middle <= breadth - 1)
    return offset[kept] if kept.sum() >= 3 else offset


def _bend_lines(image: np.ndarray, geometry: Geometry) -> Geometry:
    """Search the lean and smile that make the mean profile sharpest."""
    strip, offset, along = _strip(image, geometry, 0.85 * geometry.half_height, _MAX_ROWS)
    if len(offset) < 3 or np.ptp(offset) < 2:
        return geometry
    pixel = along[1] - along[0]
    spectra, frequency = _row_spectra(strip)
    terms = np.stack([offset, offset**2]) / pixel
    deepest = _DEEPEST_SMILE * (geometry.stop - geometry.start) / np.square(offset).max()
    widths = np.array([_STEEPEST_LEAN, deepest])
    straight = np.zeros(2)
    leaning, gain = _climb(spectra, frequency, terms, straight, widths * (1, 0))
    arched, arch_gain = _climb(spectra, frequency, terms, straight, widths * (0, 1))
    if max(gain, arch_gain) <= _MIN_GAIN:
        return geometry
    # A lean lays one half of an arc upright, and hides it: the search begins from the sharper.
    start, first_gain = max((leaning, gain), (arched, arch_gain), key=lambda found: found[1])
    bent, further = _climb(spectra, frequency, terms, start, widths)
    if first_gain * further > _MIN_GAIN * gain:
        return _add_bend(geometry, *bent)
    return _add_bend(geometry, *leaning) if gain > _MIN_GAIN else geometry


def _climb(
    spectra: np.ndarray,
    frequency: np.ndarray,
    terms: np.ndarray,
    start: np.ndarray,
    widths: np.ndarray,
) -> tuple[np.ndarray, float]:
    """Search lean and smile in turn, ever finer; return both and the gain in sharpness."""
    best = start.copy()
    before = _sharpness(spectra, frequency, best @ terms, 0 * terms[0], 1)[0]
    after = before
    furthest = widths * np.abs(terms).max(axis=1)
    steps = np.clip(np.ceil(furthest / _STEP_SAMPLES), 2, _MOST_STEPS).astype(int)
    passes = [(widths, steps)] + [(part * widths / steps, 2 * [_FINE_STEPS]) for part in _FINER]
    for width, count in passes:
        for which in np.flatnonzero(widths):
            step = width[which] / count[which]
            best[which] -= width[which]
            sharp = _sharpness(
                spectra, frequency, best @ terms, step * terms[which], 2 * count[which] + 1
            )
            place, after = _top(sharp)
            best[which] += step * place
    return best, after / max(before, 1e-12)


def _top(values: np.ndarray) -> tuple[float, float]:
    """Return the place of the greatest of some values, and it, between neighbours by a parabola."""
    top = int(np.argmax(values))
    if not 0 < top < len(values) - 1:
        return float(top), float(values[top])
    left, middle, right = values[top - 1 : top + 2]
    off = (right - left) / max(2 * (2 * middle - left - right), 1e-12)
    return top + off, float(middle + (right - left) * off / 4)


def _add_bend(geometry: Geometry, lean: float, smile: float) -> Geometry:
    """Return the geometry with a bend measured in its own strip added.

    A place off the centre line is counted from where its line crosses it, so on a sloping trace
    a lean measured in the strip changes the offset too: lean = (old + m) / (1 + m slope).
    """
    slope = geometry.slope()
    total = (geometry.lean + lean) / (1 + lean * slope)
    return replace(geometry, lean=total, smile=geometry.smile + smile * (1 - total * slope))


def _row_spectra(strip: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Fourier transforms of the rows' slopes, complex (m, k), and angular frequencies (k,).

    Single precision is eight times as fast where rows are shifted, and the sharpest bend is
    searched for in steps far coarser.
    """
    columns = strip.shape[1]
    from_end = np.minimum(np.arange(columns), np.arange(columns)[::-1], dtype=np.float32)
    taper = np.minimum(from_end / np.float32(columns / 20), 1)
    level = strip.mean(axis=1, keepdims=True)
    # Rows of equal weight: a bright row would otherwise decide alone.
    spectra = np.fft.rfft((strip - level) * taper / np.maximum(level, 1.0), axis=1)
    frequency = (2 * np.pi * np.fft.rfftfreq(columns)).astype(np.float32)
    # Frequencies that hold no more than noise would only blur the search; the finest quarter
    # tells its power, as lenses leave little there.
    power = (spectra.real**2 + spectra.imag**2).mean(axis=0)
    floor = median(power[-max(1, len(power) // 4) :])
    clean = np.sqrt(np.maximum(0, 1 - _NOISE_MARGIN * floor / np.maximum(power, 1e-12)))
    clean[0] = clean[_MAX_FREQUENCIES:] = 0.0
    kept = np.flatnonzero(clean)
    return spectra[:, kept] * (clean * frequency)[kept], frequency[kept]


def _sharpness(
    spectra: np.ndarray,
    frequency: np.ndarray,
    first: np.ndarray,
    step: np.ndarray,
    steps: int,
) -> np.ndarray:
    """Sum of squared slopes of the mean row for row shifts first + i * step, i < steps.

    Shifts are in samples, of shape (m,).
    """
    shifted, turn = spectra * _phases(first, frequency), _phases(step, frequency)
    result = np.empty(steps)
    for number in range(steps):
        total = np.add.reduce(shifted, axis=0)
        result[number] = np.vdot(total, total).real
        shifted *= turn
    return result


def _phases(shift: np.ndarray, frequency: np.ndarray) -> np.ndarray:
    """Return what shifts (m,) in samples turn each frequency (k,) by, complex64 (m, k)."""
    angle = shift.astype(np.float32)[:, None] * frequency
    turned = np.empty(angle.shape, np.complex64)
    np.cos(angle, out=turned.real)
    np.sin(angle, out=turned.imag)
    return turned


def _follow_trace(image: np.ndarray, geometry: Geometry, uncertainty_px: float) -> Geometry:
    """Move the centre line onto the light's middle and set the height, if both edges are seen."""
    half_height = geometry.half_height
    if geometry.stop - geometry.start < _MIN_LENGTH * 2 * half_height:
        return geometry
    reach = 1.5 * half_height + 2 * uncertainty_px + 1
    strip, offset, along = _strip(image, geometry, reach, _TRACE_ROWS)
    if len(offset) < 5 or min(-offset[0], offset[-1]) < 1.2 * half_height:
        return geometry
    blocks = np.array_split(along, min(_TRACE_BLOCKS, len(along) // 4))
    columns = np.array([len(block) for block in blocks])
    sums = np.add.reduceat(strip, np.cumsum(columns) - columns, axis=1)
    middle, half, weight = _middles(sums / columns, offset)
    place = np.array([(block[0] + block[-1]) / 2 for block in blocks])
    if weight.max() <= 0:
        return geometry
    scale = (geometry.stop - geometry.start) / 2
    line = _shrunk_line((place - along.mean()) / scale, middle, weight, uncertainty_px)
    if line is None or np.abs(line).sum() > 0.6 * half_height + 2 * uncertainty_px:
        return geometry
    centre = np.pad(np.float64(geometry.centre), (0, max(2 - len(geometry.centre), 0)))
    centre[:2] += in_scaled(line, along.mean(), scale)
    seen = float(np.average(half, weights=weight))
    low, high = 0.5 * half_height - uncertainty_px, 1.2 * half_height + uncertainty_px
    seen = max(float(np.clip(seen, low, high)), 0.5)
    return replace(geometry, centre=tuple(centre.tolist()), half_height=seen)


def _middles(light: np.ndarray, offset: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return middle, half-height and weight of the light across each block, of rows (m, blocks)."""
    # Light that leaks in from one side makes a slope, not a step.
    rim = max(1, len(light) // 10)
    light = light - np.linspace(light[:rim].mean(axis=0), light[-rim:].mean(axis=0), len(light))
    peak = light.max(axis=0)
    lit = (light > _EDGE_PART * peak) & (peak > 0)
    light = np.where(lit, light, 0.0)
    weight = light.sum(axis=0)
    middle = offset @ light / np.where(weight > 0, weight, 1.0)
    return middle, 0.5 * lit.sum(axis=0) * (offset[1] - offset[0]), weight


def _shrunk_line(
    place: np.ndarray, value: np.ndarray, weight: np.ndarray, uncertainty_px: float
) -> np.ndarray | None:
    """Offset and slope of a weighted line through values over places in -1 to 1.

    What lies far off is left out; the slope is shrunk towards 0, which the rough geometry
    already took as likely, as far as the scatter does not tell it from 0.
    """
    kept = weight > 0.05 * weight.max()
    line = np.zeros(2)
    for _ in range(3):
        if kept.sum() < 4:
            return None
        w = np.sqrt(weight[kept] / weight[kept].mean())
        design = np.column_stack([np.ones(kept.sum()), place[kept]]) * w[:, None]
        residual = value - line[0] - line[1] * place
        scatter = 1.48 * median(np.abs(residual[kept])) + 0.1
        prior = np.array([0.0, (scatter / uncertainty_px) ** 2])
        normal = design.T @ design + np.diag(prior)
        line = np.linalg.solve(normal, design.T @ (value[kept] * w))
        residual = np.abs(value - line[0] - line[1] * place)
        kept = (residual < 3 * scatter) & (weight > 0.05 * weight.max())
    return line
