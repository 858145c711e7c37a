"""Axes from profiles whose wavelengths are known: simulated lamps through a known grating."""

from contextlib import suppress
from dataclasses import replace

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter1d

from lib.errors import DataError
from lib.lines import line_list
from lib.recognition.axis.fit import NoAxis, fit_axis
from lib.recognition.band import BandProfile
from lib.recognition.identified import wavelength_of
from lib.recognition.reading import read_light
from lib.simulation.instrument.grating import Grating
from lib.simulation.instrument.sensors import draw_sensor
from lib.simulation.lamps.catalogue import LAMPS
from lib.simulation.lamps.spectra import WAVELENGTHS_NM, emission

SAMPLES = 640
START_PX = 100.0


def make_profile(
    lamp: str | np.ndarray,
    seed: int = 0,
    *,
    gain: float = 0.9,
    spread_px: float = 4.0,
    noise: float = 1.0,
    ends_nm: tuple[float, float] = (390.0, 700.0),
    infrared_cut: bool = True,
) -> tuple[BandProfile, np.ndarray]:
    """Return a band lit by a lamp (or by light), and the wavelength of each sample."""
    rng = np.random.default_rng(seed)
    grating = Grating(1000.0, 1.0, 0.4).spread(SAMPLES, ends_nm)
    u = grating.offset_px(np.array(ends_nm[:1]))[0] + np.arange(SAMPLES)
    nm = grating.nm_at(u)
    sensor = draw_sensor(rng, 1, varied=False)
    if not infrared_cut:
        sensor = replace(sensor, infrared_cut=np.float32([[1500.0, 7.0]]))
    spd = LAMPS[lamp].draw(rng) if isinstance(lamp, str) else lamp
    light = sensor.response(WAVELENGTHS_NM[None])[0] * spd[:, None]
    total = np.vstack([np.zeros(3), np.cumsum(light, axis=0)])
    edges = np.append(nm - np.gradient(nm) / 2, nm[-1] + np.gradient(nm)[-1] / 2)
    place = np.interp(edges, WAVELENGTHS_NM, np.arange(len(WAVELENGTHS_NM)))
    summed = np.stack(
        [np.interp(place, np.arange(len(total)), total[:, c]) for c in range(3)], axis=1
    )
    seen = gaussian_filter1d(np.diff(summed, axis=0), spread_px / 2.355, axis=0)
    encoded = 255 * np.clip(gain * seen / seen.max(), 0, 1) ** (1 / 2.2)
    encoded = np.clip(encoded + 6 + noise * rng.standard_normal(seen.shape), 0, 255)
    position = START_PX + np.arange(SAMPLES)
    profile = BandProfile(encoded.astype(np.float32), encoded.max(axis=1) >= 250, position)
    return profile, nm


def largest_error(axis, profile: BandProfile, nm: np.ndarray) -> float:
    """Return the largest error over 430-680 nm."""
    asked = (nm > 430) & (nm < 680)
    return float(np.abs(axis.nm_at(profile.position) - nm)[asked].max())


def turned(profile: BandProfile) -> BandProfile:
    return profile.reversed()


@pytest.mark.parametrize(
    ("lamp", "class_name", "lines"),
    [
        ("triphosphor", "cfl_hg", "cfl"),
        ("mercury", "cfl_hg", "mercury"),
        ("neon", "neon", "neon"),
        ("helium", "helium", "helium"),
        ("hydrogen", "hydrogen", "hydrogen"),
    ],
)
def test_a_known_lamp_gives_the_wavelengths_of_the_grating(lamp, class_name, lines):
    profile, nm = make_profile(lamp)
    axis = fit_axis(profile, class_name)
    assert axis.lamp == lines
    assert largest_error(axis, profile, nm) < 2.0
    assert np.abs(axis.nm_at(profile.position) - nm)[(nm > 440) & (nm < 580)].max() < 1.0
    assert len(axis.lines) >= 3


def test_nitrogen_is_fitted_by_its_bands():
    profile, nm = make_profile("nitrogen", 1)
    assert largest_error(fit_axis(profile, "nitrogen"), profile, nm) < 2.0


def test_saturated_lines_keep_their_places():
    profile, nm = make_profile("mercury", gain=12.0)
    assert profile.clipped.mean() > 0.02
    assert largest_error(fit_axis(profile, "cfl_hg"), profile, nm) < 2.0


