"""Any photo file becomes the same upright RGB picture, or one clear error."""

import contextlib
import io
import struct
import time
import zlib

import cv2
import numpy as np
import pillow_heif
import pytest
from PIL import Image, TiffImagePlugin

from lib.errors import DataError
from lib.images.decoding import MAX_FRAMES
from lib.images.depth import sensor_full_scale, to_eight_bits
from lib.images.folders import is_image_name, list_images
from lib.images.png import write_png
from lib.images.reading import read_image


@pytest.fixture(scope="module", autouse=True)
def heif_encoder():
    pillow_heif.register_heif_opener()


@pytest.fixture
def picture():
    """Smooth colours without symmetry, so that any turn or channel swap shows."""
    y, x = np.mgrid[0:48, 0:64]
    return np.dstack([x * 3, y * 4, (x + y) * 1]).astype(np.uint8)


def encode(image, format_name, **options):
    buffer = io.BytesIO()
    (image if isinstance(image, Image.Image) else Image.fromarray(image)).save(
        buffer, format_name, **options
    )
    return buffer.getvalue()


def mean_difference(a, b):
    return np.abs(a.astype(int) - b.astype(int)).mean() if a.shape == b.shape else np.inf


@pytest.mark.parametrize("format_name", ["PNG", "TIFF", "BMP", "WEBP"])
def test_lossless_formats_are_read_exactly(picture, format_name):
    options = {"lossless": True} if format_name == "WEBP" else {}
    read = read_image(encode(picture, format_name, **options))
    assert read.dtype == np.uint8 and read.flags.writeable and read.flags.c_contiguous
    np.testing.assert_array_equal(read, picture)


@pytest.mark.parametrize("mode", ["RGB", "L"])
@pytest.mark.parametrize(
    "options", [{}, {"progressive": True}, {"subsampling": 0}, {"subsampling": 1, "quality": 30}]
)
def test_a_whole_jpeg_is_decoded_at_once_to_the_pixels_of_pillow(
    picture, mode, options, monkeypatch
):
    stored = encode(Image.fromarray(picture[:47, :61]).convert(mode), "JPEG", **options)
    expected = np.asarray(Image.open(io.BytesIO(stored)).convert("RGB"))
    monkeypatch.setattr("lib.images.decoding._decode_by_pillow", None)
    read = read_image(stored)
    np.testing.assert_array_equal(read, expected)
    assert read.flags.writeable and read.flags.c_contiguous


@pytest.mark.parametrize("format_name", ["JPEG", "WEBP", "AVIF", "HEIF"])
def test_lossy_formats_are_read_closely(picture, format_name):
    assert mean_difference(read_image(encode(picture, format_name, quality=95)), picture) < 4


