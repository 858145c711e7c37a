"""Frames of one file, and files of different exposure, sensor and tone curve, as measured."""

import io
import json

import numpy as np
import pillow_heif
import pytest
from astropy.io import fits
from PIL import Image
from support.stated_files import exif_of, gamma_profile, icc_chunk, png, saved

import calibrate as calibrate_command
import identify as identify_command
import measure as measure_command
from lib.errors import DataError
from lib.images.picture import Picture
from lib.images.reading import read_image, read_picture, read_pictures
from lib.measurement.frames import Frames, light_along, read_frames
from lib.measurement.response import measure_response, read_reference
from lib.paths import DEFAULT_MODEL
from lib.recognition.instrument_file import load_instrument
from lib.recognition.name.classifier import kept_classifier
from lib.recognition.spectrum_files import SPECTRUM_COLUMNS
from web.readers import worker
from web.readers.work import Job, Limits

INSTRUMENT = {
    "format": "spectrum instrument",
    "version": 2,
    "photo": {"width": 480, "height": 64},
    "axis": {"coefficients": [390, 0.65], "range_px": [0, 479], "uncertainty_nm": 0.2},
    "band": {"start": 0, "stop": 479, "centre": [31.5], "half_height": 20, "rows": [-15, 15]},
    "resolution_nm": 2.5,
}


@pytest.fixture
def kept(tmp_path):
    path = tmp_path / "instrument.json"
    path.write_text(json.dumps(INSTRUMENT))
    return path


def continuum(level: float) -> np.ndarray:
    """Return linear light of a smooth lamp along a band, full scale 1, shape (64, 480, 3)."""
    x, y = np.arange(480), np.arange(64)[:, None]
    along = 0.6 + 0.4 * np.sin(np.pi * x / 479)
    across = np.abs(y - 31.5) < 18
    return np.repeat((level * along * across)[:, :, None], 3, axis=2)


def stored(linear: np.ndarray, curve, full: int = 255) -> np.ndarray:
    """Return samples as a camera of a tone curve stores them."""
    kind = np.uint8 if full == 255 else np.uint16
    return np.round(curve(linear) * full).astype(kind)


def srgb(linear: np.ndarray) -> np.ndarray:
    return np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)


def linear(light: np.ndarray) -> np.ndarray:
    return light


def measured(capsys, *args, code=0) -> list[dict]:
    assert measure_command.main([*map(str, args), "--json"]) == code
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def codes(answer: dict) -> set[str]:
    return {remark["code"] for remark in answer["remarks"]}


def transmitted(capsys, folder, *args) -> tuple[dict, np.ndarray]:
    """Return the answer for a sample against a reference, and the values of all samples."""
    (answer,) = measured(
        capsys, *args, "--export", "csv", "--output", folder / "out", "--overwrite"
    )
    (file,) = (folder / "out").glob("*.csv")
    table = np.genfromtxt(file, delimiter=",", names=True)
    assert table.dtype.names == SPECTRUM_COLUMNS
    return answer, table["intensity"]


# Frames of one file

LEVELS = (2, 50, 100, 150)


def flat_frames(kind=np.uint8) -> list[np.ndarray]:
    return [np.full((24, 32), level, kind) for level in LEVELS]


def sequence(name: str, frames, **options) -> bytes:
    if name == "HEIF":
        pillow_heif.register_heif_opener()
    first, *rest = map(Image.fromarray, frames)
    buffer = io.BytesIO()
    first.save(buffer, name, save_all=True, append_images=rest, **options)
    return buffer.getvalue()


def cube(*units: np.ndarray, names=(), **keywords) -> bytes:
    made = fits.HDUList([fits.PrimaryHDU(units[0]), *map(fits.ImageHDU, units[1:])])
    for unit, name in zip(made[1:], names, strict=False):
        unit.name = name
    made[0].header.update({"ROWORDER": "TOP-DOWN", **keywords})
    buffer = io.BytesIO()
    made.writeto(buffer)
    return buffer.getvalue()


def deep_colour_tiff() -> bytes:
    import cv2

    pages = [np.repeat(page[:, :, None], 3, axis=2) for page in flat_frames(np.uint16)]
    return cv2.imencodemulti(".tiff", pages)[1].tobytes()


