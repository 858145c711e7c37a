"""Frames of a video file as one upright photo: a named frame, or the mean of many.

`clip.mp4` stands for the mean of its first frames, `clip.mp4#12` for its twelfth frame alone,
`clip.mp4#12-40` for the mean of these.
"""

import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import cv2
import numpy as np

from lib.errors import DataError

VIDEO_SUFFIXES = ("mp4", "m4v", "mov", "avi", "mkv", "webm", "mpg", "mpeg", "wmv", "3gp", "mts")
# Three seconds of most cameras: noise falls to a tenth, and few people hold still for longer.
MEAN_OF = 100
_NAMED = re.compile(rf"(.*\.(?:{'|'.join(VIDEO_SUFFIXES)}))(?:#(.*))?", re.IGNORECASE | re.DOTALL)
_FRAMES = re.compile(r"([0-9]{1,9})(?:-([0-9]{1,9}))?")
_EXPECTED = "expected a video such as clip.mp4, clip.mp4#12 for one frame, or clip.mp4#12-40"


def video_file(path: Path) -> Path | None:
    """Return the file of a path that names a video, or frames of one; None of any other path."""
    named = _NAMED.fullmatch(path.name)
    return path.with_name(named[1]) if named else None


def read_video(path: Path, name: str, check_size: Callable[..., None]) -> np.ndarray:
    """Return the frame, or the mean of the frames, that a path names.

    Frames count from 1, and are turned as the camera says. The mean is of the values that are
    stored, not of linear light.

    Parameters
    ----------
    path : Path
        Of which `video_file` knows the file.
    name : str
        What to call it in errors.
    check_size : callable
        `lib.images.memory.check_size` but for name and bound.

    Returns
    -------
    uint8 array of shape (height, width, 3)
        RGB.

    Raises
    ------
    DataError
        If it is no video, or does not have these frames.
    """
    first, last = _frames_of(path, name)
    total, taken, number = None, 0, 0
    with _opened(video_file(path), name) as capture:
        sides = (cv2.CAP_PROP_FRAME_WIDTH, cv2.CAP_PROP_FRAME_HEIGHT)
        check_size(tuple(int(capture.get(side)) for side in sides))
        # Frames before the first are passed over without being turned into pictures.
        while number < (last or MEAN_OF) and capture.grab():
            number += 1
            if number < first:
                continue
            _, frame = capture.retrieve()
            total = np.zeros(frame.shape, np.float32) if total is None else total
            cv2.accumulate(frame, total)
            taken += 1
    if not number:
        raise DataError(f"{name}: a video without a frame that can be decoded; {_EXPECTED}")
    if last and number < last:
        raise DataError(f"{name}: no frame {last}; the video has {number}")
    mean = np.round(total / taken).astype(np.uint8)
    return cv2.cvtColor(mean, cv2.COLOR_BGR2RGB)


def _frames_of(path: Path, name: str) -> tuple[int, int | None]:
    """Return the first and the last frame that a path names; None for as many as there are."""
    words = _NAMED.fullmatch(path.name)[2]
    if words is None:
        return 1, None
    named = _FRAMES.fullmatch(words)
    first, last = (int(named[1]), int(named[2] or named[1])) if named else (0, 0)
    if not 1 <= first <= last:
        raise DataError(f"{name}: #{words} names no frames, which count from 1; {_EXPECTED}")
    return first, last


@contextmanager
def _opened(file: Path, name: str) -> Iterator[cv2.VideoCapture]:
    """Open a video file by FFmpeg, which comes with OpenCV."""
    if not file.is_file():
        raise DataError(f"{name}: no such file; {_EXPECTED}")
    # What FFmpeg and OpenCV print of a damaged file is said here in one line.
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
    said = cv2.utils.logging
    usual = said.setLogLevel(said.LOG_LEVEL_ERROR)
    capture = cv2.VideoCapture()
    try:
        if not capture.open(str(file.resolve()), cv2.CAP_FFMPEG):
            raise DataError(f"{name}: no video that can be decoded; {_EXPECTED}")
        yield capture
    except UnicodeEncodeError as error:
        raise DataError(f"{name}: a name with bytes that are no text; expected another") from error
    finally:
        capture.release()
        said.setLogLevel(usual)
