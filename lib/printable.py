"""Text from outside, such as names of files, made safe for one line of a terminal."""

import unicodedata

# Controls, such as escapes and line breaks; marks that turn the direction of writing; surrogates,
# which stand for bytes that are no text; separators of lines and paragraphs.
_KINDS = frozenset({"Cc", "Cs", "Zl", "Zp"})
_TURNS = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def printable(text: str) -> str:
    """Return text with everything that a terminal obeys as escapes: \\x1b, \\n, \\u202e."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        letter.encode("unicode_escape").decode()
        if letter in _TURNS or unicodedata.category(letter) in _KINDS
        else letter
        for letter in text
    )
