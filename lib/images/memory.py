"""The memory that a picture takes: bounded by its header, and then used some rows at a time."""

from collections.abc import Iterator

from lib.errors import DataError

# What decoders of 8-bit colour hold of a pixel.
BYTES_PER_PIXEL = 4
_ROWS_AT_ONCE = 64


def bytes_per_pixel(samples: int, bits: int) -> int:
    """Return the bytes of a pixel, from its samples and their bits; deep ones become RGB."""
    return max(samples * -(-bits // 8), BYTES_PER_PIXEL if bits <= 8 else 6)


def check_size(
    size: tuple[int, int], name: str, max_pixels: int, per_pixel: int = BYTES_PER_PIXEL
) -> None:
    """Refuse a picture that takes more memory than one of `max_pixels` of 8 bits a sample.

    Parameters
    ----------
    size : tuple of int
        Width and height that the header states, of the picture or of a larger part that its
        decoder holds at once.
    name : str
        What to call the file in errors.
    max_pixels : int
        Bound on width x height of a picture of 8 bits a sample.
    per_pixel : int
        Bytes that its decoder holds of a pixel. All in all reading a picture takes up to three
        times as much (`python benchmarks/reader_memory.py`).

    Raises
    ------
    DataError
        If it is too large.
    """
    width, height = size
    most = max_pixels * BYTES_PER_PIXEL // per_pixel
    if width * height > most:
        kind = f" of {per_pixel} bytes" if per_pixel > BYTES_PER_PIXEL else ""
        raise DataError(f"{name}: {width} x {height} pixels; expected at most {most:,}{kind}")


def row_blocks(height: int) -> Iterator[slice]:
    """Yield the rows of a picture, some at a time.

    What is computed of a whole picture at once takes several times its memory.
    """
    for top in range(0, height, _ROWS_AT_ONCE):
        yield slice(top, min(top + _ROWS_AT_ONCE, height))
