"""The pictures of files, read as they are asked for."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from lib.errors import DataError
from lib.images.picture import Picture
from lib.images.reading import read_pictures
from lib.images.tone import Tone

# Frames of a scene are gone through several times; decoded ones are kept up to this size.
_KEPT_BYTES = 256 * 2**20


class StoredPictures:
    """The pictures of files, read as they are asked for and kept while they are few.

    Raises DataError for one that cannot be read, or differs in size or depth from the first.
    """

    def __init__(
        self,
        paths: Sequence[Path],
        names: Sequence[str],
        *,
        every: bool = False,
        tone: Tone | None = None,
    ):
        self._paths, self._names, self._every, self._tone = paths, names, every, tone
        self._kept: list[Picture] | None = None

    def __iter__(self) -> Iterator[Picture]:
        """Yield the frames of each file."""
        if self._kept is not None:
            yield from self._kept
            return
        kept, room = [], _KEPT_BYTES
        for picture in self._read():
            room -= picture.pixels.nbytes
            kept = [*kept, picture] if room >= 0 else []
            yield picture
        if room >= 0:
            self._kept = kept

    def _read(self) -> Iterator[Picture]:
        first = None
        for path, name in zip(self._paths, self._names, strict=True):
            for picture in read_pictures(path, name=name, deep=True, every=self._every):
                first = first or picture
                _check_alike(picture, first)
                yield replace(picture, told=self._tone)


def _check_alike(picture: Picture, first: Picture) -> None:
    if picture.pixels.shape != first.pixels.shape:
        (height, width), (rows, columns) = first.pixels.shape[:2], picture.pixels.shape[:2]
        raise DataError(
            f"{picture.name}: {columns} x {rows} px; expected {width} x {height}, "
            f"as {first.name} has"
        )
    if picture.pixels.dtype != first.pixels.dtype:
        raise DataError(f"{picture.name}: of another depth than {first.name}; expected one depth")
