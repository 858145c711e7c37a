"""What the curation commands print, as lines of text."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from lib.curation import labelling
from lib.curation.labelling import Labelling
from lib.taxonomy import RAW_SOURCES, in_short, sources_of_words

if TYPE_CHECKING:
    # Brings scikit-learn, which labelling can do without.
    from lib.curation.opinions import Opinion

# Enough to see a pattern; the tables have them all.
_SHOWN = 10


def labelling_summary(done: Labelling, *, listed: bool = False) -> Iterator[str]:
    """Yield the photos of each source and its keywords, and what became of all rows.

    `listed`: whether each missing image and each group of duplicates is named.
    """
    yield from _sources(done)
    for status, count in Counter(row["status"] for row in done.rows).most_common():
        yield f"{status.replace('_', ' ')} {count}"
    reasons = Counter(
        row["reason"].split(":")[0] for row in done.rows if row["status"] == labelling.LEFT_OUT
    )
    for reason, count in reasons.most_common():
        yield f"  left out: {reason}: {count}"
    missing = [row["image_path"] for row in done.rows if row["status"] == labelling.MISSING]
    yield from _counted("missing images", missing, listed)
    groups = [" = ".join(paths) for paths in done.duplicate_groups]
    yield from _counted("groups of exact duplicates", groups, listed)
    yield f"copied {done.copied} photos"


def duplicates_summary(
    near_groups: Sequence[Sequence[str]], photos: Mapping[str, str], *, listed: bool = False
) -> Iterator[str]:
    """Yield how many groups of near duplicates there are, or each by its photos' places."""
    places = {digest: photo for photo, digest in photos.items()}
    lines = [" ~ ".join(sorted(places[digest] for digest in group)) for group in near_groups]
    yield from _counted("groups of near duplicates", sorted(lines), listed)


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


def _sources(done: Labelling) -> Iterator[str]:
    lying = (labelling.LABELLED, labelling.MOVED, labelling.ADDED)
    placed = Counter(row["raw_id"] for row in done.rows if row["status"] in lying)
    words: dict[int, list[str]] = {}
    others = []
    for word, count in done.keyword_counts.most_common():
        named = sources_of_words([word])
        for source in named:
            words.setdefault(source.raw_id, []).append(f"{word} {count}")
        if not named:
            others.append(f"{word} {count}")
    yield f"{'folder':<16}{'trains':<24}{'photos':>6}  keywords in the tables"
    for source in RAW_SOURCES:
        folder = f"{source.raw_id} {source.keywords[0]}"
        trains = in_short(source.class_name) if source.class_name else "nothing"
        keywords = ", ".join(words.get(source.raw_id, []))
        count = placed.pop(str(source.raw_id), 0)
        yield f"{folder:<16}{trains:<24}{count:>6}  {keywords}".rstrip()
    for folder, count in sorted(placed.items()):
        yield f"{folder:<16}{'(made by hand)':<24}{count:>6}"
    if others:
        yield f"{len(others)} other keywords: {', '.join(others[:_SHOWN])}"


def _counted(what: str, lines: Sequence[str], listed: bool) -> Iterator[str]:
    """Yield each line, or how many there are."""
    if listed:
        yield from (f"{what}: {line}" for line in lines)
    elif lines:
        yield f"{what}: {len(lines)} (-v lists them)"
