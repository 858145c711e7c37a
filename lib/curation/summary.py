"""What the curation commands print, as lines of text."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from lib.curation import labelling
from lib.curation.labelling import Labelling
from lib.taxonomy import RAW_SOURCES, sources_of_words

if TYPE_CHECKING:
    # Brings scikit-learn, which labelling can do without.
    from lib.curation.opinions import Opinion

# Enough to see a pattern; the tables have them all.
_SHOWN = 10


def labelling_summary(done: Labelling) -> Iterator[str]:
    """Yield the keyword counts, the photos of each source, what became of all rows."""
    yield from _keywords(done.keyword_counts)
    yield from _sources(done.rows)
    for status, count in Counter(row["status"] for row in done.rows).most_common():
        yield f"{status:10} {count:6}"
    reasons = Counter(
        row["reason"].split(":")[0] for row in done.rows if row["status"] == labelling.LEFT_OUT
    )
    for reason, count in reasons.most_common():
        yield f"  left out: {reason}: {count}"
    missing = [row["image_path"] for row in done.rows if row["status"] == labelling.MISSING]
    yield from _some("missing image", missing)
    groups = [" = ".join(paths) for paths in done.duplicate_groups]
    yield from _some("exact duplicates", groups)
    yield f"copied {done.copied} photos"


def duplicates_summary(
    near_groups: Sequence[Sequence[str]], photos: Mapping[str, str]
) -> Iterator[str]:
    """Yield the groups of near duplicates by the photos' places."""
    places = {digest: photo for photo, digest in photos.items()}
    lines = [" ~ ".join(sorted(places[digest] for digest in group)) for group in near_groups]
    yield from _some("near duplicates", sorted(lines))


def triage_summary(counts: Mapping[str, int]) -> Iterator[str]:
    """Yield how many files of the heap are usable, and why the rest are not."""
    total = sum(counts.values())
    for category, count in counts.items():
        yield f"{category:16} {count:6}  {100 * count / total:5.1f} %"
    yield f"{'in all':16} {total:6}"


def suspects_summary(opinions: "Sequence[Opinion]") -> Iterator[str]:
    """Yield the most doubtful labels."""
    yield "most doubtful   folder  model"
    for opinion in opinions[:_SHOWN]:
        if opinion.model:
            source, probability = opinion.model[0]
            yield (
                f"{opinion.suspicion:.2f}  {opinion.photo:26}  {source} {probability:.2f}"
                f"  ({opinion.verdict})"
            )


def _keywords(counts: Counter[str]) -> Iterator[str]:
    yield "keyword      rows  raw id"
    for word, count in counts.most_common():
        for source in sources_of_words([word]):
            yield f"{word:12} {count:4}  {source.raw_id}"
    others = [(word, count) for word, count in counts.most_common() if not sources_of_words([word])]
    if others:
        shown = ", ".join(f"{word} {count}" for word, count in others[:_SHOWN])
        yield f"{len(others)} other keywords: {shown}"


def _sources(rows: Sequence[Mapping[str, str]]) -> Iterator[str]:
    lying = (labelling.LABELLED, labelling.MOVED, labelling.ADDED)
    placed = Counter(row["raw_id"] for row in rows if row["status"] in lying)
    yield "raw id  source        class       photos"
    for source in RAW_SOURCES:
        count = placed.pop(str(source.raw_id), 0)
        class_name = source.class_name or "-"
        yield f"{source.raw_id:6}  {source.keywords[0]:12}  {class_name:10}  {count:6}"
    for folder, count in sorted(placed.items()):
        yield f"{folder:>6}  (by hand)     -           {count:6}"


def _some(what: str, lines: Sequence[str]) -> Iterator[str]:
    for line in lines[:_SHOWN]:
        yield f"{what}: {line}"
    if len(lines) > _SHOWN:
        yield f"{what}: {len(lines)} in all"
