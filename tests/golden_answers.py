"""Whole answers for some eighty small photos of known truth, kept so that a change is seen.

A photo whose answer is right must keep it: ends, direction, name, certainty, axis, and what the
band's geometry and the reading of its wavelengths were. A miss may change, and may not become
wrong in a new way.

python tests/golden_answers.py             # write what the chain says now; print what changed
python tests/golden_answers.py --check     # print what changed, write nothing
python tests/golden_photos.py              # choose the photos anew; takes minutes

What another processor's sums change is seen with
    NPY_DISABLE_CPU_FEATURES="X86_V3 X86_V4" OPENCV_CPU_DISABLE=AVX,AVX2,FMA3,FP16,AVX512F \\
    JSIMD_FORCENONE=1 python tests/golden_answers.py --plain
"""

import argparse
import json
import sys
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import cv2
import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.axis_rows import FAR_OFF_NM
from benchmarks.cases import SIMULATED_OVERLAP, Case, band_box, judge
from benchmarks.perturbations import Box
from lib import litert
from lib.files import read_json, write_bytes
from lib.images.reading import read_image
from lib.paths import DEFAULT_MODEL
from lib.recognition.name.classifier import Classifier
from lib.recognition.recognise import recognise
from lib.recognition.result import Result
from lib.simulation.photos.truth import overlap_along
from lib.taxonomy import CLASSES, LINE_CLASSES

FOLDER = Path(__file__).resolve().parent / "golden"
ANSWERS = FOLDER / "answers.json"
PLACES = 9
# An answer that differs by more has changed. The order in which a processor sums changes nothing
# that is kept (measured as above; unrounded, wavelengths by 0.0001 nm). The right photos were
# chosen so that one grey level of noise changes less than this.
TOLERANCES = {
    "certainty": 0.03,
    "band": 2.0,
    "angle_deg": 0.3,
    "geometry": 2.0,
    "px": 3.0,
    "nm": 0.3,
    "error_nm": 0.3,
    "reading_nm": 3.0,
}


@dataclass(frozen=True)
class Truth:
    """What a golden photo shows.

    Attributes
    ----------
    source : str or None
        One of the classes, "other", or None where there is no spectrum.
    boxes : list of Box
        Any of them is right.
    px, nm : list of list of float
        Places along the centre line of each box and their wavelengths; empty for lamps of no lines.
    """

    source: str | None
    boxes: list[Box]
    px: list[list[float]]
    nm: list[list[float]]


def load() -> dict[str, dict]:
    """Return what is kept of each photo by its file's name: ``truth``, ``amiss``, ``answer``."""
    return read_json(ANSWERS)


def save(kept: dict[str, dict]) -> None:
    """Keep truths and answers, a line a photo."""
    lines = (f"{json.dumps(name)}: {json.dumps(photo)}" for name, photo in kept.items())
    write_bytes(ANSWERS, ("{\n" + ",\n".join(lines) + "\n}\n").encode())


def truth_of(kept: dict) -> Truth:
    """Return the truth as it was kept."""
    truth = kept["truth"]
    return Truth(truth["source"], [Box(*box) for box in truth["boxes"]], truth["px"], truth["nm"])


def answer(image: np.ndarray, classifier: Classifier) -> tuple[dict, Result]:
    """Return what is kept of the chain's answer to one photo, and the answer."""
    result = recognise(image, classifier)
    kept: dict[str, object] = {
        "status": result.status,
        "source": result.source,
        "reason_code": result.reason_code,
        "certainty": None if result.certainty is None else round(result.certainty, 4),
    }
    if result.band is not None:
        band = result.band
        kept["axis"], kept["blue_end"] = band.axis, band.blue_end
        kept["band"] = [band.x0, band.y0, band.x1, band.y1]
        kept["angle_deg"] = round(band.angle_deg, 2)
        geometry = band.geometry
        middle = (geometry.start + geometry.stop) / 2
        edge = geometry.half_height
        # Where lines lean and bend to is told at the slit's image's ends.
        shifts = (geometry.lean * edge + geometry.smile * edge**2, -geometry.lean * edge)
        values = (geometry.start, geometry.stop, geometry.across(middle), edge, *shifts)
        kept["geometry"] = [round(float(value), 2) for value in values]
        reading = band.reading
        nm = np.interp(np.linspace(-1, 1, PLACES), reading.t, reading.nm)
        kept["reading_nm"] = nm.round(1).tolist()
    if result.axis is not None:
        px = np.linspace(*result.axis.range_px, PLACES).round(1)
        kept["lamp"], kept["px"] = result.axis.lamp, px.tolist()
        kept["nm"] = result.axis.nm_at(px).round(2).tolist()
        kept["error_nm"] = round(result.axis.uncertainty_nm, 3)
    return kept, result


