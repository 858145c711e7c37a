"""From lamps to an instrument and from its photos to spectra, on a simulated bench."""

import json
from dataclasses import replace

import cv2
import numpy as np
import pytest

import calibrate as calibrate_command
import measure as measure_command
from lib.errors import DataError
from lib.images.png import write_png
from lib.lines import line_list
from lib.measurement.calibration import calibrate
from lib.measurement.colour import colour_of
from lib.measurement.features import find_features, likeliest, strongest_first
from lib.measurement.frames import Frames, light_along, read_frames
from lib.measurement.lamp_lines import LampPhoto, lines_of_points
from lib.measurement.measuring import CAMERA, POWER, Spectrum, hidden_nm, measure, on_grid
from lib.measurement.points import read_points
from lib.measurement.response import Planck, measure_response
from lib.measurement.samples import transmission
from lib.paths import DEFAULT_MODEL
from lib.recognition.instrument_file import load_instrument
from lib.recognition.name.classifier import Classifier
from lib.recognition.recognise import recognise
from lib.simulation.lamps.catalogue import LAMPS
from lib.simulation.lamps.glow import led_die
from lib.simulation.lamps.spectra import WAVELENGTHS_NM, deposit, planck
from lib.simulation.photos.bench import draw_bench

LAMP_NAMES = ("neon", "triphosphor")


@pytest.fixture(scope="module")
def classifier():
    return Classifier(DEFAULT_MODEL)


@pytest.fixture(scope="module")
def bench():
    """A bench whose tone curve is nearly sRGB's and whose camera is of low noise."""
    drawn = draw_bench(np.random.default_rng(14), vertical=False, curved=False, tilted=False)
    return drawn.with_camera(gamma=2.2, contrast=0.0, saturation=1.0, read=0.001)


@pytest.fixture(scope="module")
def lamps(bench, classifier):
    rng = np.random.default_rng(1)
    photos = {}
    for name in (*LAMP_NAMES, "mercury"):
        image = bench.photograph(rng, LAMPS[name].draw(rng))
        result = recognise(image, classifier, lamp=LAMPS[name].class_name)
        photos[name] = LampPhoto(f"{name}.png", image, result)
    return photos


@pytest.fixture(scope="module")
def instrument(lamps):
    return calibrate([lamps[name] for name in LAMP_NAMES]).instrument


@pytest.fixture(scope="module")
def folder(bench, lamps, tmp_path_factory):
    """Photos of lamps and lights as files."""
    place = tmp_path_factory.mktemp("bench")
    rng = np.random.default_rng(2)
    for photo in lamps.values():
        write_png(place / photo.name, photo.image)
    lights = {
        "laser": deposit(532.0, 1.0),
        "led": led_die(525.0, 30.0),
        "halogen": planck(2856.0),
        "filtered": planck(2856.0) * np.where(WAVELENGTHS_NM < 560, 0.25, 1.0),
        "dark": deposit(532.0, 1.0) * 1e-9,
    }
    peaks = {"dark": 1e-6, "halogen": 0.8}
    for name, spd in lights.items():
        image = bench.photograph(rng, spd, peak=peaks.get(name, 0.6), quality=0)
        write_png(place / f"{name}.png", image)
    return place


def photographed(bench, spd, *, seed=3, **options) -> Frames:
    image = bench.photograph(np.random.default_rng(seed), spd, quality=0, **options)
    return Frames(("photo.png",), (image,))


def true_nm(bench, measurement, nm: float) -> float:
    geometry = measurement.instrument.place.geometry
    px = np.interp([nm], measurement.spectrum.nm, measurement.spectrum.px)
    return float(bench.nm_at(px, geometry.across(px))[0])


# Calibrating


@pytest.mark.slow
def test_two_lamps_give_one_axis_and_the_error_of_leaving_one_out(bench, lamps):
    both = calibrate([lamps[name] for name in LAMP_NAMES])
    one = calibrate([lamps["neon"]])
    assert set(both.left_out_nm) == {"neon.png", "triphosphor.png"}
    assert all(error < 2.0 for error in both.left_out_nm.values())
    assert not one.left_out_nm
    px = np.linspace(*both.instrument.axis.range_px, 9)
    true = bench.nm_at(px, both.instrument.place.geometry.across(px))
    off, alone = (np.abs(made.instrument.axis.nm_at(px) - true) for made in (both, one))
    assert np.median(off) < 0.5
    assert off.mean() <= alone.mean() + 0.05
    stated = both.instrument.axis.standard_error_nm(px)
    assert (off < 4 * stated + 0.2).all()
    # The error grows beyond the lines.
    assert stated.max() > 1.4 * stated.min()