CONTAINERS = {
    "pages.tif": lambda: sequence("TIFF", flat_frames()),
    "grey16.tif": lambda: sequence("TIFF", flat_frames(np.uint16)),
    "colour16.tif": deep_colour_tiff,
    "film.gif": lambda: sequence("GIF", flat_frames()),
    "film.png": lambda: sequence("PNG", flat_frames()),
    "film.webp": lambda: sequence("WEBP", flat_frames(), lossless=True),
    "burst.heic": lambda: sequence("HEIF", flat_frames(), quality=-1),
    "cube.fits": lambda: cube(np.stack(flat_frames(np.uint16))),
    "units.fits": lambda: cube(*flat_frames(np.uint16)),
    "fractions.fits": lambda: cube(np.stack(flat_frames()).astype(np.float32)),
}


@pytest.mark.parametrize("name", CONTAINERS)
def test_every_container_has_the_same_rule(tmp_path, name):
    path = tmp_path / name
    path.write_bytes(CONTAINERS[name]())

    def level(of):
        return float(read_image(of, deep=True)[:, :, 0].mean())

    assert level(path) == pytest.approx(2, abs=1)
    assert read_picture(path).passed_over == f"the first of 4 frames; {name}#1-4 names all"
    assert level(f"{path}#3") == pytest.approx(100, abs=1)
    assert level(f"{path}#2-4") == pytest.approx(100, abs=1)
    every = list(read_pictures(path, every=True))
    assert [picture.name for picture in every] == [f"{path}#{k}" for k in (1, 2, 3, 4)]
    assert not read_picture(f"{path}#1").passed_over
    with pytest.raises(DataError, match=rf"{name}#4-5: no frame 5; the file has 4"):
        read_image(f"{path}#4-5")


def test_previews_and_masks_are_no_frames(tmp_path):
    pages = [Image.fromarray(page) for page in flat_frames()]
    half = Image.fromarray(np.zeros((12, 16), np.uint8))
    buffer = io.BytesIO()
    pages[0].save(buffer, "TIFF", save_all=True, append_images=[half, half])
    assert not read_picture(buffer.getvalue()).passed_over
    with_mask = cube(*flat_frames(np.uint16)[:2], names=["MASK"])
    assert not read_picture(with_mask).passed_over


def test_three_planes_are_colours_unless_they_are_a_sensor_s_mosaic():
    planes = np.stack(flat_frames(np.uint16)[1:])
    colours = read_picture(cube(planes), deep=True)
    assert colours.pixels[0, 0].tolist() == [50, 100, 150] and not colours.passed_over
    assert "the first of 3" in read_picture(cube(planes, BAYERPAT="RGGB")).passed_over
    several = read_picture(cube(np.stack([planes, planes])), deep=True)
    assert several.pixels[0, 0].tolist() == [50, 100, 150]
    assert "the first of 2" in several.passed_over


@pytest.fixture
def stack(tmp_path):
    """Six pages of a lamp, the first of them dark."""
    pages = [stored(continuum(level), linear, 65535)[:, :, 0] for level in (0.001, *[0.4] * 5)]
    path = tmp_path / "stack.tif"
    path.write_bytes(sequence("TIFF", pages))
    return path


def test_pages_are_measured_as_frames_and_never_the_first_in_silence(stack, kept, capsys):
    (first,) = measured(capsys, stack, "--instrument", kept)
    assert "first_of_frames" in codes(first) and first["frames"] == 1
    (some,) = measured(capsys, f"{stack}#2-6", "--instrument", kept)
    assert "first_of_frames" not in codes(some) and some["frames"] == 5
    (every,) = measured(capsys, stack, "--average", "--instrument", kept)
    assert every["frames"] == 5
    assert every["left_out"][0].startswith("stack.tif#1: its light is 0.00")
    assert {"frames_left_out"} == codes(every) - {"assumed_tone", "not_checked"}


@pytest.mark.parametrize(
    ("kind", "level", "code"),
    [
        ("--dark", 0.01, "exposure_differs"),
        ("--flat", 0.6, "exposure_differs"),
        ("--reference", 3.0, "overexposed"),
    ],
)
def test_what_is_doubtful_in_another_frame_is_a_remark_that_names_it(
    tmp_path, kept, capsys, kind, level, code
):
    light = photo(tmp_path / "light.jpg", 0.3)
    other = [photo(tmp_path / f"other{k}.jpg", level / k, ExposureTime=1 / k) for k in (1, 2)]
    (answer,) = measured(capsys, light, kind, *other, "--instrument", kept)
    texts = {remark["text"] for remark in answer["remarks"] if remark["code"] == code}
    assert any("other" in text for text in texts)


