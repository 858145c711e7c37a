"""The verdict on a name: how surely it is right, and from which probability on it is given.

Fitted on simulated photos.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from lib.errors import DataError
from lib.files import require_absent, write_json
from lib.recognition.band import cut_crop
from lib.recognition.find.finder import find_band
from lib.recognition.name.classifier import Classifier
from lib.recognition.name.naming import CARD_NAME, FIGURES, NameEvidence, name_evidence
from lib.simulation.lamps.catalogue import unknown_lamps
from lib.simulation.photos.photos import simulate_photo, weighted
from lib.taxonomy import CLASSES
from lib.training.examples.name_light import UNKNOWN_SHARE as UNKNOWN_PHOTOS_SHARE
from lib.training.examples.store import in_order
from lib.training.scores import metrics
from lib.training.scores.acceptance import accepted_from, fit_acceptance
from lib.training.scores.unknown_score import UNKNOWN_SHARE, crop_weights

# Wanted share of right names among all that are given, unknown lamps among the photos.
RIGHT_SHARE = 0.95
SHARD_PHOTOS = 50
# So that nothing drawn here is drawn by another training, or by a benchmark.
_STREAM = 70_000_000
_FEWEST_NAMES = 300


def make_name_verdict(
    output: Path, *, model: Path, photos: int, seed: int, jobs: int, overwrite: bool
) -> dict:
    """Simulate photos, fit the verdict on names, write its card; return what it names.

    Parameters
    ----------
    model : Path
        Folder of the frozen classifier.
    """
    path = output / CARD_NAME
    require_absent(path, overwrite=overwrite)
    tasks = [(model, seed, number) for number in range(-(-photos // SHARD_PHOTOS))]
    found = [one for part in in_order(known_names, tasks, jobs=jobs, what="photos") for one in part]
    if len(found) < _FEWEST_NAMES:
        raise DataError(f"--photos {photos}: too few to fit; expected 400 or more")
    evidence, truth = zip(*found, strict=True)
    card = fit_name_verdict(
        [one.kind for one in evidence],
        np.array([one.figures for one in evidence]),
        np.array([one.source == name for one, name in found]),
        np.array([name is not None for name in truth]),
        FIGURES,
    )
    card["fitted_on"] = {"photos": photos, "seed": seed, "bands": len(found)}
    write_json(path, card)
    return card["named"]


def known_names(model: Path, seed: int, number: int) -> list[tuple[NameEvidence, str | None]]:
    """Return the evidence for the names of some simulated photos, and their true classes.

    Photos without a band are left out.
    """
    classifier, found = Classifier(model), []
    for index in range(number * SHARD_PHOTOS, (number + 1) * SHARD_PHOTOS):
        rng = np.random.default_rng([_STREAM + seed, index])
        unknown = rng.random() < UNKNOWN_PHOTOS_SHARE
        lamp = weighted(rng, unknown_lamps(held_out=False)).name if unknown else None
        photo = simulate_photo(rng, lamp or str(rng.choice(CLASSES)))
        try:
            band = find_band(photo.image)
        except DataError:
            continue
        prediction = classifier.predict(cut_crop(band)[np.newaxis])
        evidence = name_evidence(prediction, band.profile.rgb, band.reading)
        found.append((evidence, photo.truth.class_name))
    return found


def fit_name_verdict(
    kinds: Sequence[str],
    figures: np.ndarray,
    right: np.ndarray,
    known: np.ndarray,
    names: Sequence[str],
) -> dict:
    """Return the card of a `lib.recognition.name.naming.NameVerdict`.

    Parameters
    ----------
    kinds : sequence of str
        Of each photo's best guess.
    figures : float array of shape (n_photos, n_figures)
    right : bool array of shape (n_photos,)
        Whether the guess is the photo's class.
    known : bool array of shape (n_photos,)
        Whether the photo's lamp has a class.
    names : sequence of str
        Of the figures.

    Returns
    -------
    dict
        ``kinds``, ``threshold``, ``unknown_share``, ``curve``, and ``named``, what is named of the
        photos by probabilities of models that have not met them.
    """
    kinds, sure, card = np.asarray(kinds), np.empty(len(kinds)), {}
    for kind in np.unique(kinds):
        of_kind = kinds == kind
        fitted = fit_acceptance(figures[of_kind], right[of_kind])
        sure[of_kind] = fitted.held_out
        card[str(kind)] = dict(zip(names, fitted.weights.round(4).tolist(), strict=True)) | {
            "offset": round(fitted.offset, 4)
        }
    weights = {"weight": crop_weights(~known), "of_class": known}
    threshold = accepted_from(sure, right, RIGHT_SHARE, **weights)
    named = sure >= threshold
    return {
        "kinds": card,
        "threshold": round(threshold, 4),
        "unknown_share": UNKNOWN_SHARE,
        "curve": metrics.thinned_curve(*metrics.coverage_curve(sure, right, **weights)),
        "named": {
            "of_the_classes": round(float(named[known].mean()), 4),
            "of_these_right": round(float(right[named & known].mean()), 4),
            "unknown_refused": round(float(1 - named[~known].mean()), 4),
        },
    }