def test_light_that_contradicts_its_blue_end_gives_no_axis():
    profile, _ = make_profile("triphosphor", 2)
    with pytest.raises(NoAxis, match="which end is blue"):
        fit_axis(turned(profile), "cfl_hg")


def test_a_monochrome_camera_needs_no_colours():
    profile, nm = make_profile("helium", 2)
    grey = np.repeat(profile.rgb.mean(axis=1, keepdims=True), 3, axis=1)
    axis = fit_axis(BandProfile(grey, profile.clipped, profile.position), "helium")
    assert largest_error(axis, profile, nm) < 2.0


def balmer_lines() -> np.ndarray:
    """A hydrogen tube as in a teaching lab: four lines, nothing of the molecule."""
    lines = line_list("hydrogen")
    atom = np.array([name == "H I" for name in lines.names]) & (lines.nm > 400)
    return emission("hydrogen", lines.intensity * atom)


@pytest.mark.parametrize("gain", [0.9, 4.0])
def test_four_balmer_lines_alone_lie_where_they_belong(gain):
    profile, nm = make_profile(balmer_lines(), gain=gain)
    axis = fit_axis(profile, "hydrogen")
    assert largest_error(axis, profile, nm) < 1.5
    assert min(abs(line.nm - 656.28) for line in axis.lines) < 0.1


def test_an_axis_claims_only_what_the_lines_pin_down():
    profile, nm = make_profile("mercury", 3, ends_nm=(390.0, 900.0))
    # A line list may be named in place of a class.
    axis = fit_axis(profile, "mercury")
    assert axis.lamp == "mercury"
    low, high = axis.range_nm
    # Mercury has no line between 579 and 1014 nm.
    assert low < 440 and 540 < high < 700
    claimed = axis.claims(profile.position)
    assert np.abs(axis.nm_at(profile.position) - nm)[claimed & (nm > 430)].max() < 5.0
    assert axis.standard_error_nm(profile.position)[claimed].max() < 0.75
    saved = wavelength_of(axis).to_json()
    assert saved["range_nm"] == pytest.approx(axis.range_nm, abs=0.01)
    assert [place["px"] for place in saved["error_nm"]] == sorted(
        place["px"] for place in saved["error_nm"]
    )
    assert saved["source"] == "own lines"


def test_argon_beside_mercury_may_be_told_and_gives_the_right_axis_or_none():
    given = 0
    for seed in range(6):
        argon = 0.5 * LAMPS["argon"].draw(np.random.default_rng(seed + 1))
        light = LAMPS["mercury"].draw(np.random.default_rng(seed)) + argon
        profile, nm = make_profile(light, ends_nm=(390.0, 880.0), infrared_cut=False)
        with suppress(NoAxis):
            axis = fit_axis(profile, "mercury+argon")
            given += 1
            claimed = axis.claims(profile.position)
            assert np.abs(axis.nm_at(profile.position) - nm)[claimed].max() < 2.0
            assert {line.name for line in axis.lines} >= {"Hg I", "Ar I"}
    assert given


def test_a_resolved_doublet_is_two_lines():
    profile, _ = make_profile("triphosphor", 1, spread_px=2.0)
    found = [line.nm for line in fit_axis(profile, "cfl_hg").lines]
    assert min(abs(nm - 546.07) for nm in found) < 0.4
    assert min(abs(nm - 542.4) for nm in found) < 0.6


def test_coefficients_are_powers_of_the_photo_coordinate():
    profile, _ = make_profile("helium")
    axis = fit_axis(profile, "helium", axis="vertical")
    assert axis.axis == "y"
    powers = 300.0 ** np.arange(len(axis.coefficients))
    assert axis.nm_at(300.0) == pytest.approx(powers @ axis.coefficients)
    moved = BandProfile(profile.rgb, profile.clipped, profile.position + 1000)
    assert fit_axis(moved, "helium").nm_at(1300.0) == pytest.approx(axis.nm_at(300.0), abs=1e-3)


def test_axes_are_monotonic_and_name_their_lines():
    profile, _ = make_profile("neon", 3)
    axis = fit_axis(profile, "neon")
    assert (np.diff(axis.nm_at(profile.position)) > 0).all()
    lines = wavelength_of(axis).to_json()["lines"]
    assert len(lines) >= 3
    assert all("Ne I" in line["name"] for line in lines)
    assert (np.diff([line["nm"] for line in lines]) > 0).all()


