"""A file is believed where it speaks: its tone curve, its exposure, its sensor's full scale."""

import io

import cv2
import numpy as np
import pillow_heif
import pytest
from astropy.io import fits
from PIL import Image, ImageCms, TiffImagePlugin
from support.stated_files import exif_of, gamma_profile, icc_chunk, png, saved

from lib.errors import DataError
from lib.images.exposure import Exposure
from lib.images.picture import ASSUMED, BY_FILE, TOLD, Picture
from lib.images.reading import read_picture
from lib.images.tone import LINEAR, SRGB, by_code, by_gamma, by_profile, told

SRGB_PROFILE = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
SHOWN = np.linspace(0, 1, 65)[:, None].repeat(3, axis=1).astype(np.float32)
GAMA_LINEAR = (b"gAMA", (100_000).to_bytes(4))
GAMA_22 = (b"gAMA", (45_455).to_bytes(4))
SRGB_CHUNK = (b"sRGB", b"\0")
PQ_CHUNK = (b"cICP", bytes((9, 16, 0, 1)))
NCLX = {"color_primaries": 9, "matrix_coefficients": 9, "full_range_flag": 1}


@pytest.fixture(autouse=True, scope="module")
def heif_writer():
    """Lets Pillow write what iPhones do; the program registers it when it reads one."""
    pillow_heif.register_heif_opener()


@pytest.fixture
def eight():
    ramp = np.arange(0, 256, 2, dtype=np.uint8)
    return np.repeat(np.repeat(ramp[None, :, None], 64, axis=0), 3, axis=2)


@pytest.fixture
def sixteen(eight):
    return eight.astype(np.uint16) * 257


def alike(tone, wanted) -> bool:
    return np.allclose(tone.curve(SHOWN), wanted.curve(SHOWN), rtol=2e-3, atol=2e-4)


@pytest.mark.parametrize(
    ("chunks", "wanted"),
    [
        ([SRGB_CHUNK], SRGB),
        ([GAMA_LINEAR], LINEAR),
        ([GAMA_22], by_gamma(2.2)),
        ([icc_chunk(SRGB_PROFILE)], SRGB),
        ([icc_chunk(gamma_profile(1.0, 1.0, 1.0))], LINEAR),
        ([icc_chunk(gamma_profile(1.8, 1.8, 1.8))], by_gamma(1.8)),
        ([(b"cICP", bytes((1, 8, 0, 1)))], LINEAR),
        ([(b"cICP", bytes((1, 13, 0, 1)))], SRGB),
        # What counts before what: the third edition of PNG, 4.3.
        ([(b"cICP", bytes((1, 8, 0, 1))), SRGB_CHUNK, GAMA_22], LINEAR),
        ([icc_chunk(gamma_profile(1.8, 1.8, 1.8)), GAMA_LINEAR], by_gamma(1.8)),
        ([SRGB_CHUNK, GAMA_LINEAR], SRGB),
    ],
)
def test_a_png_states_its_tone_curve_and_its_samples_stay(eight, sixteen, chunks, wanted):
    for pixels in (eight, sixteen):
        picture = read_picture(png(pixels, *chunks), deep=True)
        assert picture.tone_from == BY_FILE
        assert alike(picture.tone, wanted), picture.tone.name
        np.testing.assert_array_equal(picture.pixels, pixels)


@pytest.mark.parametrize("kind", ["JPEG", "TIFF", "WEBP", "PNG", "AVIF", "HEIF"])
def test_a_profile_counts_in_every_format_that_holds_one(eight, kind):
    data = saved(eight, kind, icc_profile=gamma_profile(1.8, 1.8, 1.8))
    picture = read_picture(data)
    assert picture.tone_from == BY_FILE and alike(picture.tone, by_gamma(1.8))
    assert picture.tone.name == "ICC profile Curves"


def test_each_channel_of_a_profile_has_its_curve():
    tone = by_profile(gamma_profile(1.0, 1.8, 2.2))
    wanted = np.stack([SHOWN[:, 0] ** g for g in (1.0, 1.8, 2.2)], axis=1)
    assert tone.curve(SHOWN) == pytest.approx(wanted, abs=3e-4)


def test_a_profile_of_grey_counts(eight):
    from lib.images.tone import _grey_profile

    picture = read_picture(saved(eight[:, :, 0], "PNG", icc_profile=_grey_profile(2)))
    assert alike(picture.tone, by_gamma(2.0))


