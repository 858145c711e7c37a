"""Memory of one reader of the service for the largest pictures that it takes, by format.

Each picture is as large as the bound on pixels allows in its format, and each is read by a reader
that has just started. The bound on a reader's memory holds meanwhile (Linux).

Reads:  a frozen model
Writes: the table on stdout

    python benchmarks/reader_memory.py
"""

import argparse
import os
import sys
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import cv2
import numpy as np
import pillow_heif
import psutil
from astropy.io import fits
from PIL import Image

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import cli
from lib.images.memory import BYTES_PER_PIXEL
from lib.paths import DEFAULT_MODEL
from web.options import ServiceOptions
from web.readers.pool import Pool
from web.readers.work import Job, Limits

OPTIONS = ServiceOptions()
_DEEP_PNG, _DEEP_TIFF = (".png", []), (".tif", [cv2.IMWRITE_TIFF_COMPRESSION, 8])


def by_pillow(format_name: str, mode: str = "RGB", **options) -> Callable[[np.ndarray], bytes]:
    """Return what writes a picture in a format of 8 bits."""

    def write(picture: np.ndarray) -> bytes:
        image, buffer = Image.fromarray(picture).convert(mode), BytesIO()
        if mode == "RGBA":
            image.putpixel((0, 0), (9, 9, 9, 9))
        image.save(buffer, format_name, **options)
        return buffer.getvalue()

    return write


def by_opencv(suffix: str, options: list[int], channels: int) -> Callable[[np.ndarray], bytes]:
    """Return what writes a picture of 16 bits."""

    def write(picture: np.ndarray) -> bytes:
        deep = np.full((*picture.shape[:2], channels), 40_000, np.uint16)
        deep[:, :, :3] = picture
        deep[:, :, :3] <<= 8
        return cv2.imencode(suffix, deep, options)[1].tobytes()

    return write


def by_astropy(kind: str, planes: int) -> Callable[[np.ndarray], bytes]:
    """Return what writes a compressed FITS file."""

    def write(picture: np.ndarray) -> bytes:
        samples = np.moveaxis(picture, 2, 0)[:planes].astype(kind)
        unit = fits.CompImageHDU(np.squeeze(samples), compression_type="GZIP_1", quantize_level=0)
        buffer = BytesIO()
        fits.HDUList([fits.PrimaryHDU(), unit]).writeto(buffer)
        return buffer.getvalue()

    return write


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Parse the command line."""
    parser = cli.make_parser(__doc__)
    parser.add_argument("--model", type=Path, default=DEFAULT_MODEL, help="(%(default)s)")
    parser.add_argument("--only", nargs="+", metavar="WORD", help="formats by name (default: all)")
    return parser.parse_args(argv)


# By format: what counts of a pixel, and what writes it.
FORMATS = {
    "JPEG": (4, by_pillow("JPEG", quality=80)),
    "JPEG, progressive 4:4:4": (4, by_pillow("JPEG", progressive=True, subsampling=0)),
    "JPEG, CMYK": (4, by_pillow("JPEG", "CMYK")),
    "PNG, RGBA": (4, by_pillow("PNG", "RGBA", compress_level=1)),
    "GIF": (4, by_pillow("GIF", "P")),
    "HEIC": (4, by_pillow("HEIF", quality=40)),
    "AVIF": (4, by_pillow("AVIF", quality=40, speed=10)),
    "WebP, RGBA": (8, by_pillow("WEBP", "RGBA", quality=40, method=0)),
    "PNG, 16-bit RGBA": (8, by_opencv(*_DEEP_PNG, 4)),
    "TIFF, 16-bit RGB": (6, by_opencv(*_DEEP_TIFF, 3)),
    "FITS, 16 bits": (6, by_astropy("i2", 1)),
    "FITS, 3 planes of 32-bit numbers": (12, by_astropy("f4", 3)),
    "FITS, 3 planes of 64-bit numbers": (24, by_astropy("f8", 3)),
}


def picture_of(pixels: int) -> np.ndarray:
    """Return a picture of a bright band, 4:3."""
    height = int((pixels * 3 / 4) ** 0.5)
    width = pixels // height
    picture = np.zeros((height, width, 3), np.uint8)
    ramp = np.linspace(0, 4 * np.pi, width)
    band = 110 + 100 * np.sin(ramp[:, None] + np.array([0, 2, 4]))
    picture[height // 3 : height // 2] = band.astype(np.uint8)
    return picture


def measure(args: argparse.Namespace) -> None:
    """Read one picture of each format, and print what its reader took."""
    # As s6_serve.py does: OpenBLAS keeps 32 MB and more for every thread.
    os.environ["OPENBLAS_NUM_THREADS"] = "1"
    pillow_heif.register_heif_opener()
    Image.MAX_IMAGE_PIXELS = None
    limits = Limits(max_bytes=OPTIONS.max_bytes, max_pixels=OPTIONS.max_pixels)
    print(f"bound of a reader: {limits.memory_bytes / 2**20:.0f} MB")
    for name, (per_pixel, write) in FORMATS.items():
        if args.only and not any(word.lower() in name.lower() for word in args.only):
            continue
        data = write(picture_of(limits.max_pixels * BYTES_PER_PIXEL // per_pixel))
        pool = Pool(args.model, 1, limits)
        pool.start()
        pool.wait_until_ready()
        reader = psutil.Process().children()[-1]
        before = reader.memory_info().rss
        answer = pool.answer(Job(data, "photo"), "local").answer
        peak = 1024 * int(
            Path(f"/proc/{reader.pid}/status").read_text().split("VmHWM:")[1].split()[0]
        )
        pool.close()
        print(
            f"{name}: file {len(data) / 2**20:.1f} MB, reader {before / 2**20:.0f} MB, then up to "
            f"{peak / 2**20:.0f} MB; {answer['status']} {answer['reason'] or ''}",
            flush=True,
        )


def main(argv: list[str] | None = None) -> int:
    """Run the command."""
    args = parse_args(argv)
    return cli.run(lambda: measure(args), verbose=args.verbose)


if __name__ == "__main__":
    sys.exit(main())