def test_a_lamp_that_has_moved_is_left_out_and_named(bench, lamps, classifier):
    rng = np.random.default_rng(4)
    moved = bench.photograph(rng, LAMPS["helium"].draw(rng), moved_px=25.0)
    odd = LampPhoto("moved.png", moved, recognise(moved, classifier, lamp="helium"))
    assert odd.result.axis is not None
    made = calibrate([*(lamps[name] for name in LAMP_NAMES), odd])
    assert [name for name, _ in made.left_out] == ["moved.png"]
    with pytest.raises(DataError, match=r"neon\.png and moved\.png disagree by"):
        calibrate([lamps["neon"], odd])


def test_photos_of_two_sizes_are_refused(lamps):
    small = replace(lamps["neon"], image=lamps["neon"].image[::2, ::2])
    with pytest.raises(DataError, match="photos of one size"):
        calibrate([small, lamps["triphosphor"]])


def test_known_points_give_an_axis():
    points = ((31.0, 388.9), (616.0, 632.8), (1093.0, 837.8))
    axis = calibrate((), points).instrument.axis
    for px, nm in points:
        assert axis.nm_at(px) == pytest.approx(nm, abs=0.5)
    assert axis.standard_error_nm(616.0) < axis.standard_error_nm(0.0)


@pytest.mark.parametrize(
    ("points", "complaint"),
    [
        (((10, 400.0),), "at least 2"),
        (((10, 400.0), (10, 500.0)), "grow or fall"),
        (((10, 400.0), (100, 500.0), (200, 450.0)), "grow or fall"),
        (((0, 400.0), (100, 430.0), (200, 600.0), (300, 620.0)), "contradict each other"),
        (((0, 400.0), (100, np.nan)), "wavelengths in nm"),
        (((-9e307, 400.0), (9e307, 700.0)), "expected pixels"),
        (((0, 400.0), (9e307, 700.0), (2, 401.0)), "expected pixels"),
        ([(k, 400.0) for k in range(2000)], r"7=400,\.\.\.: expected"),
    ],
)
def test_points_that_are_no_axis_are_refused(points, complaint):
    with pytest.raises(DataError, match=complaint):
        lines_of_points(points)


def test_points_come_from_the_command_line_or_a_file(tmp_path):
    assert read_points("31=388.9,616=632.8") == ((31.0, 388.9), (616.0, 632.8))
    path = tmp_path / "points.csv"
    path.write_text("pixel;nm\n31;388.9\n616 632.8\n# remark\n")
    assert read_points(str(path)) == ((31.0, 388.9), (616.0, 632.8))
    many = [(float(k), 400 + k / 10) for k in range(3000)]
    assert read_points(",".join(f"{px}={nm}" for px, nm in many)) == tuple(many)
    with pytest.raises(DataError, match="at most 2000"):
        lines_of_points(many)
    with pytest.raises(DataError, match="two numbers"):
        read_points("31=red")
    with pytest.raises(DataError, match="no such file"):
        read_points("gone.txt")


# Measuring


def test_a_laser_is_one_line_where_it_shines(bench, instrument, classifier):
    measurement = measure(photographed(bench, deposit(532.0, 1.0)), instrument, classifier)
    best = strongest_first(find_features(measurement.spectrum, instrument.resolution_nm))[0]
    assert not best.broad
    assert best.nm == pytest.approx(532.0, abs=max(3 * best.error_nm, 0.3))
    assert best.fwhm_nm < 2.5 * instrument.resolution_nm
    assert measurement.by_instrument
    assert measurement.spectrum.quantity == CAMERA


def test_an_led_is_one_broad_band(bench, instrument, classifier):
    measurement = measure(photographed(bench, led_die(465.0, 22.0)), instrument, classifier)
    found = find_features(measurement.spectrum, instrument.resolution_nm)
    best = strongest_first(found)[0]
    assert best.broad and not best.emitters
    assert best.nm == pytest.approx(true_nm(bench, measurement, best.nm), abs=1.0)
    assert best.fwhm_nm == pytest.approx(22.0, rel=0.4)


