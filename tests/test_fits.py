"""FITS files become the same upright RGB picture as any photo, or one clear error."""

import gzip
import io
import sys
import tracemalloc

import numpy as np
import pytest
from astropy.io import fits

from lib.errors import DataError
from lib.images.depth import to_eight_bits
from lib.images.folders import list_images
from lib.images.reading import read_image


@pytest.fixture
def picture():
    """Colours without symmetry, uint16, so that any turn, flip or swap shows."""
    y, x = np.mgrid[0:48, 0:64]
    return np.dstack([x * 600, y * 700, (x + y) * 300]).astype(np.uint16)


def encode(*units, **keywords) -> bytes:
    units = [unit if hasattr(unit, "header") else fits.PrimaryHDU(unit) for unit in units]
    units[-1].header.update(keywords)
    stream = io.BytesIO()
    fits.HDUList(units).writeto(stream)
    return stream.getvalue()


def mosaic(picture, pattern: str):
    colours = np.tile(np.array(["RGB".index(c) for c in pattern]).reshape(2, 2), (24, 32))
    return np.take_along_axis(picture, colours[:, :, None], axis=2)[:, :, 0]


def test_counts_of_16_bits_stay_what_they_are(picture):
    data = encode(np.moveaxis(picture, 2, 0), ROWORDER="TOP-DOWN")
    assert b"BZERO" in data
    read = read_image(data, deep=True)
    assert read.dtype == np.uint16 and read.flags.writeable and read.flags.c_contiguous
    np.testing.assert_array_equal(read, picture)
    np.testing.assert_array_equal(read_image(data), to_eight_bits(picture))


@pytest.mark.parametrize("rows", [None, "BOTTOM-UP", "TOP-DOWN"])
def test_the_first_row_is_the_lowest_unless_told(picture, rows):
    keywords = {"ROWORDER": rows} if rows else {}
    read = read_image(encode(picture[:, :, 1], **keywords), deep=True)
    upright = picture[:, :, 1] if rows == "TOP-DOWN" else picture[::-1, :, 1]
    np.testing.assert_array_equal(read, np.dstack([upright] * 3))


@pytest.mark.parametrize("pattern", ["RGGB", "BGGR", "GRBG", "GBRG"])
@pytest.mark.parametrize("rows", ["TOP-DOWN", "BOTTOM-UP"])
@pytest.mark.parametrize("height", [48, 47])
def test_a_mosaic_becomes_colours(picture, pattern, rows, height):
    stored = mosaic(picture, pattern)[:height]
    stored = stored if rows == "TOP-DOWN" else stored[::-1]
    read = read_image(encode(stored, BAYERPAT=pattern, ROWORDER=rows), deep=True)
    off = np.abs(read[2:-2, 2:-2].astype(int) - picture[:height][2:-2, 2:-2])
    assert off.max() <= 1


def test_a_mosaic_without_an_order_of_rows_begins_where_the_file_does(picture):
    read = read_image(encode(mosaic(picture, "RGGB"), BAYERPAT="RGGB"), deep=True)
    assert np.abs(read[::-1][2:-2, 2:-2].astype(int) - picture[2:-2, 2:-2]).max() <= 1


@pytest.mark.parametrize(("key", "shown"), [("XBAYROFF", "GRBG"), ("YBAYROFF", "GBRG")])
def test_a_mosaic_may_begin_at_an_offset(picture, key, shown):
    keywords = {"BAYERPAT": "RGGB", key: 1, "ROWORDER": "TOP-DOWN"}
    read = read_image(encode(mosaic(picture, shown), **keywords), deep=True)
    assert np.abs(read[2:-2, 2:-2].astype(int) - picture[2:-2, 2:-2]).max() <= 1


def test_an_unknown_mosaic_is_refused(picture):
    with pytest.raises(DataError, match=r"m\.fits: BAYERPAT is 'XTRANS'; expected one of RGGB"):
        read_image(encode(picture[:, :, 0], BAYERPAT="XTRANS"), name="m.fits")


