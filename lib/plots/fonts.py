"""Fonts for the names of files, in whatever script: matplotlib's own, then what is installed."""

import unicodedata
from collections.abc import Sequence
from functools import cache

from matplotlib import font_manager
from matplotlib.ft2font import FT2Font

# Latin, Greek, Cyrillic, Arabic, Hebrew and more; comes with matplotlib.
_OWN = "DejaVu Sans"
# What systems have for other scripts: Linux, Windows, macOS. Fonts of coloured pictures alone, such
# as Noto Color Emoji, are none that matplotlib draws.
_INSTALLED = (
    *("Noto Sans CJK SC", "Noto Sans CJK JP", "Source Han Sans SC", "WenQuanYi Micro Hei"),
    *("WenQuanYi Zen Hei", "Droid Sans Fallback", "Microsoft YaHei", "SimHei", "MS Gothic"),
    *("Malgun Gothic", "PingFang SC", "Hiragino Sans GB", "Heiti TC", "Apple SD Gothic Neo"),
    *("Arial Unicode MS", "Noto Sans Arabic", "Noto Sans Devanagari", "Noto Sans Thai"),
    *("Noto Sans Bengali", "Noto Sans Tamil", "Nirmala UI", "Leelawadee UI", "Segoe UI"),
    *("Noto Emoji", "Segoe UI Emoji", "Segoe UI Symbol", "Symbola", "Noto Sans Symbols2"),
)
# Stands for a letter that no font has.
_MISSING = "□"


@cache
def families() -> tuple[str, ...]:
    """Return the families that matplotlib may take letters from, in this order."""
    there = set(font_manager.get_font_names())
    return (_OWN, *(name for name in _INSTALLED if name in there))


@cache
def files() -> tuple[str, ...]:
    """Return the font file of each of `families`."""
    return tuple(str(font_manager.findfont(name)) for name in families())


def file_for(letter: str) -> str | None:
    """Return the first font file that has a letter, if any."""
    return next((file for file in files() if ord(letter) in _letters(file)), None)


@cache
def _letters(file: str) -> frozenset[int]:
    return frozenset(FT2Font(file).get_charmap())


def drawable(text: str) -> str:
    """Return a text with all that no font can draw left out or boxed, so that nothing warns.

    Bytes of a file's name that are no UTF-8 become escapes.
    """
    text = text.encode(errors="backslashreplace").decode()
    return "".join(map(_drawable_letter, text))


@cache
def _drawable_letter(letter: str) -> str:
    kind = unicodedata.category(letter)
    if letter == "\n" or (kind != "Cc" and file_for(letter)):
        return letter
    # Joiners and variants, as emoji have them, show nothing of themselves.
    return "" if kind in ("Cf", "Mn") else _MISSING


def runs(text: str) -> Sequence[tuple[str, str]]:
    """Return the pieces of a `drawable` text, each with the font file that has its letters."""
    pieces: list[tuple[str, str]] = []
    for letter in text:
        file = file_for(letter) or files()[0]
        # A space keeps to what stands before it, whatever the font.
        if pieces and (pieces[-1][1] == file or letter == " "):
            pieces[-1] = (pieces[-1][0] + letter, pieces[-1][1])
        else:
            pieces.append((letter, file))
    return pieces