@pytest.mark.parametrize(
    ("lamp", "element"), [("krypton", "Kr I"), ("cadmium", "Cd I"), ("sodium_low", "Na I")]
)
def test_lines_name_their_element(bench, instrument, classifier, lamp, element):
    spd = LAMPS[lamp].draw(np.random.default_rng(5))
    measurement = measure(photographed(bench, spd), instrument, classifier)
    found = likeliest(find_features(measurement.spectrum, instrument.resolution_nm))
    assert next(iter(found)) == element


def test_the_sodium_doublet_is_a_blend(bench, instrument, classifier):
    spd = LAMPS["sodium_low"].draw(np.random.default_rng(5))
    measurement = measure(photographed(bench, spd), instrument, classifier)
    found = find_features(measurement.spectrum, instrument.resolution_nm)
    line = min(found, key=lambda one: abs(one.nm - 589.3))
    assert len(line_list("sodium")) > 2
    assert not line.emitters[0].resolved


def test_a_small_move_is_put_right_and_said(bench, instrument, classifier):
    spd = LAMPS["triphosphor"].draw(np.random.default_rng(6))
    measurement = measure(photographed(bench, spd, moved_px=5.0), instrument, classifier)
    assert measurement.by_instrument
    assert abs(measurement.instrument.axis.shift_px) == pytest.approx(5.0, abs=0.7)


@pytest.mark.slow
def test_frames_are_averaged_without_flicker(bench, instrument):
    rng = np.random.default_rng(7)
    spd = led_die(525.0, 30.0)
    images = [bench.photograph(rng, spd, peak=0.4, quality=0) for _ in range(8)]
    images[2] = (images[2] * 0.5).astype(np.uint8)
    place = instrument.place
    frames = Frames(tuple(f"{k}.png" for k in range(8)), tuple(images))
    light = light_along(frames, place.geometry, place.rows)
    assert light.frames == 7
    assert light.left_out[0].startswith("2.png")
    one = light_along(Frames(("0.png",), (images[0],)), place.geometry, place.rows)
    assert np.median(light.noise) < 0.6 * np.median(one.noise)


def test_a_hot_pixel_leaves_no_trace(bench, instrument):
    frames = photographed(bench, led_die(525.0, 30.0), peak=0.4)
    place = instrument.place
    clean = light_along(frames, place.geometry, place.rows)
    along = round(place.geometry.start + 30)
    spoilt = frames.images[0].copy()
    spoilt[round(float(place.geometry.across(along))), along] = 255
    hot = light_along(Frames(frames.names, (spoilt,)), place.geometry, place.rows)
    assert np.abs(hot.rgb - clean.rgb).max() < 0.02


def test_frames_of_two_sizes_are_refused(tmp_path):
    for name, size in (("a.png", 20), ("b.png", 24)):
        write_png(tmp_path / name, np.zeros((size, 30, 3), np.uint8))
    with pytest.raises(DataError, match=r"b\.png: 30 x 24 px; expected 30 x 20"):
        list(read_frames([tmp_path / "a.png", tmp_path / "b.png"]).pictures())


# Response and colour


@pytest.fixture(scope="module")
def with_response(bench, instrument):
    frames = photographed(bench, planck(2856.0), peak=0.8)
    response, _ = measure_response(frames, instrument, Planck(2856.0))
    return replace(instrument, response=response)


def test_the_response_gives_back_another_temperature(bench, with_response, classifier):
    frames = photographed(bench, planck(3200.0), seed=8, peak=0.7)
    spectrum = measure(frames, with_response, classifier).spectrum
    assert spectrum.quantity == POWER
    known = np.isfinite(spectrum.intensity) & (spectrum.nm > 450) & (spectrum.nm < 640)
    ratio = spectrum.intensity[known] / Planck(3200.0).power_at(spectrum.nm[known])
    assert ratio.std() / ratio.mean() < 0.06
    colour = colour_of(spectrum)
    assert colour.cct_k == pytest.approx(3200, rel=0.04)
    assert colour.cri_ra > 93


def test_without_a_response_there_is_no_colour(bench, instrument, classifier):
    spectrum = measure(photographed(bench, planck(3200.0)), instrument, classifier).spectrum
    assert colour_of(spectrum) is None