def amiss(truth: Truth, result: Result) -> list[str]:
    """Return what an answer says that is not so, and what it leaves out, in order."""
    return sorted(faults(truth, result) | lacks(truth, result))


def faults(truth: Truth, result: Result) -> set[str]:
    """Return what an answer says that is not so."""
    score = judge(_case(truth), band_box(result.band))
    found = set()
    if result.band is not None and not score.right:
        found.add("another band" if truth.boxes else "a spectrum where there is none")
    if score.direction is False and result.band is not None and result.band.blue_end != "none":
        found.add("blue at the other end")
    if result.status == "ok" and result.source != truth.source:
        found.add("named wrongly" if truth.source in CLASSES else "another lamp named")
    if result.axis is not None and truth.px:
        near = [overlap_along(result.band, box) for box in truth.boxes]
        px, nm = (np.array(of[int(np.argmax(near))]) for of in (truth.px, truth.nm))
        claimed = result.axis.claims(px)
        off = np.abs(result.axis.nm_at(px) - nm)[claimed]
        if off.max(initial=0.0) > FAR_OFF_NM:
            found.add("an axis far off")
    return found


def lacks(truth: Truth, result: Result) -> set[str]:
    """Return what an answer leaves out that could be said."""
    missing = set()
    if truth.boxes and result.band is None:
        return {"no band"}
    score = judge(_case(truth), band_box(result.band))
    if score.direction is False and result.band.blue_end == "none":
        missing.add("no direction")
    if truth.source in CLASSES and result.status != "ok":
        missing.add("not named")
    elif truth.source in LINE_CLASSES and result.axis is None:
        missing.add("no axis")
    return missing


def _case(truth: Truth) -> Case:
    return Case("", np.empty(0), truth.boxes, overlap=SIMULATED_OVERLAP)


def differences(before: dict, after: dict) -> list[str]:
    """Return what differs between two kept answers by more than `TOLERANCES`."""
    return [
        f"{name} by {off:.4g}: {before.get(name)} -> {after.get(name)}"
        for name, off in offsets(before, after).items()
        if off > TOLERANCES.get(name, 0.0)
    ]


def offsets(before: dict, after: dict) -> dict[str, float]:
    """Return by how much each value of two kept answers differs; infinite where it is no number."""
    found = {}
    for name in sorted(before.keys() | after.keys()):
        was, now = before.get(name), after.get(name)
        if name == "nm" and was and now and before["px"] != after["px"]:
            # At the places of the first.
            now = np.polynomial.Polynomial.fit(after["px"], now, 4)(np.array(before["px"]))
        if name in TOLERANCES and was is not None and now is not None:
            found[name] = float(np.abs(np.subtract(now, was)).max())
        else:
            found[name] = 0.0 if was == now else np.inf
    return found


def report(kept: dict[str, dict]) -> dict[str, dict]:
    """Return what the chain says now; print what has changed."""
    classifier, now = Classifier(DEFAULT_MODEL), {}
    largest = dict.fromkeys(TOLERANCES, 0.0)
    for name, before in kept.items():
        said, result = answer(read_image(FOLDER / name), classifier)
        wrong = amiss(truth_of(before), result)
        if wrong != before["amiss"]:
            print(f"{name}: was {before['amiss'] or 'right'}, is {wrong or 'right'}")
        for change in differences(before["answer"], said):
            print(f"{name}: {change}")
        if not wrong and not before["amiss"]:
            for value, off in offsets(before["answer"], said).items():
                largest[value] = max(largest.get(value, 0.0), off)
        now[name] = {**before, "amiss": wrong, "answer": said}
    right = [sum(not photo["amiss"] for photo in of.values()) for of in (kept, now)]
    print(f"{right[1]} of {len(now)} photos right; before {right[0]}")
    print(
        "largest differences of right answers:", *(f"{v} {off:.3g}" for v, off in largest.items())
    )
    return now


def sum_plainly() -> None:
    """Let networks and OpenCV sum in another order than they do at their fastest."""
    cv2.setUseOptimized(False)
    plain = litert.OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
    litert.Interpreter = partial(litert.Interpreter, experimental_op_resolver_type=plain)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--check", action="store_true", help="print what changed, write nothing")
    parser.add_argument("--plain", action="store_true", help="check as another processor would sum")
    args = parser.parse_args()
    if args.plain:
        sum_plainly()
    answers = report(load())
    if not (args.check or args.plain):
        save(answers)
