"""How a picture was exposed, as its file states it."""

from dataclasses import dataclass

from lib.errors import DataError

# Exposures that differ by less are one: EXIF rounds, and shutters do.
_SAME = 0.02
# No time, sensitivity, aperture or gain of a camera lies beyond.
_LEAST, _MOST = 1e-9, 1e9


@dataclass(frozen=True)
class Exposure:
    """What brightens or darkens a picture of the same light; None where nothing is stated.

    Attributes
    ----------
    time_s : float or None
    iso : float or None
        Sensitivity, to which samples are proportional.
    f_number : float or None
        Of the aperture: light falls with its square.
    electrons : float or None
        Per count (EGAIN of FITS).
    gain : float or None
        In a camera's own unit, of which nobody knows what it does to a count.
    """

    time_s: float | None = None
    iso: float | None = None
    f_number: float | None = None
    electrons: float | None = None
    gain: float | None = None

    def __bool__(self) -> bool:
        """Return whether anything is stated."""
        return any(value is not None for value in vars(self).values())

    def times(self, other: "Exposure") -> float | None:
        """Return how many times as bright as with another exposure the same light is stored.

        None where only one of the two states what the other does.

        Raises
        ------
        DataError
            If gains differ in a unit that nobody knows.
        """
        if self.gain != other.gain and None in (self.electrons, other.electrons):
            if None in (self.gain, other.gain):
                return None
            raise DataError(f"exposed with gain {self.gain:g} against {other.gain:g}")
        factor = 1.0
        for name, power in (("time_s", 1), ("iso", 1), ("f_number", -2), ("electrons", -1)):
            mine, theirs = getattr(self, name), getattr(other, name)
            if (mine is None) != (theirs is None):
                return None
            if mine is not None:
                factor *= (mine / theirs) ** power
        return 1.0 if abs(factor - 1) < _SAME else factor

    def __str__(self) -> str:
        """Return it in words: "1/120 s, ISO 100, f/1.8"."""
        words = []
        if self.time_s is not None:
            whole = round(1 / self.time_s) if self.time_s < 0.4 else 0
            short = whole and abs(whole * self.time_s - 1) < _SAME
            words.append(f"1/{whole} s" if short else f"{self.time_s:.4g} s")
        for value, unit in (
            (self.iso, "ISO {:g}"),
            (self.f_number, "f/{:g}"),
            (self.gain, "gain {:g}"),
            (self.electrons, "{:g} electrons a count"),
        ):
            if value is not None:
                words.append(unit.format(round(value, 4)))
        return ", ".join(words) or "not stated"


def positive(value: object) -> float | None:
    """Return a number that a file states; None if it is no number, or of nothing that exists."""
    try:
        number = float(value)
    except (TypeError, ValueError, ZeroDivisionError, OverflowError):
        return None
    return number if _LEAST <= number <= _MOST else None
