"""Frames of a video file, upright, by FFmpeg, which comes with OpenCV."""

import mmap
import os
import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import cv2

from lib.errors import DataError
from lib.images.frames_named import EXPECTED, Wanted, passed_over
from lib.images.picture import Picture
from lib.images.stated import Stated, nclx_code
from lib.images.tone import by_code

# Three seconds of most cameras: noise falls to a tenth, and few people hold still for longer.
MEAN_OF = 100


def video_frames(
    file: Path, name: str, wanted: Wanted | None, check_size: Callable[..., None]
) -> Iterator[Picture]:
    """Yield frames of a video, turned as the camera says, of 8 bits.

    Parameters
    ----------
    file : Path
    name : str
        What to call it in errors.
    wanted : Wanted or None
        None for its first `MEAN_OF`, which is said.
    check_size : callable
        `lib.images.memory.check_size` but for name and bound.

    Raises
    ------
    DataError
        If it is no video, or does not have these frames.
    """
    asked, wanted = wanted, wanted or Wanted(1, MEAN_OF)
    number = 0
    with _opened(file, name) as capture:
        sides = (cv2.CAP_PROP_FRAME_WIDTH, cv2.CAP_PROP_FRAME_HEIGHT)
        check_size(tuple(int(capture.get(side)) for side in sides))
        there = int(capture.get(cv2.CAP_PROP_FRAME_COUNT))
        words = "" if asked else passed_over(file.name, MEAN_OF, there)
        stated = Stated(by_code(_stated_code(file)))
        # Frames before the first are passed over without being turned into pictures.
        while (wanted.last is None or number < wanted.last) and capture.grab():
            number += 1
            if number < wanted.first:
                continue
            _, frame = capture.retrieve()
            pixels = cv2.cvtColor(frame, cv2.COLOR_BGR2RGB)
            yield Picture(pixels, stated, f"{file.name}#{number}", words)
    if not number:
        raise DataError(f"{name}: a video without a frame that can be decoded; {EXPECTED}")
    if asked:
        wanted.check(name, number)


def _stated_code(file: Path) -> int | None:
    """Return the transfer characteristics that an MP4 or QuickTime film states (H.273)."""
    with file.open("rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as data:
        if data[4:8] != b"ftyp":
            return None
        # What describes the film may stand behind its frames (mdat), which are not looked through.
        place = 0
        while place + 16 <= len(data):
            size, kind, long_size = struct.unpack_from(">I4sQ", data, place)
            size = long_size if size == 1 else size or len(data) - place
            code = None if kind == b"mdat" else nclx_code(data[place : place + size])
            if code is not None or size < 8:
                return code
            place += size
    return None


@contextmanager
def _opened(file: Path, name: str) -> Iterator[cv2.VideoCapture]:
    """Open a video file."""
    if not file.is_file():
        raise DataError(f"{name}: no such file")
    # What FFmpeg and OpenCV print of a damaged file is said here in one line.
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
    said = cv2.utils.logging
    usual = said.setLogLevel(said.LOG_LEVEL_ERROR)
    capture = cv2.VideoCapture()
    try:
        if not capture.open(str(file.resolve()), cv2.CAP_FFMPEG):
            raise DataError(f"{name}: no video that can be decoded; {EXPECTED}")
        yield capture
    except UnicodeEncodeError as error:
        raise DataError(f"{name}: a name with bytes that are no text; expected another") from error
    finally:
        capture.release()
        said.setLogLevel(usual)
