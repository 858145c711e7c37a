"""Noise along a spectrum, and peaks that stand out of it."""

from dataclasses import replace

import numpy as np
import pytest

from lib.measurement.features import find_features
from lib.measurement.frames import Frames, light_along
from lib.measurement.measuring import ABSORBANCE, CAMERA, TRANSMISSION, Spectrum, by_its_scatter
from lib.measurement.noise import FALSE_LINES, noise_along
from lib.paths import DEFAULT_MODEL
from lib.recognition.axis.fit import GRID, find_candidate
from lib.recognition.name.classifier import Classifier
from lib.recognition.recognise import recognise
from lib.recognition.straighten import Geometry
from lib.simulation.instrument.camera import jpeg
from lib.simulation.lamps.catalogue import LAMPS
from lib.simulation.photos.bench import draw_bench

N = 640
NM = 390 + 0.5 * np.arange(N)


def scatter(sigma, grain=0.5, seed=0, n=N):
    """Return noise of which neighbours share a part, as a camera's smoothing leaves it."""
    white = np.random.default_rng(seed).normal(0, sigma, n)
    shared = white + grain * (np.roll(white, 1) + np.roll(white, -1))
    return shared / np.sqrt(1 + 2 * grain**2)


def gaussian(nm, fwhm):
    return np.exp(-4 * np.log(2) * ((NM - nm) / fwhm) ** 2)


def spectrum_of(curve, noise=1e-3, quantity=CAMERA, **changes) -> Spectrum:
    """Return a spectrum whose stated noise is too small by three, as rows that are alike state it.

    It is then measured along the spectrum.
    """
    rgb = np.repeat(curve[:, None], 3, axis=1)
    stated = np.full(N, 1.0) * noise / 3
    made = Spectrum(
        name="light",
        nm=NM,
        error_nm=np.full(N, 0.2),
        claimed=np.ones(N, bool),
        intensity=curve,
        noise=stated,
        quantity=quantity,
        rgb=rgb,
        rgb_noise=np.repeat(stated[:, None], 3, axis=1),
        clipped=np.zeros((N, 3), bool),
        px=np.arange(N, dtype=float),
    )
    return by_its_scatter(replace(made, **changes))


@pytest.mark.parametrize("grain", [0.0, 0.5, 1.0])
@pytest.mark.parametrize(
    "light", [0.0 * NM, gaussian(550, 150), gaussian(500, 5) + gaussian(600, 5)]
)
def test_noise_is_what_a_spectrum_scatters_by_along_itself(light, grain):
    ratios = []
    for seed in range(8):
        noise, shared = noise_along(light + scatter(2e-3, grain, seed), np.full(N, 5e-4))
        ratios.append(np.median(noise) / 2e-3)
        assert shared < 4.0
        assert (shared > 1.5) == (grain > 0)
    assert np.mean(ratios) == pytest.approx(1.0, abs=0.1)
    assert np.std(ratios) < 0.1


def test_noise_of_a_grainy_jpeg_is_stated():
    rng = np.random.default_rng(1)
    image = np.clip(rng.normal(30, 8, (96, N, 3)), 0, 255).round().astype(np.uint8)
    rows = jpeg(image, 75)[20:60].astype(float)
    curve = rows.mean(axis=(0, 2))
    across = np.diff(rows.mean(axis=2), axis=0).std() / np.sqrt(2) / np.sqrt(len(rows))
    noise, _ = noise_along(curve, np.full(N, across))
    assert np.median(noise) == pytest.approx(curve.std(), rel=0.2)


@pytest.mark.parametrize("slope", [-0.0087, 0.004])
def test_noise_that_is_cut_off_at_black_makes_no_waves_along_a_tilted_band(slope):
    # Rows lie between two pixels here and there along such a band, which evens out their noise.
    rng = np.random.default_rng(3)
    noise = 0.006 + rng.normal(0, 0.012, (120, N, 3))
    image = np.clip(np.round(noise * 65535), 0, 65535).astype(np.uint16)
    band = Geometry("horizontal", 0, N - 1, (60 - slope * N / 2, slope), 40)
    light = light_along(Frames(("dark",), (image,)), band, (-30.0, 30.0))
    seen = light.rgb.mean(axis=1)
    # A period of the waves is a pixel of tilt.
    swing = abs((seen - seen.mean()) @ np.exp(2j * np.pi * slope * np.arange(N))) / N
    assert swing < 3 * seen.std() / np.sqrt(N)


