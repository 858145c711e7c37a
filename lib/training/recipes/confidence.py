"""How surely names and axes are right: fitted together, to one set of simulated photos.

What is weighed is what the networks that ship say, so this comes after every training.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from lib.errors import DataError
from lib.files import require_absent, write_json
from lib.recognition.axis.verdict import CARD_NAME as AXES_CARD
from lib.recognition.band import cut_crop
from lib.recognition.find.finder import find_band
from lib.recognition.name.classifier import Classifier
from lib.recognition.name.naming import CARD_NAME as NAMES_CARD
from lib.recognition.name.naming import log_odds, name_probabilities
from lib.simulation.lamps.catalogue import LAMPS as CATALOGUE
from lib.simulation.lamps.catalogue import class_lamps, unknown_lamps
from lib.simulation.photos.photos import simulate_photo
from lib.taxonomy import CLASSES, LAMP_NAMES
from lib.training.examples.axis_truth import LAMPS
from lib.training.examples.store import in_order
from lib.training.recipes.axis_verdict import (
    KnownCandidate,
    axis_card,
    fit_verdict,
    known_candidate,
)
from lib.training.scores import metrics
from lib.training.scores.acceptance import accepted_from, fit_acceptance
from lib.training.scores.unknown_score import UNKNOWN_SHARE, crop_weights

# Wanted share of right names among all that are given, unknown lamps among the photos; and of right
# lamps by name, which people see beside an "unknown".
RIGHT_SHARE, RIGHT_LAMPS_SHARE = 0.95, 0.97
# Shares of the photos: lamps with lines of the classes, the other classes, lamps of no class.
_LINES_SHARE, _SMOOTH_SHARE, _OTHERS_SHARE = 0.5, 0.2, 0.3
# So that nothing drawn here is drawn by another training, or by a benchmark.
_STREAM = 70_000_000
# Fewer photos, or bands in them, are too few to fit.
MIN_PHOTOS, _MIN_BANDS = 500, 300


@dataclass(frozen=True)
class KnownPhoto:
    """What is said of a simulated photo in which a band is found.

    Attributes
    ----------
    lamp : str
        The true one, of the simulator.
    of_class : float64 array of shape (n_classes,)
    lamps : dict of str to float
        As of `lib.recognition.name.naming.name_probabilities`.
    candidate : KnownCandidate or None
        What its lines lead to, where the lamp has any.
    """

    lamp: str
    of_class: np.ndarray
    lamps: dict[str, float]
    candidate: KnownCandidate | None


def make_confidence(
    output: Path, *, model: Path, photos: int, seed: int, jobs: int, overwrite: bool
) -> dict:
    """Simulate photos, fit both confidences, write their cards; return what is given.

    Parameters
    ----------
    model : Path
        Folder of the frozen classifier.
    """
    for name in (NAMES_CARD, AXES_CARD):
        require_absent(output / name, overwrite=overwrite)
    tasks = [(model, seed, number) for number in range(photos)]
    found = list(in_order(known_photo, tasks, jobs=jobs, what="photos"))
    known = [one for one in found if one is not None]
    if len(known) < _MIN_BANDS:
        raise DataError(f"--photos {photos}: too few to fit; expected {MIN_PHOTOS} or more")
    asked = Counter(_lamp_of(seed, number) for number in range(photos))
    candidates = [one.candidate for one in known if one.candidate is not None]
    fitted_on = {"photos": photos, "seed": seed, "bands": len(known)}
    axes = axis_card(fit_verdict(candidates), candidates, asked) | {"fitted_on": fitted_on}
    names = fit_names(known) | {"fitted_on": fitted_on}
    write_json(output / AXES_CARD, axes)
    write_json(output / NAMES_CARD, names)
    return {"named": names["named"], "axes given": axes["given"], "axes wrong": axes["wrong"]}


def known_photo(model: Path, seed: int, number: int) -> KnownPhoto | None:
    """Return what is said of one simulated photo; None where no band is found."""
    lamp = _lamp_of(seed, number)
    photo = simulate_photo(np.random.default_rng([_STREAM + seed, number, 1]), lamp)
    try:
        band = find_band(photo.image)
    except DataError:
        return None
    prediction = _kept(model).predict(cut_crop(band)[np.newaxis])
    lines = _lines_of(lamp)
    return KnownPhoto(
        lamp,
        *name_probabilities(prediction, band.reading),
        lines and known_candidate(lamp, lines, band, photo.truth.boxes),
    )


@cache
def _kept(model: Path) -> Classifier:
    return Classifier(model)


@cache
def _lamp_shares() -> tuple[list[str], np.ndarray]:
    smooth = [name for name in CLASSES if not any(name == one for one in LAMPS.values())]
    shares = dict.fromkeys(LAMPS, _LINES_SHARE / len(LAMPS))
    for name in smooth:
        lamps = class_lamps(name)
        total = sum(lamp.weight for lamp in lamps)
        shares |= {one.name: _SMOOTH_SHARE / len(smooth) * one.weight / total for one in lamps}
    others = unknown_lamps()
    total = sum(lamp.weight for lamp in others)
    shares |= {lamp.name: _OTHERS_SHARE * lamp.weight / total for lamp in others}
    return list(shares), np.array(list(shares.values()))


def _lamp_of(seed: int, number: int) -> str:
    names, shares = _lamp_shares()
    return names[np.random.default_rng([_STREAM + seed, number]).choice(len(names), p=shares)]


def _lines_of(lamp: str) -> str | None:
    """Return what the lines of a simulated lamp are asked for by, if it has lines."""
    if lamp in LAMPS:
        return LAMPS[lamp]
    return next((one.line_list for one in LAMP_NAMES if lamp in one.kinds), None)


def fit_names(known: Sequence[KnownPhoto]) -> dict:
    """Return the card of a `lib.recognition.name.naming.NameConfidence`.

    Returns
    -------
    dict
        ``slope``, ``offset``, ``threshold``, ``lamp_threshold``, ``unknown_share``, ``curve``, and
        ``named``, what is named of the photos by probabilities of models that have not met them.
    """
    truth = [CATALOGUE[one.lamp].class_name for one in known]
    of_class = np.array([one.of_class for one in known])
    right = np.array(
        [CLASSES[k] == name for k, name in zip(of_class.argmax(1), truth, strict=True)]
    )
    of_a_class = np.array([name is not None for name in truth])
    odds = np.array([[log_odds(probability)] for probability in of_class.max(axis=1)])
    fitted = fit_acceptance(odds, right)
    sure = fitted.held_out
    weights = {"weight": crop_weights(~of_a_class), "of_class": of_a_class}
    threshold = accepted_from(sure, right, RIGHT_SHARE, **weights)
    named = sure >= threshold
    slope, offset = float(fitted.weights[0]), fitted.offset
    best = [max(one.lamps, key=one.lamps.get) for one in known]
    lamp_odds = [log_odds(one.lamps[name]) for one, name in zip(known, best, strict=True)]
    lamp_sure = 1 / (1 + np.exp(-slope * np.array(lamp_odds) - offset))
    kinds = {lamp.name: lamp.kinds for lamp in LAMP_NAMES}
    lamp_right = np.array([one.lamp in kinds[name] for one, name in zip(known, best, strict=True)])
    lamp_threshold = accepted_from(lamp_sure, lamp_right, RIGHT_LAMPS_SHARE)
    other = np.array([one.lamp in sum(kinds.values(), ()) for one in known]) & ~of_a_class
    return {
        "slope": round(slope, 4),
        "offset": round(offset, 4),
        "threshold": round(threshold, 4),
        "lamp_threshold": round(lamp_threshold, 4),
        "unknown_share": UNKNOWN_SHARE,
        "curve": metrics.thinned_curve(*metrics.coverage_curve(sure, right, **weights)),
        "named": {
            "of_the_classes": round(float(named[of_a_class].mean()), 4),
            "of_these_right": round(float(right[named & of_a_class].mean()), 4),
            "unknown_refused": round(float(1 - named[~of_a_class].mean()), 4),
            "other_lamps_by_name": round(
                float((lamp_right & (lamp_sure >= lamp_threshold))[other].mean()), 4
            ),
        },
    }
