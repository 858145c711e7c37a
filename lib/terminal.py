"""Answers as a table for a terminal: a line a photo, made as soon as the photo is done."""

from collections.abc import Mapping, Sequence
from typing import TextIO

from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

# Heading, width in characters, side that the entries keep to. Between the photo's column, as wide
# as the longest name, and the last one, as wide as the terminal.
_COLUMNS = (
    ("source", 11, "left"),
    ("sure", 4, "right"),
    ("range nm", 9, "right"),
    ("error nm", 8, "right"),
    ("lines", 5, "right"),
)
_GAP = 2
# Below this a remark is a ladder of words; a long path is folded before that.
_MIN_NOTE = 28
# Where no terminal sets the width, nothing is folded: each photo is one line for other programs.
_UNBOUNDED = 100_000
_WORDS = {"no_band": "no spectrum", "error": "unreadable"}
_COLOURS = {"ok": "green", "unknown": "yellow", "no_band": "yellow", "error": "red"}


class AnswerTable:
    """The table of many answers, whose columns are set before the first one is there.

    Parameters
    ----------
    photos : sequence of str
        The paths that will stand in the first column.
    stream : text file
        Where the table will be written: its terminal, if it is one, sets width and colour.
    """

    def __init__(self, photos: Sequence[str], stream: TextIO):
        self._console = Console(file=stream, highlight=False, force_jupyter=False)
        self._folded = self._console.is_terminal
        if not self._folded:
            self._console.width = _UNBOUNDED
        taken = sum(width for _, width, _ in _COLUMNS) + _GAP * (len(_COLUMNS) + 1)
        room = self._console.width - taken - _MIN_NOTE
        longest = max(map(cell_len, (*photos, "photo")))
        self._photo_width = min(longest, max(room, len("photo")))

    def header(self) -> str:
        """Return the heading."""
        names = ("photo", *(name for name, _, _ in _COLUMNS), "remarks")
        return self._line([Text(name, style="bold") for name in names])

    def row(self, answer: Mapping[str, object]) -> str:
        """Return the line of one answer, with what to do where it lacks a name or an axis.

        Parameters
        ----------
        answer : mapping
            As `Result.to_json` gives it.
        """
        status, axis = answer["status"], answer["wavelength"]
        source = answer["source"] or _WORDS.get(status, status)
        sure = "" if answer["probability"] is None else f"{answer['probability']:.2f}"
        cells = [answer["photo"], Text(source, style=_COLOURS[status]), sure]
        if axis:
            low, high = axis["range_nm"]
            cells += [f"{low:.0f}-{high:.0f}", f"{axis['uncertainty_nm']:.2f}"]
            cells.append(str(len(axis["lines"])))
        else:
            cells += ["", "", ""]
        return self._line([*cells, _remarks(answer)])

    def _line(self, cells: Sequence[str | Text]) -> str:
        table = Table(box=None, show_header=False, padding=(0, _GAP, 0, 0), pad_edge=False)
        table.add_column(width=self._photo_width, overflow="fold")
        for _, width, side in _COLUMNS:
            table.add_column(width=width, justify=side, no_wrap=True)
        table.add_column(overflow="fold")
        # Text takes brackets in a name as they are.
        table.add_row(*(cell if isinstance(cell, Text) else Text(cell) for cell in cells))
        with self._console.capture() as captured:
            self._console.print(table)
        return "\n".join(line.rstrip() for line in captured.get().splitlines())


def _remarks(answer: Mapping[str, object]) -> Text:
    """Return what is wrong with a photo, and the first thing to do about it."""
    remarks = Text()
    if answer["saturated"]:
        remarks.append("overexposed", style="magenta")
    if answer["reason"]:
        remarks.append("; " if remarks else "").append(answer["reason"])
    advice = answer.get("advice") or []
    if advice and not (answer["source"] and answer["wavelength"]):
        remarks.append(". " if remarks else "").append(advice[0], style="cyan")
    return remarks