@pytest.mark.parametrize("kind", ["u1", "i2", "i4", "f4", "f8"])
def test_counts_of_any_type_are_read(kind):
    counts = np.arange(200, dtype=kind).reshape(10, 20)
    read = read_image(encode(counts, ROWORDER="TOP-DOWN"), deep=True)
    np.testing.assert_array_equal(read[:, :, 0], counts.astype(np.uint16))
    np.testing.assert_array_equal(read_image(encode(counts, ROWORDER="TOP-DOWN"))[:, :, 2], counts)


def test_fractions_are_those_of_full_scale():
    shown = np.linspace(-0.1, 1.05, 200, dtype=np.float32).reshape(10, 20)
    shown[0, 3] = np.nan
    read = read_image(encode(shown, ROWORDER="TOP-DOWN"))
    expected = np.round(np.nan_to_num(shown).clip(0, 1) * 255)
    assert np.abs(read[:, :, 0] - expected).max() <= 1


def test_bscale_and_blank_are_applied():
    unit = fits.PrimaryHDU(np.arange(200, dtype=np.int16).reshape(10, 20))
    data = encode(unit, ROWORDER="TOP-DOWN").replace(b"ROWORDER=", b"BSCALE  =", 1)
    data = data.replace(b"'TOP-DOWN'", b"       2.0", 1)
    read = read_image(data, deep=True)
    np.testing.assert_array_equal(read[::-1, :, 0].ravel(), 2 * np.arange(200))


def test_sums_beyond_16_bits_are_shown_but_not_measured():
    total = np.linspace(0, 300_000, 200, dtype=np.float32).reshape(10, 20)
    assert read_image(encode(total)).max() == 255
    with pytest.raises(DataError, match=r"sum\.fits: samples of up to 300000; expected at most"):
        read_image(encode(total), name="sum.fits", deep=True)


def test_the_first_picture_of_many_units_is_read(picture):
    table = fits.BinTableHDU.from_columns([fits.Column("nm", "D", array=np.arange(9.0))])
    image = fits.ImageHDU(picture[:, :, 0])
    data = encode(fits.PrimaryHDU(), table, image, ROWORDER="TOP-DOWN")
    np.testing.assert_array_equal(read_image(data, deep=True)[:, :, 0], picture[:, :, 0])


def test_a_compressed_picture_is_read(picture):
    unit = fits.CompImageHDU(picture[:, :, 0])
    data = encode(fits.PrimaryHDU(), unit, ROWORDER="TOP-DOWN")
    np.testing.assert_array_equal(read_image(data, deep=True)[:, :, 0], picture[:, :, 0])


@pytest.mark.parametrize(
    ("units", "words"),
    [
        ([fits.PrimaryHDU()], "no data"),
        ([np.zeros(2048, np.float32)], "a spectrum of 2048 samples"),
        ([np.zeros((1, 2048), np.float32)], "a spectrum of 2048 samples"),
        ([np.zeros((2, 4, 20, 30), np.float32)], "a cube of 30 x 20 x 4 x 2"),
        (
            [
                fits.PrimaryHDU(),
                fits.BinTableHDU.from_columns([fits.Column("nm", "D", array=np.arange(9.0))]),
            ],
            "a table of 1 columns",
        ),
    ],
    ids=["empty", "spectrum", "one row", "4-D", "table"],
)
def test_what_has_no_picture_says_what_it_holds(units, words):
    with pytest.raises(
        DataError, match=rf"s\.fits: a FITS file without a picture \({words}\); exp"
    ):
        read_image(encode(*units), name="s.fits")


