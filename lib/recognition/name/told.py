"""A lamp that the user names: what it stands for, and whether the light contradicts it."""

from contextlib import suppress

from lib import taxonomy
from lib.recognition.axis.axis import NoAxis
from lib.recognition.axis.line_lists import line_lists_of
from lib.recognition.band import Band
from lib.recognition.identified import Remark
from lib.recognition.name.naming import NameEvidence, class_of_lamp, shipped_names
from lib.recognition.name.rejection import judge
from lib.taxonomy import LampName


def source_of_lamp(lamp: str) -> str:
    """Return the class of a lamp named by the user; its own names where no class holds it.

    Raises
    ------
    DataError
        If it names neither a class nor a line list.
    """
    with suppress(NoAxis):
        line_lists_of(lamp)
    names = taxonomy.lamps_named(lamp)
    classes = {taxonomy.class_of_name(name) for name in names}
    only = classes.pop()
    return "+".join(names) if classes or only == taxonomy.UNKNOWN else only


def contradiction(
    lamp: str, evidence: NameEvidence, seen: LampName | None, band: Band
) -> tuple[Remark, ...]:
    """Return the remark on a photo that is surely another lamp than the user says.

    Parameters
    ----------
    lamp : str
        As the user names it.
    evidence : NameEvidence
    seen : LampName or None
        The lamp that the light surely is.
    band : Band
    """
    if seen is not None:
        title, of_class = seen.title[0].lower() + seen.title[1:], class_of_lamp(seen)
        shown = {seen.name, of_class, *seen.kinds, *(seen.line_list or "").split("+")}
    else:
        limits = shipped_names().limits
        judged = judge(evidence.probabilities, evidence.certainty, limits, quality=band.quality)
        if judged.status != "ok":
            return ()
        title, shown = taxonomy.in_words(evidence.source), {evidence.source}
    if _told_as(lamp) & shown:
        return ()
    text = f"you named {lamp}, but the light is surely another one: {title}"
    return (Remark("told_lamp_contradicts", text),)


def _told_as(lamp: str) -> set[str]:
    """Return the classes, line lists and names that a lamp named by the user may stand for."""
    told = set()
    for part in taxonomy.lamps_named(lamp):
        told |= {part, taxonomy.class_of_name(part)}
        with suppress(NoAxis):
            # Of a class, what all its lamps show: argon beside mercury is no argon lamp.
            told |= {one for one in line_lists_of(part) if "+" not in one}
    return told - {taxonomy.UNKNOWN}