def test_a_light_that_is_all_clipped_gives_no_response(bench, instrument):
    image = np.full_like(photographed(bench, planck(2856.0)).images[0], 255)
    with pytest.raises(DataError, match="clipped"):
        measure_response(Frames(("white.png",), (image,)), instrument, Planck(2856.0))


@pytest.mark.parametrize("kelvin", [0.0, -5.0, 1e6])
def test_impossible_temperatures_are_refused(kelvin):
    with pytest.raises(DataError, match="K: expected"):
        Planck(kelvin)


# Spectra


def flat(n=200, intensity=2.0) -> Spectrum:
    nm = np.linspace(400.3, 700.1, n) ** 1.0
    ones = np.ones(n)
    return Spectrum(
        name="flat",
        nm=nm,
        error_nm=0.2 * ones,
        claimed=ones > 0,
        intensity=intensity * ones,
        noise=0.1 * ones,
        quantity=CAMERA,
        rgb=np.full((n, 3), intensity),
        rgb_noise=np.full((n, 3), 0.01),
        clipped=np.zeros((n, 3), bool),
        px=np.arange(n, dtype=float),
    )


def test_a_grid_keeps_the_light():
    spectrum = flat()
    peak = np.exp(-0.5 * ((spectrum.nm - 550) / 6) ** 2)
    even = on_grid(replace(spectrum, intensity=peak), 5.0)
    assert set(np.round(np.diff(even.nm), 9)) == {5.0}
    assert even.intensity.sum() * 5.0 == pytest.approx(6 * np.sqrt(2 * np.pi), rel=0.01)
    assert on_grid(spectrum, 1.0).intensity == pytest.approx(2.0)


def test_what_is_not_known_stays_so_on_a_grid():
    spectrum = flat()
    spectrum.intensity[90:100] = np.nan
    even = on_grid(spectrum, 1.0)
    unknown = even.nm[np.isnan(even.intensity)]
    assert len(unknown) and (np.abs(unknown - spectrum.nm[95]) < 12).all()


def test_what_clipping_hides_is_said_with_its_wavelengths():
    spectrum = flat()
    nm = spectrum.nm
    line = np.exp(-4 * np.log(2) * ((nm - nm[60]) / 12) ** 2)
    bright = replace(spectrum, rgb=np.minimum(2 * line, 1)[:, None] * [1, 1, 1])
    bright = replace(bright, clipped=bright.rgb >= 1)
    ((low, high),) = hidden_nm(bright)
    assert low == pytest.approx(nm[60] - 6, abs=3) and high == pytest.approx(nm[60] + 6, abs=3)
    # A channel that still measures gives the power.
    power = replace(bright, quantity=POWER, intensity=line)
    assert hidden_nm(power) == []
    nothing = np.where(bright.clipped.all(axis=1), np.nan, line)
    assert hidden_nm(replace(power, intensity=nothing)) == [(low, high)]


def test_transmission_and_absorbance():
    reference, sample = flat(intensity=0.8), flat(intensity=0.08)
    assert transmission(sample, reference).intensity == pytest.approx(0.1)
    assert transmission(sample, reference, absorbance=True).intensity == pytest.approx(1.0)
    reference.rgb[:50] = 0.0
    assert np.isnan(transmission(sample, reference).intensity[:50]).all()
    with pytest.raises(DataError, match="no light in the reference"):
        transmission(sample, flat(intensity=0.0))


# The commands


def run(command, *args) -> int:
    return command.main([str(arg) for arg in args])


def highest(answer: dict) -> dict:
    return max(answer["peaks"], key=lambda peak: peak["height"])


@pytest.fixture(scope="module")
def kept(folder):
    path = folder / "instrument.json"
    assert (
        run(calibrate_command, folder / "neon.png", folder / "mercury.png", "--output", path) == 0
    )
    return path


def test_a_photo_without_wavelengths_is_refused_with_what_to_do_and_drawn(folder, tmp_path, capsys):
    made, plots = tmp_path / "made.json", tmp_path / "plots"
    assert run(calibrate_command, folder / "led.png", "--output", made, "--plot", plots) == 1
    error = capsys.readouterr().err.strip()
    assert error.startswith("error: led.png: ") and len(error.splitlines()) == 1
    for words in ("Photograph a fluorescent", "--lamp NAME", "--points PX=NM,PX=NM", "led.png)"):
        assert words in error
    assert (plots / "led.png").stat().st_size > 5000
    assert not made.exists()