def test_more_frames_than_memory_holds_are_refused_by_name(tmp_path, kept, monkeypatch):
    monkeypatch.setattr("lib.measurement.frames._HELD_BYTES", 2 * 480 * 24)
    paths = [photo(tmp_path / f"{k}.jpg", 0.3) for k in range(3)]
    place = load_instrument(kept).place
    with pytest.raises(DataError, match=r"2\.jpg: frame 3; expected at most 2 at once"):
        light_along(read_frames(paths), place.geometry, place.rows)


def test_identify_says_that_a_file_has_more_frames(stack, capsys):
    assert identify_command.main([str(stack), f"{stack}#3", "--json"]) == 0
    first, third = map(json.loads, capsys.readouterr().out.splitlines())
    assert codes(first) >= {"first_of_frames"}
    assert "first_of_frames" not in codes(third)


def test_frames_of_two_sizes_have_no_mean(tmp_path):
    for name, size in (("a.png", 20), ("b.png", 24)):
        (tmp_path / name).write_bytes(png(np.zeros((size, 30, 3), np.uint8)))
    with pytest.raises(DataError, match=r"b\.png: 30 x 24 px; expected 30 x 20, as .*a\.png has"):
        list(read_frames([tmp_path / "a.png", tmp_path / "b.png"]).pictures())


# Tone curves


CURVES = {
    "srgb16.png": lambda light: png(stored(light, srgb, 65535), (b"sRGB", b"\0")),
    "linear16.png": lambda light: png(stored(light, linear, 65535)),
    "linear8.png": lambda light: png(stored(light, linear), (b"gAMA", (100_000).to_bytes(4))),
    "gamma16.png": lambda light: png(
        stored(light, lambda shown: shown ** (1 / 1.8), 65535),
        icc_chunk(gamma_profile(1.8, 1.8, 1.8)),
    ),
    "srgb8.png": lambda light: png(stored(light, srgb)),
    "profile.jpg": lambda light: saved(
        stored(light, lambda shown: shown ** (1 / 1.8)),
        "JPEG",
        quality=100,
        icc_profile=gamma_profile(1.8, 1.8, 1.8),
    ),
}


@pytest.mark.parametrize("name", CURVES)
def test_half_the_light_is_a_transmission_of_a_half_whatever_the_curve(
    tmp_path, kept, capsys, name
):
    sample, reference = tmp_path / f"sample_{name}", tmp_path / name
    sample.write_bytes(CURVES[name](continuum(0.3)))
    reference.write_bytes(CURVES[name](continuum(0.6)))
    options = ("--reference", reference, "--instrument", kept)
    answer, values = transmitted(capsys, tmp_path, sample, *options)
    assert np.median(values) == pytest.approx(0.5, abs=0.01)
    stated = name not in ("linear16.png", "srgb8.png")
    assert answer["tone_from"] == ("file" if stated else "assumed")
    assert ("assumed_tone" in codes(answer)) is not stated


def test_a_person_tells_the_curve_of_a_file_that_says_nothing(tmp_path, kept, capsys):
    for name, level in (("sample", 0.3), ("reference", 0.6)):
        data = png(stored(continuum(level), lambda shown: shown ** (1 / 2.2), 65535))
        (tmp_path / f"{name}.png").write_bytes(data)
    options = ("--reference", tmp_path / "reference.png", "--instrument", kept, "--tone", "2.2")
    answer, values = transmitted(capsys, tmp_path, tmp_path / "sample.png", *options)
    assert np.median(values) == pytest.approx(0.5, abs=0.01)
    assert (answer["tone"], answer["tone_from"]) == ("gamma 2.2", "told")


def test_hdr_is_refused_for_measuring_and_named(tmp_path, kept, capsys):
    photo = tmp_path / "hdr.png"
    photo.write_bytes(png(stored(continuum(0.5), srgb, 65535), (b"cICP", bytes((9, 16, 0, 1)))))
    (answer,) = measured(capsys, photo, "--instrument", kept, code=1)
    assert "hdr.png: its tone curve is PQ" in answer["reason"]
    (answer,) = measured(capsys, photo, "--instrument", kept, "--tone", "srgb")
    assert answer["status"] == "ok"


