"""The review pages: one self-contained file per raw folder, opened from disk by any browser.

The photos stand in the given order, the most suspicious first; the decisions made there are saved
as a CSV for `lib.curation.decisions`.
"""

import base64
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import cv2

from lib.curation.analysis import Analysis, AnalysisStore
from lib.curation.decisions import ACCEPT, DECISION_COLUMNS, MOVE, REJECT_REASONS, decided
from lib.curation.opinions import Opinion
from lib.curation.places import review_folder
from lib.curation.suspects import DOUBTFUL
from lib.files import json_text
from lib.outputs import is_own, own_path, require_replaceable
from lib.taxonomy import RAW_SOURCES

_TEMPLATE = Path(__file__).with_name("review_page.html")
# About 8 MB of page, which a browser opens within a second even beside other work
# (`benchmarks/review_pages.py`).
PHOTOS_PER_PAGE = 1000
_CROP_QUALITY = 85
# A photo may have thousands of copies; a card names a few.
_LIKES_SHOWN = 3
# How a card tells of a decision that was applied before this review.
_BEFORE = {None: "", ACCEPT: "accepted before", MOVE: "moved here before"}


@dataclass(frozen=True)
class PhotoNotes:
    """What the tables say of a content.

    Attributes
    ----------
    title, keywords : str
    """

    title: str = ""
    keywords: str = ""


def write_pages(
    opinions: Iterable[Opinion],
    labelled: Path,
    store: AnalysisStore,
    groups: Mapping[str, str],
    notes: Mapping[str, PhotoNotes],
    *,
    overwrite: bool = False,
) -> list[Path]:
    """Write the review pages, and remove those of an earlier review.

    Parameters
    ----------
    opinions : iterable of Opinion
        In the order in which the photos are to be shown.
    labelled : Path
        Folder of the labelled photos.
    store : AnalysisStore
    groups : mapping of str to str
        Content hash to duplicate group.
    notes : mapping of str to PhotoNotes
        By content hash.
    overwrite : bool
        As of `lib.outputs.require_replaceable`.

    Returns
    -------
    list of Path
        The pages, in order of raw id.

    Raises
    ------
    DataError
        If a page would replace what this program has not made.
    """
    folder = review_folder(labelled)
    by_raw_id: dict[str, list[Opinion]] = defaultdict(list)
    members: dict[str, list[str]] = defaultdict(list)
    for opinion in opinions:
        by_raw_id[opinion.raw_id].append(opinion)
        members[groups.get(opinion.sha256, opinion.sha256)].append(opinion.photo)
    earlier_decisions = decided(labelled)
    parts = list(_split(by_raw_id))
    names = [name for name, _, _ in parts]
    pages = [folder / f"{name}.html" for name in names]
    require_replaceable(pages, overwrite=overwrite)
    for place, (name, raw_id, shown) in enumerate(parts):
        cards = (
            _card(opinion, store.read(opinion.sha256), groups, members, notes, earlier_decisions)
            for opinion in shown
        )
        settings = _settings(raw_id, name, labelled) | _neighbours(names, place)
        _write_page(pages[place], settings, cards)
    for stale in set(folder.glob("*.html")) - set(pages):
        if is_own(stale):
            stale.unlink()
    return pages


def _split(by_raw_id: Mapping[str, list[Opinion]]) -> Iterator[tuple[str, str, list[Opinion]]]:
    """Yield the name of each page, its raw id and the opinions on its photos."""
    for raw_id in sorted(by_raw_id, key=lambda name: (not name.isdecimal(), name.zfill(4))):
        shown = by_raw_id[raw_id]
        starts = range(0, len(shown), PHOTOS_PER_PAGE)
        for number, start in enumerate(starts, start=1):
            # In the order of their numbers in any list of files.
            part = f"-part{number:0{len(str(len(starts)))}}" if len(starts) > 1 else ""
            yield _page_name(raw_id) + part, raw_id, shown[start : start + PHOTOS_PER_PAGE]