def test_stated_errors_are_of_the_size_of_true_ones():
    ratios = []
    for seed in range(8):
        profile, nm = make_profile("helium", seed)
        axis = fit_axis(profile, "helium")
        inside = (nm > 450) & (nm < 660)
        error = np.abs(axis.nm_at(profile.position) - nm) / axis.standard_error_nm(profile.position)
        ratios.append(np.sqrt(np.mean(error[inside] ** 2)))
    assert 0.05 < np.median(ratios) < 2.0


def test_errors_grow_away_from_the_lines():
    profile, _ = make_profile("helium")
    axis = fit_axis(profile, "helium")
    first, last = axis.lines[0].px, axis.lines[-1].px
    middle = axis.standard_error_nm((first + last) / 2)
    assert axis.standard_error_nm(last + 300) > 3 * middle


def test_an_led_has_no_axis_of_its_own():
    profile, _ = make_profile("white_led")
    with pytest.raises(NoAxis, match="LED has no lines of known"):
        fit_axis(profile, "led")


@pytest.mark.parametrize("seed", range(3))
def test_a_thermal_continuum_has_no_axis(seed):
    profile, _ = make_profile("incandescent", seed)
    with pytest.raises(NoAxis):
        fit_axis(profile, "continuum")


@pytest.mark.parametrize("class_name", ["cfl_hg", "neon", "helium", "hydrogen", "nitrogen"])
def test_noise_has_no_axis(class_name):
    rng = np.random.default_rng(4)
    rgb = 40 + 8 * rng.standard_normal((400, 3)).astype(np.float32)
    with pytest.raises(NoAxis):
        fit_axis(BandProfile(rgb, np.zeros(400, bool), np.arange(400.0)), class_name)


@pytest.mark.parametrize(
    ("lamp", "told"), [("neon", "helium"), ("white_led", "neon"), ("helium", "hydrogen")]
)
def test_the_wrong_lamp_gives_no_axis(lamp, told):
    profile, _ = make_profile(lamp, 5)
    with pytest.raises(NoAxis):
        fit_axis(profile, told)


def test_a_dark_or_tiny_band_has_no_axis():
    with pytest.raises(NoAxis, match="px long"):
        fit_axis(BandProfile(np.zeros((9, 3)), np.zeros(9, bool), np.arange(9.0)), "neon")
    with pytest.raises(NoAxis, match="line"):
        fit_axis(BandProfile(np.zeros((200, 3)), np.zeros(200, bool), np.arange(200.0)), "neon")


def test_an_unknown_lamp_is_named_in_the_error():
    profile, _ = make_profile("neon")
    with pytest.raises(DataError, match="'unobtainium'"):
        fit_axis(profile, "unobtainium")


@pytest.mark.slow
def test_marked_lines_of_real_photos(real_data):
    from benchmarks.line_marks import marked_bands
    from lib.images.reading import read_image

    errors, axes, colour = [], 0, 0
    for marked in marked_bands(real_data):
        image = read_image(real_data / marked.photo).astype(float)
        if marked.source not in ("cfl_hg", "neon") or np.ptp(image, axis=2).max() == 0:
            continue
        colour += 1
        x0, y0, x1, y1 = map(int, marked.box.split())
        part = image[y0:y1, x0:x1]
        if marked.axis == "vertical":
            part, start = part.transpose(1, 0, 2), y0
        else:
            start = x0
        height = len(part)
        rgb = part[int(0.35 * height) : max(int(0.65 * height), 1)].mean(axis=0)
        profile = BandProfile(rgb, rgb.max(axis=1) > 250, start + np.arange(float(len(rgb))))
        if np.corrcoef(marked.px, marked.nm)[0, 1] < 0:
            profile = turned(profile)
        reading = read_light(profile.rgb, blue_known=True)
        try:
            axis = fit_axis(profile, marked.source, reading=reading)
        except NoAxis:
            continue
        axes += 1
        errors.append(np.abs(axis.nm_at(marked.px) - marked.nm)[axis.claims(marked.px)])
    assert axes >= 0.92 * colour
    errors = np.concatenate(errors)
    assert np.median(errors) < 0.4
    assert errors.max() < 4.0