def test_the_service_says_why_it_did_not_measure_and_takes_a_told_curve():
    data = png(stored(continuum(0.5), srgb, 65535), (b"cICP", bytes((9, 16, 0, 1))))
    limits = Limits(max_bytes=2**25, max_pixels=10**6)
    asked = {"calibration": INSTRUMENT, "extras": frozenset({"measurement"})}
    classifier = kept_classifier(DEFAULT_MODEL)
    refused = worker.work(Job(data, "hdr.png", **asked), classifier, limits)
    (remark,) = [one for one in refused.answer["remarks"] if one["code"] == "not_measured"]
    assert remark["text"].startswith("hdr.png: its tone curve is PQ")
    assert "measurement" not in refused.extras
    told = worker.work(Job(data, "hdr.png", tone="srgb", **asked), classifier, limits)
    assert told.extras["measurement"]["tone_from"] == "told"


# Exposure


def photo(path, level: float, **stated):
    path.write_bytes(
        saved(stored(continuum(level), srgb), "JPEG", quality=100, exif=exif_of(**stated))
    )
    return path


def test_a_reference_of_another_exposure_is_scaled_and_said(tmp_path, kept, capsys):
    alike = {"FNumber": 1.8, "ISOSpeedRatings": 100}
    sample = photo(tmp_path / "sample.jpg", 0.6, ExposureTime=1 / 30, **alike)
    same = photo(tmp_path / "same.jpg", 0.15, ExposureTime=1 / 120, **alike)
    reference = photo(tmp_path / "reference.jpg", 0.6, ExposureTime=1 / 120, **alike)
    options = ("--reference", reference, "--instrument", kept)
    for path, said in ((sample, True), (same, False)):
        answer, values = transmitted(capsys, tmp_path / path.stem, path, *options)
        assert np.median(values) == pytest.approx(0.25, abs=0.01)
        assert ("exposure_differs" in codes(answer)) is said
    assert answer["exposure"] == "1/120 s, ISO 100, f/1.8"


@pytest.mark.parametrize(
    ("sample", "reference", "code"),
    [
        ({"ExposureTime": 1 / 30}, {}, "exposure_unknown"),
        ({"WhiteBalance": 0}, {"WhiteBalance": 0}, "white_balance"),
        ({"WhiteBalance": 1}, {"WhiteBalance": 0}, "white_balance"),
    ],
)
def test_what_two_photos_leave_in_doubt_is_a_remark(
    tmp_path, kept, capsys, sample, reference, code
):
    one = photo(tmp_path / "one.jpg", 0.3, **sample)
    other = photo(tmp_path / "other.jpg", 0.6, **reference)
    (answer,) = measured(capsys, one, "--reference", other, "--instrument", kept)
    assert code in codes(answer)


def test_averaged_frames_of_different_exposure_are_scaled_to_the_first(tmp_path, kept):
    paths = [
        photo(tmp_path / f"{k}.jpg", level, ExposureTime=time)
        for k, (level, time) in enumerate([(0.2, 1 / 60), (0.4, 1 / 30), (0.8, 1 / 15)])
    ]
    place = load_instrument(kept).place
    light = light_along(read_frames(paths), place.geometry, place.rows)
    alone = light_along(read_frames(paths[:1]), place.geometry, place.rows)
    assert light.frames == 3
    assert np.median(light.rgb / alone.rgb) == pytest.approx(1.0, abs=0.02)
    (remark,) = light.remarks
    assert remark.code == "exposure_differs"
    assert "1/60 s" in remark.text and "1/15 s" in remark.text


def test_dark_frames_of_another_exposure_do_not_count(tmp_path, kept, capsys):
    light = photo(tmp_path / "light.jpg", 0.5, ExposureTime=1 / 30, FNumber=1.8)
    long = photo(tmp_path / "long.jpg", 0.02, ExposureTime=1, FNumber=1.8)
    right = photo(tmp_path / "right.jpg", 0.01, ExposureTime=1 / 30)
    options = ("--instrument", kept, "--dark")
    (answer,) = measured(capsys, light, *options, long, code=1)
    assert "long.jpg: exposed 1 s, f/1.8, the photo 1/30 s, f/1.8" in answer["reason"]
    (answer,) = measured(capsys, light, *options, long, right)
    assert answer["background"] == "1 dark frame"
    assert len(answer["left_out"]) == 1
    assert "exposure_unknown" not in codes(answer)


def test_frames_whose_gains_cannot_be_compared_are_refused_with_both(tmp_path, kept):
    paths = []
    for gain in (0, 120):
        samples = stored(continuum(0.5), linear, 65535)[:, :, 0]
        paths.append(tmp_path / f"gain{gain}.fits")
        paths[-1].write_bytes(cube(samples, EXPTIME=1.0, GAIN=gain))
    place = load_instrument(kept).place
    with pytest.raises(
        DataError, match=r"gain120\.fits: 1 s, gain 120; .*gain0\.fits: 1 s, gain 0"
    ):
        light_along(read_frames(paths), place.geometry, place.rows)