def _neighbours(names: list[str], place: int) -> dict:
    """Return where a page stands among all, and the files before and after it."""
    before = f"{names[place - 1]}.html" if place > 0 else None
    after = f"{names[place + 1]}.html" if place + 1 < len(names) else None
    return {"page": place + 1, "pages": len(names), "previous": before, "next": after}


def _page_name(raw_id: str) -> str:
    return f"{raw_id}-{_source_names()[raw_id]}" if raw_id in _source_names() else raw_id


def _source_names() -> dict[str, str]:
    return {str(source.raw_id): source.keywords[0] for source in RAW_SOURCES}


def _settings(raw_id: str, name: str, labelled: Path) -> dict:
    return {
        "heading": name.replace("-", " "),
        "raw_id": raw_id,
        "sources": _source_names(),
        "reasons": REJECT_REASONS,
        "columns": DECISION_COLUMNS,
        "doubtful": DOUBTFUL,
        "download": f"decisions-{name}.csv",
        # From the page to the photos, for those who want to see one in full.
        "folder": f"../{labelled.name}/",
    }


def _card(
    opinion: Opinion,
    analysis: Analysis,
    groups: Mapping[str, str],
    members: Mapping[str, list[str]],
    notes: Mapping[str, PhotoNotes],
    earlier_decisions: Mapping[str, str],
) -> dict:
    """Return what the page shows of one photo; field names as in review_page.html."""
    note = notes.get(opinion.sha256, PhotoNotes())
    alike = members[groups.get(opinion.sha256, opinion.sha256)]
    before = earlier_decisions.get(opinion.sha256)
    band = analysis.band
    return {
        "photo": opinion.photo,
        "sha256": opinion.sha256,
        "title": note.title,
        "keywords": note.keywords,
        "status": opinion.status,
        "reason": opinion.reason,
        "suspicion": opinion.suspicion,
        "opinions": opinion.model,
        "second": opinion.second[0] if opinion.second else None,
        "verdict": opinion.verdict,
        "quality": _quality_line(analysis),
        "like": [photo for photo in alike[: _LIKES_SHOWN + 1] if photo != opinion.photo],
        "alike": len(alike) - 1,
        "before": _BEFORE[before],
        "width": analysis.width,
        "height": analysis.height,
        "box": [band[name] for name in ("x0", "y0", "x1", "y1")] if band else None,
        "thumbnail": base64.b64encode(analysis.thumbnail).decode(),
        "crop": base64.b64encode(_small_crop(analysis)).decode(),
    }


def _quality_line(analysis: Analysis) -> str:
    quality = analysis.quality
    size = f"{analysis.width} x {analysis.height}" if analysis.width else ""
    if not quality:
        return size
    parts = [size, f"S/N {quality['snr']:.0f}", f"{quality['lines_resolved']} lines"]
    if quality["clipped_fraction"] > 0:
        parts.append(f"{100 * quality['clipped_fraction']:.0f} % clipped")
    return ", ".join(parts)


def _small_crop(analysis: Analysis) -> bytes:
    if not analysis.crop:
        return b""
    bgr = cv2.cvtColor(analysis.crop_pixels(), cv2.COLOR_RGB2BGR)
    return cv2.imencode(".webp", bgr, [cv2.IMWRITE_WEBP_QUALITY, _CROP_QUALITY])[1].tobytes()


def _write_page(path: Path, settings: dict, cards: Iterator[dict]) -> None:
    """Fill the template, one card at a time: a page never lies in memory whole."""
    template = _TEMPLATE.read_text(encoding="utf-8")
    head, tail = template.replace("__SETTINGS__", _script_json(settings)).split("__PHOTOS__")
    with own_path(path) as temporary, temporary.open("w", encoding="utf-8") as stream:
        stream.write(head)
        for index, card in enumerate(cards):
            stream.write((",\n" if index else "") + _script_json(card))
        stream.write(tail)


def _script_json(value: object) -> str:
    """Return JSON that cannot end the script element it stands in: titles come from strangers."""
    return json_text(value, ensure_ascii=False).replace("<", "\\u003c")