def test_a_file_cut_short_is_an_error_that_names_it(picture):
    data = encode(picture[:, :, 0])
    for kept in (9, 300, 2880, len(data) // 2):
        with pytest.raises(DataError, match=r"lamp\.fits: .*expected"):
            read_image(data[:kept], name="lamp.fits")


def test_too_many_pixels_are_refused_from_the_header():
    data = encode(np.zeros((10, 20), np.uint16)).replace(
        b"                  20 ", b"           200000000 "
    )
    with pytest.raises(DataError, match="200000000 x 10 pixels; expected at most 66,666,666 of 6"):
        read_image(data, name="big.fits")


@pytest.mark.parametrize(
    ("kind", "per_pixel"), [(np.uint16, 6), (np.float32, 12), (np.float64, 24)]
)
def test_planes_of_deeper_samples_count_by_their_bytes(kind, per_pixel):
    # Compressed, as a small file then stands for a large picture.
    data = encode(fits.PrimaryHDU(), fits.CompImageHDU(np.zeros((3, 40, 50), kind)))
    most = 40 * 50 * per_pixel // 4
    assert read_image(data, max_pixels=most).shape == (40, 50, 3)
    words = f"40 pixels; expected at most {1999:,} of {per_pixel} bytes"
    with pytest.raises(DataError, match=f"big.fits: 50 x {words}"):
        read_image(data, name="big.fits", max_pixels=most - 1)


@pytest.mark.parametrize(("planes", "kind"), [(1, "i2"), (1, "f8"), (3, "f4"), (3, "f8")])
def test_reading_holds_at_most_twice_what_counts(planes, kind):
    data = encode(fits.PrimaryHDU(), fits.CompImageHDU(np.zeros((planes, 800, 1000), kind)))
    read_image(data)
    tracemalloc.start()
    read_image(data, deep=True)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 2 * 800 * 1000 * max(planes * int(kind[1]), 6)


@pytest.mark.parametrize("method", ["GZIP_1", "GZIP_2"])
def test_a_tile_that_unpacks_to_more_than_its_share_is_refused(method):
    pixels = np.arange(1_000_000, dtype=np.int16).reshape(1000, 1000)
    unit = fits.CompImageHDU(pixels, compression_type=method, tile_shape=(1000, 1000))
    data = encode(fits.PrimaryHDU(), unit)
    assert read_image(data).shape == (1000, 1000, 3)
    for key in (b"ZNAXIS1", b"ZNAXIS2", b"ZTILE1 ", b"ZTILE2 "):
        data = data.replace(key + b" =                 1000", key + b" =                   10")
    with pytest.raises(DataError, match=r"bomb\.fits: a tile of more than 800 bytes; damaged"):
        read_image(data, name="bomb.fits")


def test_without_astropy_the_error_names_it(picture, monkeypatch):
    data = encode(picture[:, :, 0])
    monkeypatch.setitem(sys.modules, "astropy.io", None)
    expected = r"l\.fits: astropy is not installed; expected the extra fits"
    with pytest.raises(DataError, match=expected):
        read_image(data, name="l.fits")


def test_fits_files_of_a_folder_are_listed(tmp_path):
    for name in ("a.FIT", "b.fits", "c.fts"):
        (tmp_path / name).touch()
    assert len(list_images(tmp_path)) == 3


def test_one_hot_pixel_does_not_darken_the_others():
    counts = np.full((40, 60, 3), 100, np.uint16)
    counts[:, 30] = 3000
    seen = to_eight_bits(counts)
    counts[5, 5] = 60_000
    np.testing.assert_array_equal(np.delete(to_eight_bits(counts), 5, 0), np.delete(seen, 5, 0))


def test_a_fits_file_that_gzip_has_packed_is_read(picture, tmp_path):
    data = encode(picture[:, :, 0], ROWORDER="TOP-DOWN")
    path = tmp_path / "lamp.fits.gz"
    path.write_bytes(gzip.compress(data))
    np.testing.assert_array_equal(read_image(path), read_image(data))
    assert list_images(tmp_path) == [path]
    packed = gzip.compress(data)
    for damaged in (packed[:-30], packed[:20] + bytes(30) + packed[50:]):
        with pytest.raises(DataError, match=r"lamp\.fits\.gz: damaged"):
            read_image(damaged, name="lamp.fits.gz")
    with pytest.raises(DataError, match="more than 60,000 bytes unpacked"):
        read_image(gzip.compress(bytes(10**6)), max_bytes=60_000)