@pytest.mark.parametrize("format_name", ["JPEG", "TIFF", "PNG", "WEBP", "AVIF", "HEIF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_picture_comes_upright_whatever_its_orientation_tag(picture, format_name, orientation):
    exif = Image.Exif()
    exif[274] = orientation
    options = {} if format_name in ("TIFF", "PNG") else {"quality": 95}
    stored = read_image(encode(picture, format_name, **options))
    expected = {
        1: stored,
        2: stored[:, ::-1],
        3: stored[::-1, ::-1],
        4: stored[::-1],
        5: stored.transpose(1, 0, 2),
        6: np.rot90(stored, -1),
        7: np.rot90(stored, -1)[::-1],
        8: np.rot90(stored),
    }[orientation]
    expected = np.rot90(stored.transpose(1, 0, 2), 2) if orientation == 7 else expected
    read = read_image(encode(picture, format_name, exif=exif.tobytes(), **options))
    assert mean_difference(read, expected) < 1


@pytest.mark.parametrize("suffix", [".png", ".tiff"])
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_16_bit_samples_scale_over_their_full_range(suffix, channels):
    rng = np.random.default_rng(1)
    wide = rng.integers(0, 65536, (9, 11, channels), dtype=np.uint16)
    wide[0, 0], wide[0, 1] = 0, 65535
    if channels == 4:
        wide[:, :, 3] = 65535
    rgb = wide[:, :, :3] if channels > 1 else np.repeat(wide, 3, axis=2)
    encoded = cv2.imencode(suffix, wide[:, :, [2, 1, 0, 3][:channels] if channels > 1 else [0]])[1]
    expected = np.round(rgb / 257).astype(np.uint8)
    np.testing.assert_array_equal(read_image(encoded.tobytes()), expected)
    np.testing.assert_array_equal(read_image(encoded.tobytes(), deep=True), rgb)


@pytest.mark.parametrize("orientation", [1, 6])
def test_16_bit_tiff_is_turned_once(picture, orientation):
    little = io.BytesIO()
    wide = cv2.imencode(".tiff", picture[:, :, ::-1].astype(np.uint16) * 257)[1].tobytes()
    # Append an Orientation entry by rewriting the directory at the end of the file.
    order = "<" if wide[:2] == b"II" else ">"
    start = struct.unpack_from(order + "I", wide, 4)[0]
    count = struct.unpack_from(order + "H", wide, start)[0]
    entries = [wide[start + 2 + 12 * i : start + 14 + 12 * i] for i in range(count)]
    entries = [e for e in entries if struct.unpack_from(order + "H", e)[0] != 274]
    entries.append(struct.pack(order + "HHIHH", 274, 3, 1, orientation, 0))
    entries.sort(key=lambda entry: struct.unpack_from(order + "H", entry)[0])
    little.write(wide[:4] + struct.pack(order + "I", len(wide)) + wide[8:])
    little.write(struct.pack(order + "H", len(entries)) + b"".join(entries) + bytes(4))
    expected = picture if orientation == 1 else np.rot90(picture, -1)
    np.testing.assert_array_equal(read_image(little.getvalue()), expected)


@pytest.mark.parametrize(
    "tags",
    [{254: 1}, {255: 2}, {50706: b"\1\4\0\0"}, {254: 5, 50706: b"\1\4\0\0"}],
    ids=["new subfile type", "subfile type", "dng", "dng preview"],
)
@pytest.mark.parametrize("mode", ["RGB", "L", "I;16"])
def test_a_raw_file_is_refused_not_read_by_its_preview(picture, mode, tags):
    preview = Image.fromarray(picture[:, :, 1].astype(np.uint16)) if mode == "I;16" else None
    preview = preview or Image.fromarray(picture).convert(mode)
    full = Image.fromarray(np.tile(picture, (4, 4, 1)))
    info = TiffImagePlugin.ImageFileDirectory_v2()
    for tag, value in tags.items():
        info[tag] = value
    data = encode(preview, "TIFF", tiffinfo=info, save_all=True, append_images=[full])
    with pytest.raises(DataError, match=r"lamp\.dng: a raw.* of 64 x 48 pixels; expected the dev"):
        read_image(data, name="lamp.dng")


def test_a_tiff_whose_later_pages_are_reduced_is_read(picture):
    info = TiffImagePlugin.ImageFileDirectory_v2()
    info[254] = 2
    small = Image.fromarray(picture[::4, ::4])
    small.encoderinfo = {"tiffinfo": {254: 1}}
    data = encode(picture, "TIFF", tiffinfo=info, save_all=True, append_images=[small])
    np.testing.assert_array_equal(read_image(data), picture)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize(("bits", "kind"), [(32, "floating-point"), (64, "floating-point")])
def test_a_tiff_of_more_than_16_bits_is_told_as_what_it_is(bits, kind, channels):
    wide = np.linspace(0, 1, 24 * 32 * channels, dtype=f"f{bits // 8}").reshape(24, 32, channels)
    data = cv2.imencode(".tiff", wide)[1].tobytes()
    with pytest.raises(
        DataError, match=rf"l\.tif: a TIFF of {bits}-bit {kind} numbers; expected 8"
    ):
        read_image(data, name="l.tif")


def test_a_tiff_of_32_bit_whole_numbers_is_told_as_what_it_is():
    data = encode(Image.fromarray(np.arange(600, dtype=np.int32).reshape(20, 30)), "TIFF")
    with pytest.raises(DataError, match=r"l\.tif: a TIFF of 32-bit whole numbers; expected 8"):
        read_image(data, name="l.tif")


def test_grey_palette_and_two_level_pictures_become_rgb(picture):
    grey = picture[:, :, 1]
    np.testing.assert_array_equal(read_image(encode(grey, "PNG")), np.dstack([grey] * 3))
    palette = Image.fromarray(picture).quantize(64)
    np.testing.assert_array_equal(
        read_image(encode(palette, "PNG")), np.asarray(palette.convert("RGB"))
    )
    two_level = Image.fromarray(((grey > 90) * 255).astype(np.uint8)).convert("1")
    assert set(np.unique(read_image(encode(two_level, "TIFF")))) == {0, 255}


def test_transparent_pixels_become_black_but_an_all_clear_picture_is_kept(picture):
    half = np.dstack([picture, np.full(picture.shape[:2], 255, np.uint8)])
    half[:24, :, 3] = 0
    read = read_image(encode(half, "PNG"))
    assert read[:24].max() == 0
    np.testing.assert_array_equal(read[24:], picture[24:])
    half[:, :, 3] = 0
    np.testing.assert_array_equal(read_image(encode(half, "PNG")), picture)


def test_a_palette_with_a_transparent_entry_is_blended(picture):
    palette = Image.fromarray(picture).quantize(8)
    read = read_image(encode(palette, "PNG", transparency=0))
    assert np.all(read[np.asarray(palette) == 0] == 0)


@pytest.mark.parametrize("format_name", ["JPEG", "TIFF"])
def test_cmyk_is_converted(picture, format_name):
    cmyk = Image.fromarray(picture).convert("CMYK")
    options = {"quality": 98} if format_name == "JPEG" else {}
    assert mean_difference(read_image(encode(cmyk, format_name, **options)), picture) < 3


@pytest.mark.parametrize("channels", [1, 3, 4])
@pytest.mark.parametrize("suffix", ["png", "tif"])
def test_eight_bits_are_those_of_the_deep_picture(suffix, channels):
    rng = np.random.default_rng(channels)
    # Over several blocks of rows, within the 12 bits of a sensor, with a hot pixel.
    samples = rng.integers(0, 4000, (150, 70, channels)).astype(np.uint16)
    samples[64, 33] = 65535
    samples[:, :, 3:] = 65535
    data = cv2.imencode(f".{suffix}", samples)[1].tobytes()
    deep = read_image(data, deep=True)
    assert deep.dtype == np.uint16 and sensor_full_scale(deep) == 4095
    np.testing.assert_array_equal(read_image(data), to_eight_bits(deep))


@pytest.mark.parametrize("format_name", ["TIFF", "WEBP", "GIF", "PNG", "AVIF", "HEIF"])
def test_the_first_frame_of_many_is_read(picture, format_name):
    frames = [Image.fromarray(picture), Image.fromarray(255 - picture)]
    read = read_image(encode(frames[0], format_name, save_all=True, append_images=frames[1:]))
    assert mean_difference(read, picture) < 12


def test_damaged_exif_does_not_hide_the_photo(picture):
    exif = Image.Exif()
    exif[274] = 6
    data = bytearray(encode(picture, "JPEG", exif=exif))
    start = data.index(b"Exif\0\0") + 6
    data[start : start + 12] = b"\xff" * 12
    assert read_image(bytes(data)).shape == picture.shape


@pytest.mark.parametrize("format_name", ["JPEG", "PNG", "TIFF", "BMP", "WEBP", "AVIF", "HEIF"])
def test_a_file_cut_short_is_an_error_that_names_it(picture, format_name):
    noise = np.random.default_rng(0).integers(0, 256, (90, 120, 3), dtype=np.uint8)
    data = encode(noise, format_name)
    for kept in (0, 3, 40, len(data) // 2, int(len(data) * 0.9)):
        with pytest.raises(DataError, match=r"lamp\.jpg.*expected"):
            read_image(data[:kept], name="lamp.jpg")


@pytest.fixture(scope="module")
def lamp():
    """Lines on black with some noise, of a webcam's size."""
    rng = np.random.default_rng(3)
    image = rng.normal(6, 2, (480, 640, 3))
    image[180:300, 90:560:47] += 180
    return image.clip(0, 255).astype(np.uint8)


JPEG_KINDS = pytest.mark.parametrize(
    "options",
    [
        {},
        {"progressive": True},
        {"subsampling": "4:4:4"},
        {"restart_marker_blocks": 7},
        {"grey": True},
    ],
    ids=str,
)


def encode_jpeg(lamp, options):
    options = dict(options)
    return encode(lamp[:, :, 0] if options.pop("grey", False) else lamp, "JPEG", **options)


@JPEG_KINDS
def test_a_jpeg_without_its_end_marker_is_read_whole(lamp, options):
    data = encode_jpeg(lamp, options)
    whole = read_image(data)
    assert data.endswith(b"\xff\xd9")
    for ended in (data[:-2], data[:-1], data[:-2] + bytes(2), data[:-2] + bytes(5000)):
        np.testing.assert_array_equal(read_image(ended), whole)


@JPEG_KINDS
@pytest.mark.parametrize("zeroed", [4, 8, 16])
def test_a_jpeg_with_zeroed_last_bytes_is_dark_where_they_were(lamp, options, zeroed):
    data = encode_jpeg(lamp, options)
    read = read_image(data[:-zeroed] + bytes(zeroed))
    differs = (read != read_image(data)).any(axis=2)
    assert not differs[:463].any()
    assert differs.sum() < 0.02 * differs.size
    # The decoder alone would leave it grey, at 128.
    assert read[differs].max(initial=0) < 10


@JPEG_KINDS
@pytest.mark.parametrize("kept", [0.2, 0.5, 0.7, 0.9, 0.97])
def test_a_jpeg_that_lacks_rows_is_refused_whatever_follows(lamp, options, kept):
    data = encode_jpeg(lamp, options)
    cut = data[: int(len(data) * kept)]
    for follows in (b"", bytes(len(data) - len(cut)), b"\r\n"):
        with pytest.raises(DataError, match=r"lamp\.jpg: damaged or cut short.*expected"):
            read_image(cut + follows, name="lamp.jpg")


def test_a_progressive_jpeg_that_lacks_passes_is_refused(lamp):
    data = encode(lamp, "JPEG", progressive=True)
    starts = [place for place in range(len(data)) if data[place : place + 2] == b"\xff\xda"]
    for start in starts[1:]:
        with pytest.raises(DataError, match="cut short"):
            read_image(data[:start])


def test_a_thumbnail_does_not_stand_in_for_missing_passes(lamp):
    data = encode(lamp, "JPEG", progressive=True)
    thumbnail = encode(lamp[::8, ::8], "JPEG")
    segment = b"\xff\xe1" + struct.pack(">H", len(thumbnail) + 2) + thumbnail
    data = data[:2] + segment + data[2:]
    whole = read_image(data)
    np.testing.assert_array_equal(read_image(data[:-2]), whole)
    with pytest.raises(DataError, match="cut short"):
        read_image(data[: data.rfind(b"\xff\xda")])


@pytest.mark.parametrize("format_name", ["JPEG", "PNG", "TIFF", "WEBP"])
@pytest.mark.parametrize("before", [b"\r\n", b"\n", b" \r\n\r\n"])
def test_white_space_in_front_of_a_photo_is_left_out(picture, format_name, before):
    data = encode(picture, format_name)
    np.testing.assert_array_equal(read_image(before + data), read_image(data))


def test_random_damage_gives_a_picture_or_a_data_error(picture):
    rng = np.random.default_rng(2)
    for format_name in ("JPEG", "PNG", "TIFF", "BMP", "WEBP", "AVIF", "HEIF", "GIF"):
        data = np.frombuffer(encode(picture, format_name), np.uint8)
        for _ in range(20):
            damaged = data.copy()
            places = rng.integers(0, len(data), 8)
            damaged[places] = rng.integers(0, 256, 8)
            with contextlib.suppress(DataError):
                assert read_image(damaged.tobytes()).shape[2] == 3


@pytest.mark.parametrize(
    "data", [b"", b"<svg xmlns='x'/>", b"%PDF-1.7", b"%!PS-Adobe-3.0 EPSF-3.0\n", b"\0" * 5000]
)
def test_what_is_no_photo_is_refused(data):
    with pytest.raises(DataError, match=r"upload: .*expected a JPEG"):
        read_image(data, name="upload")


def test_a_missing_file_and_a_folder_are_named(tmp_path):
    for path in (tmp_path / "none.png", tmp_path):
        with pytest.raises(DataError, match=str(path)):
            read_image(path)


def test_bytes_are_bounded_before_reading(tmp_path, picture):
    path = tmp_path / "big.bmp"
    path.write_bytes(encode(picture, "BMP"))
    with pytest.raises(DataError, match=r"big\.bmp: 9,270 bytes; expected at most 9,000"):
        read_image(path, max_bytes=9000)


def huge_png(width, height):
    """A real PNG of black rows, as a decompression bomb is made."""

    def chunk(kind, content):
        checksum = zlib.crc32(kind + content)
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", checksum)

    packer = zlib.compressobj(9)
    rows = bytes((width + 1) * 100)
    packed = b"".join(packer.compress(rows) for _ in range(height // 100)) + packer.flush()
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", packed) + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize("side", [9_900, 12_000, 20_000])
def test_too_many_pixels_are_refused_from_the_header(side):
    # The header decides, so a small body does: the pixels would never have been read.
    data = huge_png(side, 100)
    data = data[:20] + struct.pack(">I", side) + data[24:]
    crc = zlib.crc32(data[12:29])
    data = data[:29] + struct.pack(">I", crc) + data[33:]
    read_image(huge_png(64, 100))
    start = time.perf_counter()
    with pytest.raises(DataError, match="at most 90,000,000"):
        read_image(data, max_pixels=90_000_000)
    assert time.perf_counter() - start < 0.1


@pytest.mark.parametrize(("suffix", "channels", "per_pixel"), [("png", 4, 8), ("tif", 3, 6)])
def test_16_bit_samples_count_by_their_bytes(suffix, channels, per_pixel):
    data = cv2.imencode(f".{suffix}", np.zeros((40, 50, channels), np.uint16))[1].tobytes()
    most = 40 * 50 * per_pixel // 4
    assert read_image(data, max_pixels=most).shape == (40, 50, 3)
    with pytest.raises(DataError, match=f"50 x 40 pixels; expected at most 1,999 of {per_pixel} b"):
        read_image(data, max_pixels=most - 1)


def test_a_tiff_whose_tile_exceeds_the_bound_is_refused():
    entries = {
        256: 64,
        257: 48,
        258: 8,
        259: 8,
        262: 1,
        277: 1,
        322: 8192,
        323: 8192,
        324: 8,
        325: 9,
    }
    directory = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in entries.items())
    data = struct.pack("<2sHIH", b"II", 42, 8, len(entries)) + directory + bytes(4 + 9)
    with pytest.raises(DataError, match="8192 x 8192 pixels; expected at most 1,000,000"):
        read_image(data, max_pixels=1_000_000)


def refused_by_python():
    raise MemoryError


def refused_by_opencv():
    cv2.resize(np.zeros((2, 2, 4)), (2**24, 2**24))


@pytest.mark.parametrize("fails", [refused_by_python, refused_by_opencv])
def test_a_decoder_that_finds_no_memory_says_so(picture, monkeypatch, fails):
    monkeypatch.setattr("lib.images.decoding._decode_by_pillow", lambda *_: fails())
    with pytest.raises(DataError, match=r"^lamp\.jpg: needs more memory to decode than is free$"):
        read_image(encode(picture, "PNG"), name="lamp.jpg")


def test_a_text_is_no_damaged_photo():
    with pytest.raises(DataError, match="notes: not a readable image"):
        read_image(b"%PDF-1.4 or any other text", name="notes")


@pytest.mark.parametrize("format_name", ["GIF", "TIFF", "PNG", "WEBP"])
def test_a_film_is_refused_and_a_burst_is_read(format_name):
    frames = [
        Image.new("RGB", (40, 30), (97 * count % 256, 2 * count, 128))
        for count in range(MAX_FRAMES + 1)
    ]

    def saved(count: int) -> bytes:
        buffer = io.BytesIO()
        frames[0].save(buffer, format_name, save_all=True, append_images=frames[1:count])
        return buffer.getvalue()

    assert read_image(saved(MAX_FRAMES)).shape == (30, 40, 3)
    with pytest.raises(DataError, match="film"):
        read_image(saved(MAX_FRAMES + 1), name="film")


def test_a_jpeg_of_endless_passes_is_refused_before_decoding():
    buffer = io.BytesIO()
    Image.new("RGB", (6000, 6000)).save(buffer, "JPEG", progressive=True)
    data = buffer.getvalue()
    one_pass = data[data.rfind(b"\xff\xda") : -2]
    start = time.perf_counter()
    with pytest.raises(DataError, match="passes"):
        read_image(data[:-2] + 5000 * one_pass + b"\xff\xd9")
    assert time.perf_counter() - start < 1


def test_a_written_png_reads_back_the_same(tmp_path, picture):
    write_png(tmp_path / "new" / "crop.png", picture)
    np.testing.assert_array_equal(read_image(tmp_path / "new" / "crop.png"), picture)
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["crop.png"]


def test_images_are_listed_by_suffix_in_order(tmp_path):
    for name in ("b.JPG", "a.heic", "notes.txt", ".hidden.png", "deep/c.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    assert [path.name for path in list_images(tmp_path)] == ["a.heic", "b.JPG"]
    assert len(list_images(tmp_path, recursive=True)) == 3
    assert is_image_name("x.WebP") and not is_image_name("x.py")
    with pytest.raises(DataError, match="no such folder"):
        list_images(tmp_path / "none")


@pytest.mark.parametrize("bits", [8, 10, 12, 14, 16])
@pytest.mark.parametrize("channels", [(), (3,), (4,)])
def test_a_sensors_bits_are_told_from_its_brightest_sample(tmp_path, bits, channels):
    shown = np.linspace(0, 255, 24 * 32).reshape(24, 32, *np.ones(len(channels), int))
    shown = np.broadcast_to(shown, (24, 32, *channels))
    pixels = np.round(shown / 255 * ((1 << bits) - 1)).astype(np.uint16)
    if channels == (4,):
        pixels[..., 3] = 65535
    path = tmp_path / "deep.png"
    assert cv2.imwrite(str(path), pixels)
    seen = read_image(path)
    wanted = shown[..., :3] if channels else np.repeat(shown[..., None], 3, axis=2)
    assert np.abs(seen - wanted).max() <= 1
