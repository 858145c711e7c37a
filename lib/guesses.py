"""Suggestions for a mistyped name."""

from collections.abc import Iterable

# Two words are alike from this part of their letters in common order on: "neno" and "neon" share
# 0.75, "laser" and "solar", which nobody mixes up, 0.6.
_ALIKE = 0.7


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return "; did you mean neon?" for "neno", or nothing if no known name is similar."""
    # Only mistakes need it.
    import difflib

    alike = difflib.get_close_matches(word.lower(), list(known), n=1, cutoff=_ALIKE)
    return f"; did you mean {alike[0]}?" if alike else ""
