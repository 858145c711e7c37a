"""What was measured of lights, as a table for a terminal."""

from collections.abc import Mapping

from rich.cells import cell_len
from rich.text import Text

from lib.printable import printable
from lib.recognition.advice import MEANING_OF_SHORT, REMARKS_IN_SHORT
from lib.terminal import INDENT, PhotoTable, plain_error, printable_answer


class MeasurementTable(PhotoTable):
    """What was measured of lights."""

    columns = (("range nm", 9, "right", True), ("± nm", 5, "right", True))
    last = "peaks in nm, the highest first, and remarks"

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.photos, self._failed, self._quantity = 0, 0, ""

    def summary(self) -> str:
        """Return how many rows there are, and what they show."""
        measured = self.photos - self._failed
        words = f"{measured} light{'s' if measured != 1 else ''} measured"
        words += f" ({self._quantity})" if self._quantity else ""
        return words + (f"; {self._failed} could not be measured" if self._failed else "")

    def row(self, answer: Mapping[str, object], peaks: int = 4, *, verbose: bool = False) -> str:
        """Return the line of one measurement.

        Parameters
        ----------
        answer : mapping
            As `lib.measurement.answers.Measured` gives it, or with the status "error".
        peaks : int
            How many are named at most: as many as the line holds.
        verbose : bool
            Whether to add the remarks in full.
        """
        self.photos += 1
        name = self.name(answer["photo"])
        answer = printable_answer(answer | {"plain": plain_error(answer)})
        if answer["status"] == "error":
            self._failed += 1
            note = Text(answer["plain"], style="red")
            return self.line([name, "", "", note])
        self._quantity = answer["quantity"]
        axis = answer["wavelengths"]
        low, high = axis["range_nm"]
        cells = [name, f"{low:.0f}-{high:.0f}", f"{axis['uncertainty_nm']:.2f}"]
        line = self.line([*cells, self._in_words(answer, peaks)])
        said = [self.folded(printable(one["text"]), INDENT) for one in answer["remarks"]]
        return "\n".join([line, *said]) if verbose else line

    def _in_words(self, answer: Mapping[str, object], peaks: int) -> Text:
        """Return the highest peaks with what they may be, the colour, and the remarks."""
        highest = sorted(answer["peaks"], key=lambda peak: (peak["dip"], -peak["height"]))
        colour, remarks = answer["colour"], []
        if colour and colour["cct_k"]:
            remarks.append(f"{colour['cct_k']:.0f} K, Ra {colour['cri_ra']:.0f}")
        for one in answer["remarks"]:
            short, text = REMARKS_IN_SHORT[one["code"]], printable(one["text"])
            if short not in remarks:
                remarks.append(short)
                self.note(short, text, kind=(short, MEANING_OF_SHORT[short]))
        room = self.note_width - cell_len("; ".join(remarks)) - 2
        words = list(map(_peak_in_words, highest[:peaks]))
        while len(words) > 1 and cell_len("; ".join(words)) > room:
            words.pop()
        note = Text("; ".join(words) or "no peaks")
        if remarks:
            note.append("; ").append("; ".join(remarks), style="magenta")
        return note


def _peak_in_words(peak: Mapping[str, object]) -> str:
    words = f"{peak['nm']:.1f} ±{peak['error_nm']:.1f}" + (" (dip)" if peak["dip"] else "")
    if peak["broad"]:
        return f"{words} ({peak['fwhm_nm']:.0f} nm wide, centroid {peak['centroid_nm']:.1f})"
    if not peak["emitters"]:
        return words
    best = peak["emitters"][0]
    several = "" if best["resolved"] else ", several lines"
    return f"{words} {best['name']} ({best['probability']:.0%}{several})"