# The sensor's full scale


@pytest.mark.parametrize("bits", [8, 10, 12, 14, 16])
def test_a_reference_at_40_percent_of_any_sensor_leaves_nothing_out(tmp_path, kept, capsys, bits):
    for name, level in (("sample", 0.2), ("reference", 0.4)):
        pixels = stored(continuum(level), linear, 2**bits - 1 if bits > 8 else 256)
        (tmp_path / f"{name}.png").write_bytes(png(pixels))
    options = ("--reference", tmp_path / "reference.png", "--instrument", kept)
    answer, values = transmitted(capsys, tmp_path, tmp_path / "sample.png", *options)
    assert len(values) == 480
    assert np.median(values) == pytest.approx(0.5, abs=0.02)
    assert "reference_left_out" not in codes(answer)


def test_what_a_dark_reference_leaves_out_is_said(tmp_path, kept, capsys):
    for name, level in (("sample", 0.2), ("reference", 0.4)):
        light = continuum(level)
        light[:, :96] = 0
        (tmp_path / f"{name}.png").write_bytes(png(stored(light, linear, 65535)))
    options = ("--reference", tmp_path / "reference.png", "--instrument", kept)
    answer, values = transmitted(capsys, tmp_path, tmp_path / "sample.png", *options)
    (words,) = [one["text"] for one in answer["remarks"] if one["code"] == "reference_left_out"]
    assert words == "nothing said at 96 of 480 samples, where the reference is too dark"
    assert len(values) == 480 - 96


def test_a_dark_frame_of_a_scene_is_not_taken_for_a_lesser_sensor_s_clipped_one(kept):
    images = [stored(continuum(level), linear, 65535) for level in (250 / 65535, 0.05)]
    place = load_instrument(kept).place
    light = light_along(Frames(("a", "b"), images), place.geometry, place.rows)
    assert not light.clipped.any()


def test_a_stated_full_scale_counts(kept):
    image = stored(continuum(0.9), linear, 65535)
    unstated = Picture(image)
    stated = read_picture(cube(image[:, :, 0], SATURATE=40_000), deep=True)
    place = load_instrument(kept).place
    for picture, clips in ((unstated, False), (stated, True)):
        light = light_along(Frames(("a",), (picture,)), place.geometry, place.rows)
        assert light.clipped.any() == clips


# Tables of a known light


def table(path, nm, scale, offset=0.0):
    rows = (f"{(value + offset) * scale:.6g},{0.1 + 0.002 * (value - 300):.4f}" for value in nm)
    path.write_text("wavelength,flux\n" + "\n".join(rows) + "\n")
    return path


@pytest.fixture
def lamp(tmp_path):
    path = tmp_path / "lamp.png"
    path.write_bytes(png(stored(continuum(0.6), srgb)))
    return read_frames([path])


@pytest.mark.parametrize(("scale", "unit"), [(1, "nm"), (10, "Angstrom"), (0.001, "um")])
def test_a_reference_light_s_unit_is_told_by_its_range(tmp_path, kept, lamp, capsys, scale, unit):
    known = table(tmp_path / "known.csv", range(350, 801, 5), scale)
    words = ["sky.png", "--reference-light", known, "--output", "lab.json"]
    light = calibrate_command.known_light(calibrate_command.parse_args([*map(str, words)]))
    assert capsys.readouterr().out == (f"known.csv: wavelengths taken for {unit}, 350 to 800 nm\n")
    response, _ = measure_response(lamp, load_instrument(kept), light)
    assert response.range_nm[0] < 420 and response.range_nm[1] > 650


@pytest.mark.parametrize(
    ("offset", "words"),
    [
        (500, "known.csv: known from 850 to 1300 nm; expected light known from 390 to 701 nm"),
        (20_000, "known.csv: a table from 20350 to 20800, which no camera sees"),
    ],
)
def test_a_table_that_lies_beyond_is_one_line_with_its_range(tmp_path, kept, lamp, offset, words):
    known = table(tmp_path / "known.csv", range(350, 801, 5), 1, offset)
    with pytest.raises(DataError, match=words):
        measure_response(lamp, load_instrument(kept), read_reference(known))