def test_a_lamp_that_was_named_in_vain_is_not_asked_for_again(folder, tmp_path, capsys):
    options = ("--lamp", "neon", "--output", tmp_path / "made.json")
    assert run(calibrate_command, folder / "led.png", *options) == 1
    error = capsys.readouterr().err
    assert "--points PX=NM,PX=NM" in error and "--plot DIR" in error
    assert "--lamp NAME" not in error and "WARNING" not in error


def test_a_calibrated_lamp_is_drawn(folder, tmp_path):
    options = ("--output", tmp_path / "made.json", "--plot", tmp_path / "plots")
    assert run(calibrate_command, folder / "neon.png", "--lamp", "neon", *options) == 0
    assert (tmp_path / "plots" / "neon.png").stat().st_size > 5000


@pytest.mark.slow
def test_calibrate_then_measure(folder, kept, capsys):
    photos = [folder / "laser.png", folder / "led.png"]
    assert run(measure_command, *photos, "--instrument", kept, "--json") == 0
    laser, led = map(json.loads, capsys.readouterr().out.splitlines())
    assert laser["wavelengths"]["source"] == "neon.png, mercury.png"
    assert highest(laser)["nm"] == pytest.approx(532.0, abs=1.0)
    assert highest(led)["broad"]
    assert "NaN" not in json.dumps([laser, led])


def test_the_instrument_states_its_quality(kept):
    words = json.loads(kept.read_text())["quality"]
    assert words.split(":")[0] in ("excellent", "good", "fair")
    assert load_instrument(kept).resolution_nm > 0


def test_an_instrument_is_not_overwritten(folder, kept, capsys):
    assert run(calibrate_command, folder / "neon.png", "--output", kept) == 1
    assert "exists already" in capsys.readouterr().err


def test_the_response_is_added_to_an_instrument(folder, kept, tmp_path, capsys):
    made = tmp_path / "lab.json"
    options = ("--instrument", kept, "--kelvin", 2856, "--lamp", "continuum", "--output", made)
    assert run(calibrate_command, folder / "halogen.png", *options) == 0
    assert run(measure_command, folder / "halogen.png", "--instrument", made, "--json") == 0
    answer = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert answer["quantity"] == "relative power"
    assert answer["colour"]["cct_k"] == pytest.approx(2856, rel=0.03)


def test_a_sample_against_a_reference(folder, kept, tmp_path):
    options = ("--instrument", kept, "--reference", folder / "halogen.png", "--grid", 2)
    out = ("--export", "csv", "--output", tmp_path, "--plot", tmp_path / "plot.png")
    assert run(measure_command, folder / "filtered.png", *options, *out) == 0
    table = np.genfromtxt(tmp_path / "filtered.csv", delimiter=",", names=True)
    blue = table["intensity"][(table["nm"] > 480) & (table["nm"] < 540)].mean()
    red = table["intensity"][(table["nm"] > 590) & (table["nm"] < 620)].mean()
    assert blue / red == pytest.approx(0.25, rel=0.15)
    assert (tmp_path / "plot.png").stat().st_size > 5000


def test_a_dark_frame_that_is_brighter_is_refused(folder, kept, capsys):
    options = ("--instrument", kept, "--dark", folder / "halogen.png")
    assert run(measure_command, folder / "dark.png", *options) == 1
    assert "dark frames are brighter" in capsys.readouterr().err


def test_darkness_can_be_measured(folder, kept, capsys):
    options = ("--instrument", kept, "--dark", folder / "dark.png", "--json")
    assert run(measure_command, folder / "dark.png", *options) == 0
    assert json.loads(capsys.readouterr().out)["peaks"] == []


def test_one_bad_photo_does_not_stop_the_others(folder, kept, tmp_path, capsys):
    bad = tmp_path / "bad.png"
    bad.write_bytes(b"no picture")
    assert run(measure_command, bad, folder / "laser.png", "--instrument", kept, "--json") == 0
    first, second = map(json.loads, capsys.readouterr().out.splitlines())
    assert first["status"] == "error" and "bad.png" in first["reason"]
    assert first["reason_code"] == "not_measured"
    assert second["status"] == "ok"
    assert run(measure_command, bad, "--instrument", kept) == 1


