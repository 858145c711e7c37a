"""What photos were recognised as, as a table for a terminal."""

from collections import Counter
from collections.abc import Mapping, Sequence

from rich.text import Text

from lib import taxonomy
from lib.printable import printable
from lib.recognition.advice import MEANING_OF_SHORT, REASONS, REMARKS_IN_SHORT
from lib.terminal import INDENT, PhotoTable, plain_error, printable_answer

_STATUS = {"no_band": "no spectrum", "error": "unreadable"}
_COLOURS = {"ok": "green", "unknown": "yellow", "no_band": "yellow", "error": "red"}
# How a command's user follows the advice on a reason or a remark.
_FLAGS = {
    "no_such_band": "--band",
    "unlike_known": "--lamp",
    "less_sure_than_asked": "--min-precision, --lamp",
    "no_lines": "--instrument",
    "unconfirmed_axis": "--lamp",
    "several_bands": "for another: --band",
}


class AnswerTable(PhotoTable):
    """What photos were recognised as."""

    columns = (
        ("light source", 22, "left", True),
        ("sure", 4, "right", True),
        ("range nm", 9, "right", True),
        ("± nm", 5, "right", True),
        ("lines", 5, "right", False),
    )

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self._counts = Counter()

    def row(self, answer: Mapping[str, object], *, verbose: bool = False) -> str:
        """Return the line of one answer.

        Parameters
        ----------
        answer : mapping
            As `Result.to_json` gives it.
        verbose : bool
            Whether to add all that the answer says in words, with its figures.
        """
        self._count(answer)
        name = self.name(answer["photo"])
        shorts = self._short_notes(answer)
        answer = printable_answer(answer | {"plain": plain_error(answer)})
        status, axis = answer["status"], answer["wavelength"]
        sureness = sureness_of(answer)
        cells = [
            name,
            Text(light_source(answer), style=_COLOURS[status]),
            "" if sureness is None else f"{sureness:.2f}",
        ]
        if axis:
            low, high = axis["range_nm"]
            cells += [f"{low:.0f}-{high:.0f}", f"{axis['uncertainty_nm']:.2f}"]
        else:
            cells += ["", ""]
        if len(self.shown_columns) > len(cells) - 1:
            cells.append(str(len(axis["lines"])) if axis else "")
        if status == "error":
            note = Text(answer["plain"], style=_COLOURS["error"])
        else:
            note = Text(", ".join(shorts), style="magenta")
        line = self.line([*cells, note])
        return "\n".join([line, *self._in_full(answer)]) if verbose else line

    def _count(self, answer: Mapping[str, object]) -> None:
        self._counts["photos"] += 1
        self._counts["named"] += bool(answer["source"] or answer["lamp"])
        self._counts["with wavelengths"] += bool(answer["wavelength"])
        self._counts[_STATUS.get(answer["status"], "")] += 1

    @property
    def photos(self) -> int:
        """Return how many rows there are so far."""
        return self._counts["photos"]

    def summary(self) -> str:
        """Return the counts of all rows: "98 photos: 53 named, 24 with wavelengths"."""
        counts, photos = self._counts, self.photos
        words = f"{photos} photo{'s' if photos != 1 else ''}: {counts['named']} named, "
        words += f"{counts['with wavelengths']} with wavelengths"
        if counts["no spectrum"]:
            words += f", {counts['no spectrum']} without a spectrum"
        if counts["unreadable"]:
            words += f", {counts['unreadable']} unreadable"
        return words

    def _short_notes(self, answer: Mapping[str, object]) -> list[str]:
        """Return what is missing or in doubt, in a few words each; keep what they mean."""
        code, shorts = answer["reason_code"], []
        if answer["status"] == "error":
            return []
        # A lamp of no class that has its wavelengths lacks nothing.
        if code and not (_is_other(answer) and answer["wavelength"]):
            reason = REASONS[code]
            short = _either(answer["between"]) if code == "between_two" else reason.short
            advice = (answer["advice"] or [""])[0]
            text = f"{reason.text} {_with_flag(advice, code)}".rstrip()
            self.note(short, text, kind=(reason.short, text))
            # The light source's column says so.
            if short != _STATUS.get(answer["status"]):
                shorts.append(short)
        for remark in answer["remarks"]:
            short = REMARKS_IN_SHORT[remark["code"]]
            if any(short in said for said in shorts):
                continue
            shorts.append(short)
            general = MEANING_OF_SHORT[short]
            own = general if remark["text"] == short else remark["text"]
            own, general = (_with_flag(text, remark["code"]) for text in (own, general))
            self.note(short, printable(own), kind=(short, general))
        return shorts

    def _in_full(self, answer: Mapping[str, object]) -> list[str]:
        """Return all that an answer says in words."""
        said = [answer["reason"], *(one["text"] for one in answer["remarks"]), *answer["advice"]]
        return [self.folded(printable(text), INDENT) for text in filter(None, said)]


def _either(between: Sequence[str]) -> str:
    """Return "Fluorescent/mercury or neon?" for the two classes that a light may be of."""
    first, second = (taxonomy.in_short(name).replace(" or ", "/") for name in between)
    return f"{first} or {second if second[:2].isupper() else second[:1].lower() + second[1:]}?"


def _with_flag(text: str, code: str) -> str:
    """Return a sentence with the flag by which a command's user follows it, if there is one."""
    if not text or code not in _FLAGS:
        return text
    return f"{text.removesuffix('.')} ({_FLAGS[code]})."


def _is_other(answer: Mapping[str, object]) -> bool:
    """Return whether the lamp is surely one of no class."""
    return bool(answer["lamp"] and not answer["source"])


def sureness_of(answer: Mapping[str, object]) -> float | None:
    """Return how sure the lamp is that is named; None where none is, or a person has named it."""
    if _is_other(answer):
        return answer["lamp"]["probability"]
    return answer["certainty"] if answer["status"] == "ok" else None


def light_source(answer: Mapping[str, object]) -> str:
    """Return what people call the light of a photo, or why it has no name."""
    if answer["source"]:
        return taxonomy.in_short(answer["source"])
    if _is_other(answer):
        return taxonomy.in_short(answer["lamp"]["name"])
    return _STATUS.get(answer["status"], answer["status"])