@pytest.mark.parametrize("profile", [b"", b"no profile", SRGB_PROFILE[:300]])
def test_a_damaged_profile_states_nothing(profile):
    assert by_profile(profile) is None


@pytest.mark.parametrize(
    ("stated", "wanted"),
    [({"ColorSpace": 1}, SRGB), ({"ColorSpace": 65535, "Gamma": 2.2}, by_gamma(2.2))],
)
def test_exif_states_a_tone_curve(eight, stated, wanted):
    picture = read_picture(saved(eight, "JPEG", exif=exif_of(**stated)))
    assert picture.tone_from == BY_FILE and alike(picture.tone, wanted)


def test_a_camera_s_adobe_rgb_is_its_exponent(eight):
    exif = Image.Exif()
    exif.load(exif_of(ColorSpace=65535))
    exif.get_ifd(34665)[40965] = {1: "R03"}
    picture = read_picture(saved(eight, "JPEG", exif=exif.tobytes()))
    assert picture.tone_from == BY_FILE and alike(picture.tone, by_gamma(2.2))


def test_a_film_states_a_number(tmp_path):
    path = tmp_path / "film.mp4"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"mp4v"), 25, (96, 64))
    for _ in range(3):
        writer.write(np.full((64, 96, 3), 90, np.uint8))
    writer.release()
    assert read_picture(path).tone_from == ASSUMED
    # Players pass over a free box, wherever it stands.
    box = b"\0\0\0\x1bfree" + b"colrnclx\0\t\0\x12\0\t\0" + bytes(4)
    path.write_bytes(path.read_bytes() + box)
    assert read_picture(path).tone.name == "HLG"


def test_a_tiff_s_own_table_counts(eight):
    tags = TiffImagePlugin.ImageFileDirectory_v2()
    tags[301] = tuple(round(65535 * (k / 255) ** 1.6) for k in range(256))
    tags.tagtype[301] = 3
    picture = read_picture(saved(eight, "TIFF", tiffinfo=tags))
    assert picture.tone_from == BY_FILE and alike(picture.tone, by_gamma(1.6))


@pytest.mark.parametrize(("code", "wanted"), [(13, SRGB), (8, LINEAR), (4, by_gamma(2.2))])
def test_a_heic_states_a_number(eight, code, wanted):
    info = {"nclx_profile": {**NCLX, "transfer_characteristics": code}}
    picture = read_picture(saved(eight, "HEIF", info=info, save_nclx_profile=True))
    assert picture.tone_from == BY_FILE and alike(picture.tone, wanted)


def hdr_avif(pixels) -> bytes:
    return saved(pixels, "AVIF").replace(b"colrnclx\0\1\0\r", b"colrnclx\0\t\0\x12")


def hdr_heic(pixels) -> bytes:
    info = {"nclx_profile": {**NCLX, "transfer_characteristics": 16}}
    return saved(pixels, "HEIF", info=info, save_nclx_profile=True)


@pytest.mark.parametrize(
    ("made", "words"),
    [
        (hdr_heic, "PQ"),
        (hdr_avif, "HLG"),
        (lambda pixels: png(pixels, PQ_CHUNK, SRGB_CHUNK), "PQ"),
        (
            lambda pixels: saved(
                pixels, "PNG", icc_profile=gamma_profile(1, 1, 1, description="Rec2100 PQ")
            ),
            "ICC profile Rec2100 PQ",
        ),
    ],
)
def test_a_curve_for_displays_is_seen_but_not_measured(eight, made, words):
    picture = read_picture(made(eight), name="hdr.file")
    assert picture.pixels.shape == eight.shape
    with pytest.raises(DataError, match=rf"hdr\.file: its tone curve is {words}, which is not"):
        picture.linear(picture.pixels)


def test_numbers_that_state_nothing_and_ones_that_are_not_undone():
    assert by_code(None) is by_code(2) is None
    assert by_code(10).curve is None
    assert by_code(1).curve(np.float32([0.05, 0.5])) == pytest.approx([0.0111, 0.2597], abs=1e-3)


def test_what_states_nothing_is_assumed_and_a_person_is_believed_first(eight, sixteen):
    for pixels, usual in ((eight, SRGB), (sixteen, LINEAR)):
        picture = read_picture(png(pixels), deep=True)
        assert (picture.tone, picture.tone_from) == (usual, ASSUMED)
    picture = Picture(eight, read_picture(png(eight, SRGB_CHUNK)).stated, told=told("2.2"))
    assert picture.tone_from == TOLD and picture.tone.name == "gamma 2.2"
    assert told("linear") is LINEAR and told("sRGB") is SRGB and told("1.0") is LINEAR