def test_photos_of_another_shape_are_refused(folder, kept, tmp_path, capsys):
    write_png(tmp_path / "square.png", np.zeros((64, 64, 3), np.uint8))
    assert run(measure_command, tmp_path / "square.png", "--instrument", kept) == 1
    assert "no enlargement" in capsys.readouterr().err


@pytest.mark.slow
def test_processes_give_the_same_as_one(folder, kept, tmp_path):
    photos = [tmp_path / f"{k:02d}.png" for k in range(18)]
    for k, photo in enumerate(photos):
        photo.write_bytes((folder / ("laser.png" if k % 2 else "led.png")).read_bytes())
    files = []
    for jobs in (1, 2):
        out = tmp_path / str(jobs)
        options = ("--instrument", kept, "--jobs", jobs, "--export", "csv", "--output", out)
        assert run(measure_command, *photos, *options) == 0
        files.append([path.read_bytes() for path in sorted(out.glob("*.csv"))])
    assert len(files[0]) == 18
    assert files[0] == files[1]


def test_no_photo_is_replaced(folder, kept, tmp_path, capsys):
    photo = folder / "laser.png"
    before = photo.read_bytes()
    assert run(measure_command, photo, "--instrument", kept, "--plot", photo) == 1
    assert run(calibrate_command, photo, "--output", photo, "--overwrite") == 1
    assert "would replace a file that is read" in capsys.readouterr().err
    assert photo.read_bytes() == before


def test_a_spectrum_of_the_user_is_replaced_only_if_told_to(folder, kept, tmp_path, capsys):
    theirs = tmp_path / "laser.csv"
    theirs.write_text("theirs")
    options = ("--instrument", kept, "--export", "csv", "--output", tmp_path)
    assert run(measure_command, folder / "laser.png", *options) == 1
    assert "laser.csv: exists already" in capsys.readouterr().err
    assert theirs.read_text() == "theirs"
    for flags in (["--overwrite"], []):
        assert run(measure_command, folder / "laser.png", *options, *flags) == 0
        assert theirs.read_text().startswith("nm,")


def test_a_photo_whose_spectrum_cannot_be_written_is_one_row(folder, kept, tmp_path, capsys):
    (tmp_path / "laser.csv").mkdir()
    options = ("--instrument", kept, "--export", "csv", "--output", tmp_path, "--json")
    assert run(measure_command, folder / "laser.png", folder / "led.png", *options) == 0
    first, second = map(json.loads, capsys.readouterr().out.splitlines())
    assert first["status"] == "error" and "laser.csv: cannot be written" in first["reason"]
    assert second["status"] == "ok"


def test_a_dark_reference_is_refused(folder, kept, capsys):
    options = ("--instrument", kept, "--reference", folder / "dark.png")
    assert run(measure_command, folder / "laser.png", *options) == 1
    assert "no light in the reference" in capsys.readouterr().err


def test_points_measure_without_a_lamp(folder, instrument, tmp_path, capsys):
    px = np.array([instrument.place.geometry.start + 20, instrument.place.geometry.stop - 20])
    points = ",".join(f"{x:.1f}={instrument.axis.nm_at(x):.2f}" for x in (*px, px.mean()))
    made = tmp_path / "maker.json"
    assert run(calibrate_command, "--points", points, "--output", made) == 0
    assert run(measure_command, folder / "led.png", "--instrument", made, "--json") == 0
    answer = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert highest(answer)["nm"] == pytest.approx(526, abs=6)


def test_frames_of_a_12_bit_sensor_compare_whatever_their_brightest_sample(tmp_path):
    for name, level in (("dark.png", 200), ("sample.png", 900), ("lamp.png", 3600)):
        cv2.imwrite(str(tmp_path / name), np.full((40, 90), level, np.uint16))
    pictures = [
        next(read_frames([tmp_path / name]).pictures())
        for name in ("dark.png", "sample.png", "lamp.png")
    ]
    shown = [picture.linear(picture.pixels).max() for picture in pictures]
    assert shown == pytest.approx(np.array([200, 900, 3600]) / 65535)
    assert pictures[-1].full_scale == 4095