@pytest.mark.parametrize("between", [60, 80, 100])
def test_a_valley_between_two_channels_is_no_absorption_line(between):
    light = 0.3 * (gaussian(545 - between / 2, 45) + gaussian(545 + between / 2, 45)) + 0.01
    for seed in range(8):
        seen = spectrum_of(light + scatter(3e-4, 0.5, seed), 3e-4)
        assert [one.nm for one in find_features(seen, 4.0) if one.dip] == []


@pytest.mark.parametrize(
    ("blue_nm", "green_nm", "phosphor", "tail"), [(26, 40, 0.5, 0.0), (26, 60, 0.15, 0.06)]
)
def test_the_valleys_of_a_white_led_are_no_absorption_lines(blue_nm, green_nm, phosphor, tail):
    light = gaussian(453, blue_nm) + tail * gaussian(493, 25)
    light = 0.5 * (light + phosphor * (gaussian(545, green_nm) + 0.8 * gaussian(615, 35))) + 0.002
    for seed in range(8):
        seen = spectrum_of(light + scatter(4e-4, 0.5, seed), 4e-4)
        assert [one.nm for one in find_features(seen, 9.0) if one.dip] == []


def test_beside_clipped_light_nothing_is_an_absorption_line():
    light = 0.8 * gaussian(540, 220) * (1 - 0.3 * gaussian(589, 3) - 0.3 * gaussian(480, 3))
    clipped = np.repeat((np.abs(NM - 585) < 3)[:, None], 3, axis=1)
    for flags, dips in ((clipped, [480]), (clipped & False, [480, 589])):
        seen = spectrum_of(light + scatter(1e-3), clipped=flags)
        found = [round(one.nm) for one in find_features(seen, 3.0) if one.dip]
        assert found == dips


@pytest.mark.parametrize("quantity", [CAMERA, TRANSMISSION])
def test_noise_of_the_ends_makes_no_broad_peak(quantity):
    # Dark ends of a reference make a flat transmission noisy there.
    stated = 2e-3 * (1 + 20 * np.exp(-np.minimum(np.arange(N), np.arange(N)[::-1]) / 12))
    for seed in range(40):
        curve = 0.5 + scatter(1.0, 0.5, seed) * stated
        seen = spectrum_of(curve, quantity=quantity, noise=stated)
        assert [one.nm for one in find_features(seen, 4.0) if one.broad and one.fwhm_nm > 40] == []


def test_noise_of_what_is_not_known_is_not_known():
    curve = scatter(1.0)
    curve[100:130] = np.nan
    noise, _ = noise_along(curve, np.ones(N))
    assert (np.isnan(noise) == np.isnan(curve)).all()


@pytest.mark.parametrize("light", [0.0 * NM, 0.5 * gaussian(525, 40)])
def test_noise_is_no_line(light):
    listed = [
        len(
            [
                one
                for one in find_features(spectrum_of(light + scatter(2e-3, 0.5, k)))
                if not one.broad
            ]
        )
        for k in range(40)
    ]
    assert sum(listed) <= 40 * 2 * FALSE_LINES
    assert not light.any() or all(
        find_features(spectrum_of(light + scatter(2e-3, 0.5, k))) for k in range(4)
    )


def test_faint_lines_are_kept():
    places = np.arange(420.0, 690.0, 30.0)
    light = sum(0.02 * gaussian(nm, 4.0) for nm in places) + gaussian(405, 4.0)
    found = [one.nm for one in find_features(spectrum_of(light + scatter(2e-3)), 4.0 * 1.4)]
    for nm in places:
        assert np.abs(np.array(found) - nm).min() < 1.0


def test_peaks_beyond_the_claim_are_told_apart():
    light = gaussian(450, 4) + gaussian(650, 4)
    found = find_features(spectrum_of(light + scatter(1e-3), claimed=NM < 600))
    assert [(round(one.nm), one.claimed) for one in found] == [(450, True), (650, False)]


