"""Which frames of one file a path names: `stack.tif#3` the third, `clip.mp4#12-40` a stretch."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from lib.errors import DataError
from lib.images.folders import IMAGE_SUFFIXES

VIDEO_SUFFIXES = ("mp4", "m4v", "mov", "avi", "mkv", "webm", "mpg", "mpeg", "wmv", "3gp", "mts")
_ENDINGS = [f".{name}" for name in VIDEO_SUFFIXES] + sorted(IMAGE_SUFFIXES)
_NAMED = re.compile(
    rf"(.*(?:{'|'.join(map(re.escape, _ENDINGS))}))#(.*)", re.IGNORECASE | re.DOTALL
)
_FRAMES = re.compile(r"([0-9]{1,9})(?:-([0-9]{1,9}))?")
EXPECTED = "expected a file such as clip.mp4, clip.mp4#12 for one frame, or clip.mp4#12-40"


@dataclass(frozen=True)
class Wanted:
    """Frames of a file that somebody wants, counted from 1.

    Attributes
    ----------
    first : int
    last : int or None
        None for the last that there is.
    """

    first: int = 1
    last: int | None = None

    def check(self, name: str, frames: int) -> None:
        """Refuse a file of fewer frames; `name` is what errors call it.

        Raises
        ------
        DataError
            If the last frame is not there.
        """
        if self.last and frames < self.last:
            raise DataError(f"{name}: no frame {self.last}; the file has {frames}")


ALL = Wanted()


def file_of(path: Path) -> Path:
    """Return the file of a path that may name frames of it."""
    named = _NAMED.fullmatch(path.name)
    return path.with_name(named[1]) if named and not path.is_file() else path


def frames_of(path: Path, name: str) -> Wanted | None:
    """Return the frames that a path names, None where it names none.

    Raises
    ------
    DataError
        If what it names are no frames.
    """
    named = _NAMED.fullmatch(path.name)
    if not named or path.is_file():
        return None
    frames = _FRAMES.fullmatch(named[2])
    first, last = (int(frames[1]), int(frames[2] or frames[1])) if frames else (0, 0)
    if not 1 <= first <= last:
        raise DataError(f"{name}: #{named[2]} names no frames, which count from 1; {EXPECTED}")
    return Wanted(first, last)


def is_video(path: Path) -> bool:
    """Return whether a file is a video by its name."""
    return path.suffix[1:].lower() in VIDEO_SUFFIXES


def chosen(frames: Sequence, wanted: Wanted | None) -> Iterator[tuple[int, object]]:
    """Yield those of a file's frames that are wanted, with their numbers; default the first."""
    first, last = (wanted.first, wanted.last) if wanted else (1, 1)
    yield from list(enumerate(frames, 1))[first - 1 : last]


def described(name: str, number: int, frames: int, wanted: Wanted | None) -> tuple[str, str]:
    """Return what a frame is called, and in words which frames were passed over, if any."""
    file = _NAMED.fullmatch(name)
    file = file[1] if file else name
    own = f"{file}#{number}" if wanted and frames > 1 else name
    return own, "" if wanted else passed_over(file, 1, frames)


def passed_over(file: str, taken: int, frames: int) -> str:
    """Return in words that a file has more frames than were read, where nobody named any."""
    if frames <= taken:
        return ""
    which = "the first" if taken == 1 else f"the mean of the first {taken}"
    return f"{which} of {frames} frames; {Path(file).name}#1-{frames} names all"
