"""Everything that the chain finds in a photo, as named values by which two checkouts are compared.

A dump is a text file, one JSON object a photo, so that `cmp` and `diff` read it too. Numbers stand
as they are in memory; long arrays as the hash of their bytes, and their mean.
"""

import hashlib
import json
import math
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from lib.errors import DataError
from lib.files import atomic_path
from lib.recognition.result import Result

# Longer arrays are hashed; the reading of a band's wavelengths is kept whole.
_LONGEST_KEPT = 512


def facts(image: np.ndarray, result: Result) -> dict[str, object]:
    """Return every value of an answer by its dotted name, the photo's own hash among them."""
    whole = {"image": image, "json": result.to_json("photo"), "result": result}
    return dict(sorted(_flat(whole, "")))


def _flat(value: object, name: str) -> Iterator[tuple[str, object]]:
    """Yield the plain values within a value, each with its name."""
    if isinstance(value, np.ndarray):
        if value.size <= _LONGEST_KEPT:
            yield from _flat(value.ravel().tolist(), name)
            return
        data = np.ascontiguousarray(value)
        yield f"{name}.shape", "x".join(map(str, value.shape))
        yield f"{name}.hash", hashlib.sha256(data.tobytes()).hexdigest()[:16]
        yield f"{name}.mean", float(data.mean(dtype=np.float64))
    elif isinstance(value, np.generic):
        yield name, value.item()
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _flat(item, f"{name}.{key}".lstrip("."))
    elif isinstance(value, list | tuple):
        for number, item in enumerate(value):
            yield from _flat(item, f"{name}.{number}")
    elif hasattr(value, "__dict__"):
        yield from _flat(vars(value), name)
    else:
        yield name, value


def write_dump(path: Path, answers: Iterator[tuple[str, dict[str, object]]]) -> None:
    """Write the facts of photos, one line each."""
    with atomic_path(path) as temporary, temporary.open("w") as file:
        for photo, found in answers:
            file.write(json.dumps({"photo": photo} | found) + "\n")


def read_dump(path: Path) -> dict[str, dict[str, object]]:
    """Return the facts of a dump by photo; DataError if it is none."""
    try:
        rows = [json.loads(line) for line in path.read_text().splitlines()]
        return {row.pop("photo"): row for row in rows}
    except (OSError, ValueError, KeyError) as error:
        raise DataError(f"{path}: not a dump of answers ({error})") from error


def differences(one: dict[str, dict], other: dict[str, dict]) -> tuple[list[str], list[str]]:
    """Return the photos whose answers differ, and lines that say where and by how much.

    A kind of value that a whole dump lacks (a field that was added or renamed) is told, and counts
    as no difference.
    """
    photos = [photo for photo in one if photo in other]
    kinds = [{_kind(name) for found in dump.values() for name in found} for dump in (one, other)]
    common = kinds[0] & kinds[1]
    differ: dict[str, list[str]] = defaultdict(list)
    largest: dict[str, float] = defaultdict(float)
    for photo in photos:
        for name in one[photo].keys() | other[photo].keys():
            kind, pair = _kind(name), (one[photo].get(name), other[photo].get(name))
            if kind in common and not _same(*pair):
                differ[kind].append(photo)
                largest[kind] = max(largest[kind], _distance(*pair))
    lines = [
        f"{kind}: {len(set(names))} of {len(photos)} photos"
        f"{f', by at most {largest[kind]:.6g}' if largest[kind] < math.inf else ''}"
        f"; the first {names[0]}"
        for kind, names in sorted(differ.items())
    ]
    lines += [
        f"only in the {which}: {' '.join(sorted(mine - common))}"
        for which, mine in zip(("first", "second"), kinds, strict=True)
        if mine - common
    ]
    alone = len(one) + len(other) - 2 * len(photos)
    if alone:
        lines.append(f"{alone} photos are in one dump alone")
    changed = set().union(*differ.values()) if differ else set()
    return [photo for photo in photos if photo in changed], lines


def _kind(name: str) -> str:
    """Return a name without its places in lists."""
    return ".".join("*" if part.isdecimal() else part for part in name.split("."))


def _same(one: object, other: object) -> bool:
    not_a_number = one != one and other != other
    return one == other or not_a_number


def _distance(one: object, other: object) -> float:
    """Return how far apart two numbers are; infinite where one is no number."""
    numbers = all(isinstance(value, int | float) for value in (one, other))
    return abs(float(one) - float(other)) if numbers else math.inf
