"""What an instrument claims: as far as its lines support it."""

from dataclasses import replace

import numpy as np
import pytest

from benchmarks.measuring.lamp_photos import end_error, lamp_photo
from lib.measurement.calibration import calibrate
from lib.measurement.joint_axis import (
    MAX_ERROR_NM,
    LampLines,
    axis_in_photo,
    disagreement,
    fit_curve,
    is_doubtful,
)
from lib.recognition.axis.claim import largest_error_nm
from lib.recognition.axis.dispersion import Points
from lib.simulation.photos.bench import draw_bench

SIZE = (480, 1200)
MERCURY = (404.66, 435.83, 546.07, 577.0, 579.07)
NEON = (585.25, 594.48, 614.31, 630.48, 640.22, 650.65, 667.83)


def true_nm(px):
    """A grating of 0.33 nm per pixel: wavelength over pixels."""
    return 380.0 + 0.33 * px - 8e-6 * (px - 500) ** 2 + 2.0


def lamp(name, lines, *, off_px=0.0, wrong=None, width_px=6.0, read_nm=1.5) -> LampLines:
    """Return a lamp's lines where they truly lie, shifted, one of them by `wrong` nm."""
    grid = np.linspace(0, 1199, 4000)
    nm = np.array(lines)
    px = np.interp(nm, true_nm(grid), grid) + off_px
    if wrong:
        nm = nm.copy()
        nm[-1] += wrong
    t = np.linspace(px.min() - 60, px.max() + 60, 24)
    reading = Points(t, true_nm(t - off_px), np.full(24, read_nm))
    names = (name,) * len(nm)
    return LampLines(name, name, px, nm, np.full(len(nm), 0.1), names, width_px, reading, read_nm)


def axis_of(*lamps):
    return axis_in_photo(fit_curve(lamps), lamps, SIZE, None)


def px_of(nm):
    grid = np.arange(1200.0)
    return float(np.interp(nm, true_nm(grid), grid))


def test_the_error_grows_beyond_the_lines():
    axis = axis_of(lamp("mercury", MERCURY))
    at = axis.standard_error_nm(np.array([px_of(nm) for nm in (579, 600, 620, 640)]))
    assert (np.diff(at) > 0).all()
    off = axis.nm_at(px_of(640)) - 640
    assert abs(off) < 3 * at[-1]


def test_the_error_grows_with_the_width_of_the_lines():
    narrow, wide = (axis_of(lamp("mercury", MERCURY, width_px=px)) for px in (3.0, 40.0))
    assert wide.standard_error_nm(px_of(579)) > 2 * narrow.standard_error_nm(px_of(579))


def test_a_lone_outermost_line_extends_nothing():
    without = axis_of(lamp("mercury", MERCURY, read_nm=6.0))
    lone = lamp("mercury", (*MERCURY, 707.0), read_nm=6.0)
    taken = axis_of(replace(lone, reading=lamp("mercury", MERCURY, read_nm=6.0).reading))
    assert taken.range_nm[1] <= without.range_nm[1] + 8.0


def test_a_line_taken_for_its_neighbour_is_within_the_stated_error():
    wrong = lamp("mercury", (*MERCURY, 690.0), wrong=4.0)
    axis = axis_of(wrong)
    for nm in (600.0, 650.0, 690.0):
        px = px_of(nm)
        assert not axis.claims(px) or abs(axis.nm_at(px) - nm) < 2.6 * axis.standard_error_nm(px)


def test_two_lines_at_the_end_support_each_other():
    lone, two = (
        axis_of(lamp("lamp", (*MERCURY, *more), read_nm=6.0)) for more in ((690.0,), (680.0, 690.0))
    )
    assert two.standard_error_nm(px_of(690)) < lone.standard_error_nm(px_of(690)) + 0.3
    assert two.range_nm[1] >= lone.range_nm[1]


def test_the_headline_is_the_largest_error_of_the_claim():
    axis = axis_of(lamp("mercury", MERCURY), lamp("neon", NEON))
    assert axis.uncertainty_nm == largest_error_nm(axis)
    assert axis.uncertainty_nm == pytest.approx(
        axis.standard_error_nm(np.linspace(*axis.range_px, 500)).max(), rel=0.01
    )
    assert axis.uncertainty_nm <= MAX_ERROR_NM


def test_a_lamp_that_lies_2_nm_off_is_doubtful():
    neon = lamp("neon", (*NEON, 540.06))
    right, off = lamp("mercury", MERCURY), lamp("mercury", MERCURY, off_px=6.0)
    assert not is_doubtful(right, [right, neon])
    assert disagreement(off, [neon]) < 1.3
    assert is_doubtful(off, [off, neon])


def test_what_a_person_has_told_is_claimed_whole():
    axis = calibrate((), ((31.0, 388.9), (616.0, 632.8), (1093.0, 837.8))).instrument.axis
    assert axis.range_nm[0] < 389 and axis.range_nm[1] > 837


def test_lines_that_stay_arcs_are_stated_where_light_fills_a_part_of_the_slit():
    straight = [lamp("mercury", MERCURY), lamp("neon", NEON)]
    middle = px_of(540)
    # On the middle rows lines lie elsewhere, the more so the further from the middle of the band.
    arcs = [replace(one, middle_px=one.px + 0.01 * (one.px - middle)) for one in straight]
    upright = axis_of(*(replace(one, middle_px=one.px) for one in straight))
    bent = axis_of(*arcs)
    for nm in (420.0, 680.0):
        off_nm = 0.33 * 0.01 * (px_of(nm) - middle)
        assert bent.standard_error_nm(px_of(nm)) > 0.9 * abs(off_nm)
    assert upright.standard_error_nm(px_of(420)) == pytest.approx(
        axis_of(*straight).standard_error_nm(px_of(420)), rel=0.05
    )


@pytest.mark.slow
def test_two_lamps_state_their_error_on_the_middle_row_of_curved_lines():
    rng = np.random.default_rng([5, 2])
    bench = draw_bench(rng)
    made = calibrate([lamp_photo(bench, rng, name) for name in ("neon", "mercury")])
    for nm in (420.0, 550.0, 680.0):
        off, stated, _ = end_error(bench, made.instrument, nm)
        assert abs(off) < 2.5 * stated