@pytest.mark.parametrize("gap", [False, True])
def test_absorbance_has_peaks(gap):
    curve = 0.9 * gaussian(535, 45) + 0.4 * gaussian(630, 6) + scatter(5e-3)
    if gap:
        curve[NM < 420] = np.nan
    found = find_features(spectrum_of(curve, 5e-3, ABSORBANCE))
    assert [one.nm for one in found] == pytest.approx([535, 630], abs=1.0)
    assert [one.height for one in found] == pytest.approx([0.9, 0.37], abs=0.05)
    assert found[0].fwhm_nm == pytest.approx(45, rel=0.1)
    assert not any(one.dip for one in found)


def test_transmission_has_maxima_and_minima():
    curve = 0.9 * gaussian(530, 60) * (1 - 0.7 * gaussian(540, 8)) + scatter(5e-3)
    found = find_features(spectrum_of(curve, 5e-3, TRANSMISSION))
    dips = [one for one in found if one.dip]
    assert [one.nm for one in dips] == pytest.approx([540], abs=1.5)
    assert dips[0].height < 0.5
    assert any(not one.dip for one in found)


def test_a_flat_transmission_has_no_peaks():
    found = [
        find_features(spectrum_of(0.5 + scatter(5e-3, seed=k), 5e-3, TRANSMISSION))
        for k in range(20)
    ]
    # Maxima and minima both.
    assert sum(map(len, found)) <= 20 * 2 * 2 * FALSE_LINES


def test_absorption_lines_of_a_continuum_are_dips_with_their_absorbers():
    lines = {486.1: 0.25, 517.5: 0.3, 527.0: 0.2, 589.3: 0.25, 656.3: 0.2, 430.8: 0.25}
    light = 0.6 * gaussian(540, 220)
    for nm, depth in lines.items():
        light = light * (1 - depth * gaussian(nm, 3.0))
    dips = [one for one in find_features(spectrum_of(light + scatter(2e-3)), 3.0) if one.dip]
    for nm in lines:
        assert min(abs(one.nm - nm) for one in dips) < 1.0
    sodium = min(dips, key=lambda one: abs(one.nm - 589.3))
    assert sodium.emitters[0].name == "D2 Na I"
    assert sodium.height == pytest.approx(0.25, abs=0.12)


def test_what_lies_between_lines_is_no_dip():
    light = sum(gaussian(nm, 4.0) for nm in np.arange(580, 660, 9.0)) + 0.02
    assert not any(one.dip for one in find_features(spectrum_of(light + scatter(1e-3)), 4.0))


@pytest.mark.slow
def test_sharp_fraunhofer_lines_of_daylight_are_laid_where_they_are():
    rng = np.random.default_rng([3, 9])
    bench = draw_bench(rng)
    image = bench.photograph(rng, LAMPS["daylight"].draw(rng), peak=0.7)
    # Whether it is sure enough to be given is another matter.
    band = recognise(image, Classifier(DEFAULT_MODEL), lamp="sun").band
    candidate = find_candidate(band.profile, "sun", band.reading)
    claimed = GRID[slice(*candidate.claim(1.0))]
    px = np.interp(claimed, [-1, 1], band.profile.position[[0, -1]])
    place = band.geometry
    x, y = px, place.across(px)
    if place.axis == "vertical":
        x, y = y, x
    assert len(candidate.match.line) >= 5 and len(claimed) > 20
    assert np.abs(candidate.match.fit.nm_at(claimed) - bench.nm_at(x, y)).max() < 1.5


@pytest.mark.parametrize(("nm", "emitter"), [(589.3, "Na I"), (535.05, "Tl I"), (632.8, None)])
def test_a_single_line_is_listed_with_its_emitter_if_a_lamp_has_no_other(nm, emitter):
    found = find_features(spectrum_of(gaussian(nm, 4.0) + scatter(2e-3)), 4.0 * 1.4)
    (line,) = (one for one in found if not one.broad)
    likely = [one.name for one in line.emitters if one.probability > 0.5]
    assert likely == ([emitter] if emitter else [])
