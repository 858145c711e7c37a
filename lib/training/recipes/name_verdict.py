"""The verdict on a name: how surely it is right, and from which probability on it is given.

Fitted on simulated photos.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_predict

from lib.errors import DataError
from lib.files import require_absent, write_json
from lib.recognition.band import band_profile, cut_crop
from lib.recognition.find.finder import find_band
from lib.recognition.name.classifier import Classifier
from lib.recognition.name.naming import CARD_NAME, FIGURES, NameEvidence, name_evidence
from lib.simulation.lamps.catalogue import unknown_lamps
from lib.simulation.photos.photos import simulate_photo, weighted
from lib.taxonomy import CLASSES
from lib.training.examples.name_light import UNKNOWN_SHARE as UNKNOWN_PHOTOS_SHARE
from lib.training.examples.shards import in_order
from lib.training.scores import metrics

# Wanted share of right names among all that are given, unknown lamps among the photos.
RIGHT_SHARE = 0.95
# Share of photos that show none of the classes, as for the classifier's own threshold.
UNKNOWN_SHARE = 0.2
_FOLDS = 10
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
        evidence = name_evidence(prediction, band_profile(band).rgb, band.reading)
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
    kinds = np.asarray(kinds)
    share = np.where(known, 1 - UNKNOWN_SHARE, UNKNOWN_SHARE)
    weight = share / np.where(known, known.sum(), (~known).sum())
    sure, card = np.empty(len(kinds)), {}
    for kind in np.unique(kinds):
        of_kind = kinds == kind
        middle, spread = figures[of_kind].mean(axis=0), figures[of_kind].std(axis=0)
        scaled = (figures[of_kind] - middle) / np.maximum(spread, 1e-9)
        model = LogisticRegression()
        sure[of_kind] = cross_val_predict(
            model, scaled, right[of_kind], cv=_FOLDS, method="predict_proba"
        )[:, 1]
        model.fit(scaled, right[of_kind])
        weights = model.coef_[0] / np.maximum(spread, 1e-9)
        card[str(kind)] = dict(zip(names, weights.round(4).tolist(), strict=True)) | {
            "offset": round(float(model.intercept_[0] - weights @ middle), 4)
        }
    thresholds, coverage, precision = metrics.coverage_curve(
        sure, right, weight=weight, of_class=known
    )
    enough = thresholds[precision >= RIGHT_SHARE]
    threshold = float(enough.min()) if len(enough) else 1.0
    named = sure >= threshold
    return {
        "kinds": card,
        "threshold": round(threshold, 4),
        "unknown_share": UNKNOWN_SHARE,
        "curve": metrics.thinned_curve(thresholds, coverage, precision),
        "named": {
            "of_the_classes": round(float(named[known].mean()), 4),
            "of_these_right": round(float(right[named & known].mean()), 4),
            "unknown_refused": round(float(1 - named[~known].mean()), 4),
        },
    }