@pytest.mark.parametrize("words", ["", "gamma", "0", "-1", "nan", "inf", "99"])
def test_a_tone_that_is_none_is_refused(words):
    with pytest.raises(DataError, match="expected linear, srgb, or an exponent"):
        told(words)


def test_srgb_is_undone_exactly():
    shown = Picture(np.array([[[0, 10, 188], [255, 0, 0]]], np.uint8))
    light = shown.linear(shown.pixels)
    assert light.ravel()[:4] == pytest.approx([0, 0.00304, 0.5029, 1.0], abs=1e-4)


# Exposure


def test_exif_states_the_exposure(eight):
    data = saved(eight, "JPEG", exif=exif_of(ExposureTime=1 / 30, FNumber=1.8, ISOSpeedRatings=200))
    exposure = read_picture(data).stated.exposure
    assert str(exposure) == "1/30 s, ISO 200, f/1.8"
    other = Exposure(1 / 120, 100, 3.6)
    assert exposure.times(other) == pytest.approx(4 * 2 * 4)


@pytest.mark.parametrize("kind", ["TIFF", "PNG", "WEBP", "AVIF", "HEIF"])
def test_exif_counts_in_every_format_that_holds_it(eight, kind):
    stated = exif_of(ExposureTime=0.5, FNumber=4.0, WhiteBalance=1)
    picture = read_picture(saved(eight, kind, exif=stated))
    assert str(picture.stated.exposure) == "0.5 s, f/4"
    assert picture.stated.white_balance == "manual"


def test_apex_values_count_where_plain_ones_are_missing(eight):
    data = saved(eight, "JPEG", exif=exif_of(ShutterSpeedValue=5.0, ApertureValue=2.0))
    assert str(read_picture(data).stated.exposure) == "1/32 s, f/2"


@pytest.mark.parametrize(
    "stated", [{"ExposureTime": 0.0}, {"ISOSpeedRatings": 0}, {"ShutterSpeedValue": 1e9}]
)
def test_an_exposure_that_is_none_states_nothing(eight, stated):
    assert not read_picture(saved(eight, "JPEG", exif=exif_of(**stated))).stated.exposure


@pytest.mark.parametrize("time_s", [5e-324, 1e-300, 1e300])
def test_an_exposure_that_no_camera_has_states_nothing(time_s):
    assert str(read_picture(fits_file(EXPTIME=time_s)).stated.exposure) == "not stated"


def fits_file(**keywords) -> bytes:
    buffer = io.BytesIO()
    unit = fits.PrimaryHDU(np.full((8, 9), 700, np.uint16))
    unit.header.update(keywords)
    unit.writeto(buffer)
    return buffer.getvalue()


def test_a_fits_header_states_exposure_full_scale_and_linear_light():
    data = fits_file(EXPTIME=2.5, GAIN=120, EGAIN=0.5, SATURATE=4095, WB_RED=52)
    picture = read_picture(data, deep=True)
    assert (picture.tone, picture.tone_from, picture.full_scale) == (LINEAR, BY_FILE, 4095)
    assert picture.stated.white_balance == "WB_RED 52"
    exposure = picture.stated.exposure
    assert exposure.times(Exposure(5.0, electrons=1.0, gain=0)) == pytest.approx(1.0)
    assert str(exposure) == "2.5 s, gain 120, 0.5 electrons a count"


def test_gains_in_a_camera_s_unit_are_not_compared():
    with pytest.raises(DataError, match="gain 120 against 0"):
        Exposure(1.0, gain=120).times(Exposure(1.0, gain=0))


def test_what_one_alone_states_is_not_known():
    assert Exposure(1.0).times(Exposure()) is None
    assert Exposure().times(Exposure()) == 1.0
    assert Exposure(1.0, gain=3).times(Exposure(1.0)) is None


def test_white_balance_is_stated(eight):
    for value, words in ((0, "automatic"), (1, "manual")):
        data = saved(eight, "JPEG", exif=exif_of(WhiteBalance=value))
        assert read_picture(data).stated.white_balance == words


def test_damaged_exif_states_nothing(eight):
    whole = exif_of(ExposureTime=0.1)
    data = saved(eight, "JPEG", exif=whole).replace(whole[-40:], bytes(40))
    assert not read_picture(data).stated.exposure
