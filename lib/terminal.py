"""A table for a terminal: one line per photo, made as soon as the photo is done.

A line names the lamp and says in a few words what is missing. What the words mean, and what to do
about it, follows once beneath the table, for all photos that it holds for.
"""

from collections.abc import Mapping, Sequence
from typing import TextIO

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from lib.printable import printable

GAP = 2
# The columns of figures leave some width: the photo's name takes at most this part of it, and at
# least this many columns.
_PHOTO_PART, _MIN_PHOTO = 0.5, 8
# Narrower terminals leave out columns that are not needed.
_WIDE = 100
# Where no terminal sets the width, nothing is cut off.
_UNBOUNDED = 100_000
INDENT = 4


class PhotoTable:
    """A table whose columns are set before the first row is there.

    Parameters
    ----------
    photos : sequence of str
        The paths of all photos, as answers call them.
    stream : text file
        Where the table will be written: its terminal, if it is one, sets width and colour.
    shown : sequence of str, optional
        What the first column calls each photo; default the paths.
    """

    # Heading, width in characters, side that the entries keep to, whether narrow terminals show it.
    # Between the photo's column, as wide as the longest name, and the last one.
    columns: tuple[tuple[str, int, str, bool], ...] = ()
    last = "remarks"

    def __init__(self, photos: Sequence[str], stream: TextIO, shown: Sequence[str] | None = None):
        self.console = Console(file=stream, highlight=False, force_jupyter=False)
        self._cut = self.console.is_terminal
        if not self._cut:
            self.console.width = _UNBOUNDED
        self._shown = dict(zip(photos, shown or photos, strict=True))
        wide = self.console.width >= _WIDE
        self.shown_columns = [one[:3] for one in self.columns if wide or one[3]]
        taken = sum(width + GAP for _, width, _ in self.shown_columns) + GAP
        room = max(int((self.console.width - taken) * _PHOTO_PART), _MIN_PHOTO)
        self._taken = taken
        longest = max(map(cell_len, (*map(printable, self._shown.values()), "photo")))
        self.photo_width = min(longest, room)
        # Of each kind of note how many photos have it, and what it says of the first and of all.
        self._notes: dict[str, list] = {}

    def header(self) -> str:
        """Return the heading."""
        names = ("photo", *(name for name, _, _ in self.shown_columns), self.last)
        return self.line([Text(name, style="bold") for name in names])

    def notes(self) -> list[str]:
        """Return what the notes of the rows so far mean, and what to do about each, once."""
        return [
            self.folded(own if photos == 1 else f"{short} ({photos} photos): {general}", 0)
            for short, (photos, own, general) in self._notes.items()
        ]

    def note(self, short: str, text: str, *, kind: tuple[str, str] | None = None) -> None:
        """Keep what a short note means: of one photo, and where several have the same kind of note.

        Parameters
        ----------
        short, text : str
            The note as the photo's line has it, and what it means there.
        kind : tuple of str, optional
            Both for several photos; default the same.
        """
        of_several, general = kind or (short, text)
        own = f"{short}: {_as_sentence(text)}"
        entry = self._notes.setdefault(of_several, [0, own, _as_sentence(general)])
        entry[0] += 1

    @property
    def note_width(self) -> int:
        """Return how many columns the last one has."""
        return max(self.console.width - self._taken - self.photo_width, 1)

    def name(self, photo: str) -> str:
        """Return what the table calls a photo."""
        return printable(self._shown.get(photo, photo))

    def line(self, cells: Sequence[str | Text]) -> str:
        """Return a line of the table: a cell for the photo, for each column, and for the notes."""
        # Text takes brackets in a name as they are.
        first, *others = (cell if isinstance(cell, Text) else Text(cell) for cell in cells)
        others[-1].truncate(self.note_width, overflow="ellipsis")
        row = [Text(shortened(first.plain, self.photo_width), first.style), *others]
        sides = (
            ("left", self.photo_width),
            *((side, width) for _, width, side in self.shown_columns),
        )
        # The last cell needs no width.
        for cell, (side, width) in zip(row, sides, strict=False):
            cell.truncate(width, overflow="ellipsis")
            cell.align(side, width)
        return self._printed(Text(" " * GAP).join(row))

    def folded(self, text: str, indent: int) -> str:
        """Return text folded at words on a terminal, later lines indented further."""
        if not self._cut:
            return " " * indent + text
        words = Text(text)
        lines = words.wrap(self.console, max(self.console.width - indent - INDENT, 20))
        first, *others = (line.plain.rstrip() for line in lines)
        return "\n".join([" " * indent + first, *(" " * (indent + INDENT) + one for one in others)])

    def _printed(self, what: object) -> str:
        with self.console.capture() as captured:
            self.console.print(what, no_wrap=True)
        return "\n".join(line.rstrip() for line in captured.get().splitlines())


def _as_sentence(text: str) -> str:
    """Return words with a capital letter in front and a full stop."""
    return f"{text[:1].upper()}{text[1:].removesuffix('.')}."


def shortened(name: str, width: int) -> str:
    """Return a name in at most `width` columns, its middle left out: "Science…sign.jpg"."""
    if cell_len(name) <= width:
        return name
    room = width - 1
    tail = name[-1:]
    while cell_len(name[-len(tail) - 1 :]) <= room * 0.6:
        tail = name[-len(tail) - 1 :]
    head = ""
    while cell_len(name[: len(head) + 1]) <= room - cell_len(tail):
        head = name[: len(head) + 1]
    return f"{head}…{tail}"


def printable_answer(answer: Mapping[str, object]) -> dict[str, object]:
    """Return an answer whose names and reasons give the terminal no commands."""
    return {
        name: printable(value) if isinstance(value, str) else value
        for name, value in answer.items()
    }


def plain_error(answer: Mapping[str, object]) -> str:
    """Return why a photo could not be used, without its own name in front."""
    return str(answer["reason"]).removeprefix(f"{answer['photo']}: ")
