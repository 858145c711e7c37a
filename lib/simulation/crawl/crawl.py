"""What a heap of downloads will hold: numbers, lamps, titles, and which row has which fault.

This is the cheap part, done at once for the whole heap; `lib.simulation.crawl.downloads` makes the
pictures.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import numpy as np

from lib.errors import DataError
from lib.simulation.crawl import captions
from lib.simulation.crawl.retouch import CHANGES
from lib.simulation.lamps.catalogue import LAMPS, unknown_lamps
from lib.simulation.photos.photos import draw_lamp
from lib.taxonomy import CLASSES, LAMP_CLASSES

# Part of all rows that has each fault; a row has one at most. The author of nnSIC kept fewer than
# one download in ten; these rates leave enough to learn from in a small heap.
FAULT_RATES: dict[str, float] = {
    "missing": 0.02,
    "exact_duplicate": 0.03,
    "near_duplicate": 0.05,
    "two_classes": 0.03,
    "no_class": 0.06,
    "wrong_label": 0.04,
    "non_spectrum": 0.05,
    "truncated": 0.01,
    "not_an_image": 0.01,
}

# Of all rows the classes hold this part at most.
_MAX_SHARE_OF_CLASSES = 0.97
_ROWS_PER_FOLDER = 1000
_PNG_SHARE = 0.2
_NEWEST_ID = 144_000
_FIRST_CRAWL = datetime(2018, 9, 18, 0, 36)


@dataclass(frozen=True)
class Download:
    """One row of the heap before its picture is made.

    Attributes
    ----------
    index, source : int
        Place in the heap, and of the row whose picture it shows: its own but for duplicates.
    folder, table, name : str
        Of its image and table.
    photo_id : int
    lamp : str or None
        Name of its lamp, None for a non-spectrum.
    fault, change : str
        Planted fault, and for a near-duplicate what was done to it; "" for none.
    duplicate_of : str
        Image path of the row that this is a duplicate of, or "".
    raw_ids : tuple of int
        What the title says.
    """

    index: int
    source: int
    folder: str
    table: str
    name: str
    photo_id: int
    lamp: str | None
    fault: str
    change: str
    duplicate_of: str
    raw_ids: tuple[int, ...]

    @property
    def image_path(self) -> str:
        """POSIX path of the image under RawData."""
        return f"Image/{self.folder}/{self.name}"


def plan(count: int, seed: int, rates: Mapping[str, float]) -> list[Download]:
    """Decide what each row of a heap will be.

    Raises
    ------
    DataError
        If a fault is not known, or the rates are negative or add up to more than 1.
    """
    rng = np.random.default_rng([seed, 0])
    faults = _plant_faults(rng, count, rates)
    folders = -(-count // _ROWS_PER_FOLDER) if count > _ROWS_PER_FOLDER else min(2, count)
    heap = []
    for part, members in enumerate(np.array_split(np.arange(count), folders)):
        newest = _NEWEST_ID - part * 4 * _ROWS_PER_FOLDER
        # Not every number has a page with a title that the crawler keeps.
        ids = newest - np.cumsum(rng.integers(1, 4, len(members)))
        folder = f"{newest}-{ids[-1]}"
        table = f"{folder}-{_FIRST_CRAWL + timedelta(hours=5 * part):%Y%m%d%H%M}.csv"
        heap += [
            _draw_download(rng, int(index), folder, table, int(photo_id), faults[index])
            for index, photo_id in zip(members, ids, strict=True)
        ]
    return copied(rng, heap)


def _plant_faults(rng: np.random.Generator, count: int, rates: Mapping[str, float]) -> list[str]:
    """Return the fault of each row, "" for none: rate * count of each, rounded."""
    unknown = [name for name in rates if name not in FAULT_RATES]
    if unknown:
        raise DataError(f"fault {unknown[0]!r}; expected one of {', '.join(FAULT_RATES)}")
    if min(rates.values(), default=0) < 0 or sum(rates.values()) > 1:
        raise DataError(f"fault rates {dict(rates)}; expected shares that add up to 1 at most")
    faults = [name for name, rate in rates.items() for _ in range(round(rate * count))]
    faults = (faults + [""] * count)[:count]
    return [faults[i] for i in rng.permutation(count)]


def _draw_lamp_name(rng: np.random.Generator) -> str:
    """Draw the name of a lamp by the shares of the classes; the rest are other lamps."""
    ends = np.cumsum([one.share for one in LAMP_CLASSES])
    ends /= max(ends[-1] / _MAX_SHARE_OF_CLASSES, 1.0)
    where = rng.random()
    if where < ends[-1]:
        return draw_lamp(rng, CLASSES[int(np.searchsorted(ends, where, side="right"))]).name
    others = unknown_lamps()
    return others[rng.integers(len(others))].name


def _draw_download(
    rng: np.random.Generator, index: int, folder: str, table: str, photo_id: int, fault: str
) -> Download:
    """Return the plan of one row, duplicates apart."""
    lamp = None if fault == "non_spectrum" else _draw_lamp_name(rng)
    raw_id = LAMPS[lamp].raw_id if lamp else None
    raw_ids = () if raw_id is None else (raw_id,)
    if fault == "no_class":
        raw_ids = ()
    elif fault in ("wrong_label", "non_spectrum"):
        raw_ids = (int(rng.choice(captions.raw_ids_of_other_classes(raw_id))),)
    elif fault == "two_classes":
        first = raw_id if raw_id is not None else 0
        raw_ids = (first, int(rng.choice(captions.raw_ids_of_other_classes(first))))
    suffix = ".png" if rng.random() < _PNG_SHARE else ".jpg"
    return Download(
        index=index,
        source=index,
        folder=folder,
        table=table,
        name=f"{photo_id}{suffix}",
        photo_id=photo_id,
        lamp=lamp,
        fault=fault,
        change="",
        duplicate_of="",
        raw_ids=raw_ids,
    )


def copied(rng: np.random.Generator, heap: list[Download]) -> list[Download]:
    """Make the rows that are to be duplicates copies of faultless ones, of any folder."""
    whole = [row for row in heap if row.fault == ""]
    finished = []
    for row in heap:
        if row.fault in ("exact_duplicate", "near_duplicate") and whole:
            source = whole[rng.integers(len(whole))]
            near = row.fault == "near_duplicate"
            suffix = row.name if near else source.name
            row = replace(
                row,
                source=source.index,
                lamp=source.lamp,
                raw_ids=source.raw_ids,
                change=str(rng.choice(CHANGES)) if near else "",
                duplicate_of=source.image_path,
                name=f"{row.photo_id}.{suffix.rpartition('.')[2]}",
            )
        elif row.fault in ("exact_duplicate", "near_duplicate"):
            row = replace(row, fault="")
        finished.append(row)
    return finished
