"""Answers as a table for a terminal: a line a photo, made as soon as the photo is done."""

from collections.abc import Mapping, Sequence
from typing import TextIO

from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from lib.printable import printable

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


class _Table:
    """A table whose columns are set before the first row is there.

    Parameters
    ----------
    photos : sequence of str
        The paths that will stand in the first column.
    stream : text file
        Where the table will be written: its terminal, if it is one, sets width and colour.
    """

    columns: tuple[tuple[str, int, str], ...] = ()
    last = "remarks"

    def __init__(self, photos: Sequence[str], stream: TextIO):
        self._console = Console(file=stream, highlight=False, force_jupyter=False)
        self._folded = self._console.is_terminal
        if not self._folded:
            self._console.width = _UNBOUNDED
        taken = sum(width for _, width, _ in self.columns) + _GAP * (len(self.columns) + 1)
        room = self._console.width - taken - _MIN_NOTE
        longest = max(map(cell_len, (*map(printable, photos), "photo")))
        self._photo_width = min(longest, max(room, len("photo")))

    def header(self) -> str:
        """Return the heading."""
        names = ("photo", *(name for name, _, _ in self.columns), self.last)
        return self._line([Text(name, style="bold") for name in names])

    def _line(self, cells: Sequence[str | Text]) -> str:
        table = Table(box=None, show_header=False, padding=(0, _GAP, 0, 0), pad_edge=False)
        table.add_column(width=self._photo_width, overflow="fold")
        for _, width, side in self.columns:
            table.add_column(width=width, justify=side, no_wrap=True)
        table.add_column(overflow="fold")
        # Text takes brackets in a name as they are.
        table.add_row(*(cell if isinstance(cell, Text) else Text(cell) for cell in cells))
        with self._console.capture() as captured:
            self._console.print(table)
        return "\n".join(line.rstrip() for line in captured.get().splitlines())


def _printable(answer: Mapping[str, object]) -> dict[str, object]:
    """Return an answer whose names and reasons give the terminal no commands."""
    return {
        name: printable(value) if isinstance(value, str) else value
        for name, value in answer.items()
    }


class AnswerTable(_Table):
    """What photos were recognised as."""

    columns = _COLUMNS

    def row(self, answer: Mapping[str, object]) -> str:
        """Return the line of one answer, with what to do where it lacks a name or an axis.

        Parameters
        ----------
        answer : mapping
            As `Result.to_json` gives it.
        """
        answer = _printable(answer)
        status, axis = answer["status"], answer["wavelength"]
        lamp = answer["lamp"] and answer["lamp"]["name"]
        source = answer["source"] or lamp or _WORDS.get(status, status)
        sure = "" if answer["certainty"] is None else f"{answer['certainty']:.2f}"
        cells = [answer["photo"], Text(source, style=_COLOURS[status]), sure]
        if axis:
            low, high = axis["range_nm"]
            cells += [f"{low:.0f}-{high:.0f}", f"{axis['uncertainty_nm']:.2f}"]
            cells.append(str(len(axis["lines"])))
        else:
            cells += ["", "", ""]
        return self._line([*cells, _remarks(answer)])


class MeasurementTable(_Table):
    """What was measured of lights."""

    columns = (("range nm", 9, "right"), ("error nm", 8, "right"), ("quantity", 15, "left"))
    last = "peaks, the highest first, and remarks"

    def row(self, answer: Mapping[str, object], peaks: int = 4) -> str:
        """Return the line of one measurement.

        Parameters
        ----------
        answer : mapping
            As `lib.measurement.answers.Measured` gives it, or with the status "error".
        peaks : int
            How many are named.
        """
        answer = _printable(answer)
        if answer["status"] == "error":
            note = Text(answer["reason"], style=_COLOURS["error"])
            return self._line([answer["photo"], "", "", "", note])
        axis = answer["wavelengths"]
        low, high = axis["range_nm"]
        cells = [f"{low:.0f}-{high:.0f}", f"{axis['uncertainty_nm']:.2f}", answer["quantity"]]
        return self._line([answer["photo"], *cells, _measured_in_words(answer, peaks)])


def _remarks(answer: Mapping[str, object]) -> Text:
    """Return what is wrong with a photo, and the first thing to do about it."""
    remarks = Text()
    remarks.append("; ".join(one["text"] for one in answer["remarks"]), style="magenta")
    if answer["reason"]:
        remarks.append("; " if remarks else "").append(answer["reason"])
    advice = answer.get("advice") or []
    if advice and not (answer["source"] and answer["wavelength"]):
        remarks.append(". " if remarks else "").append(advice[0], style="cyan")
    return remarks


def _measured_in_words(answer: Mapping[str, object], peaks: int) -> Text:
    """Return the highest peaks with what they may be, the colour, and the remarks."""
    highest = sorted(answer["peaks"], key=lambda peak: (peak["dip"], -peak["height"]))[:peaks]
    words = Text("; ".join(map(_peak_in_words, highest)))
    colour, remarks = answer["colour"], [one["text"] for one in answer["remarks"]]
    if colour and colour["cct_k"]:
        remarks.insert(0, f"{colour['cct_k']:.0f} K, Ra {colour['cri_ra']:.0f}")
    if remarks:
        words.append(("; " if words else "") + "; ".join(remarks), style="magenta")
    return words


def _peak_in_words(peak: Mapping[str, object]) -> str:
    words = f"{peak['nm']:.1f} ±{peak['error_nm']:.1f}" + (" (dip)" if peak["dip"] else "")
    if peak["broad"]:
        return f"{words} ({peak['fwhm_nm']:.0f} nm wide, centroid {peak['centroid_nm']:.1f})"
    if not peak["emitters"]:
        return words
    best = peak["emitters"][0]
    blend = "" if best["resolved"] else ", a blend"
    return f"{words} {best['name']} {best['probability']:.2f}{blend}"
