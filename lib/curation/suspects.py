"""Which labels are doubtful, by the shipped model and by a second classifier.

The shipped model was never trained on these photos. The second classifier is trained on the labels
themselves, with the model's features, and predicts only photos that it was not trained on
(out-of-fold predictions). It knows the sources that are no class of the model, and the lamps that
the user really has. It is trained twice, the second time without the labels that it found most
doubtful. cleanlab turns both predictions into one score for each label.
"""

import numpy as np
from cleanlab.rank import get_label_quality_scores
from sklearn.ensemble import ExtraTreesClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedGroupKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

# A label is called doubtful from here on; the review page and the triage say so.
DOUBTFUL = 0.8
# With fewer photos a source cannot be on both sides of each fold.
FOLDS = 5
# Strong enough that a wrong label among a few dozen does not draw the boundary around itself.
_REGULARISATION = 0.003
_TREES = 200
# Left out of the second round: about as many labels as crawls have wrong, twice.
_LEFT_OUT = 0.08
# The second judge knows these very photos, so it counts for twice the model.
_MODEL_WEIGHT = 0.5
# Probabilities below this say "surely not"; without a floor one judge would outvote the other.
_MIN_PROBABILITY = 1e-3


def out_of_fold_probabilities(
    features: np.ndarray, labels: np.ndarray, groups: np.ndarray, *, seed: int = 0
) -> np.ndarray:
    """Return what the other folds say of each photo's source.

    Parameters
    ----------
    features : float array of shape (n_photos, n_features)
    labels : str array of shape (n_photos,)
    groups : str array of shape (n_photos,)
        Duplicates share one, and so one fold.
    seed : int

    Returns
    -------
    float64 array of shape (n_photos, n_sources)
        Columns in the order of `np.unique(labels)`. NaN for the photos of sources with fewer
        than `FOLDS` groups, and for all if fewer than two sources have more.
    """
    names, columns = np.unique(labels, return_inverse=True)
    probabilities = np.full((len(labels), len(names)), np.nan)
    rich = [
        column for column in range(len(names)) if len(np.unique(groups[columns == column])) >= FOLDS
    ]
    if len(rich) < 2:
        return probabilities
    known = np.flatnonzero(np.isin(columns, rich))
    data = (features[known], columns[known], groups[known])
    trusted = np.ones(len(known), bool)
    first = _predict_folds(*data, trusted, len(names), seed)
    own = first[np.arange(len(known)), columns[known]]
    trusted[np.argsort(own, kind="stable")[: int(_LEFT_OUT * len(known))]] = False
    probabilities[known] = _predict_folds(*data, trusted, len(names), seed + 1)
    return probabilities


def _predict_folds(
    features: np.ndarray,
    columns: np.ndarray,
    groups: np.ndarray,
    trusted: np.ndarray,
    sources: int,
    seed: int,
) -> np.ndarray:
    """Return the mean of two kinds of judges on the fold that they were not shown."""
    probabilities = np.zeros((len(columns), sources))
    splitter = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=seed)
    for train, test in splitter.split(features, columns, groups):
        train = train[trusted[train]]
        judges = (
            make_pipeline(
                StandardScaler(),
                LogisticRegression(C=_REGULARISATION, class_weight="balanced", max_iter=1000),
            ),
            ExtraTreesClassifier(_TREES, min_samples_leaf=2, max_features=0.1, random_state=seed),
        )
        for judge in judges:
            judge.fit(features[train], columns[train])
            said = judge.predict_proba(features[test])
            probabilities[np.ix_(test, judge.classes_)] += said / len(judges)
    return probabilities


def suspicion(
    labels: np.ndarray,
    class_ids: np.ndarray,
    model: np.ndarray,
    out_of_fold: np.ndarray | None = None,
) -> np.ndarray:
    """Score how doubtful each label is, from 0 (sure) to 1.

    Parameters
    ----------
    labels : str array of shape (n_photos,)
        Raw source folders.
    class_ids : int array of shape (n_photos,)
        The class that each folder trains, -1 for none.
    model : float array of shape (n_photos, n_classes)
        The shipped model's probabilities.
    out_of_fold : float array of shape (n_photos, n_sources), optional
        Of `out_of_fold_probabilities`; rows of NaN are left to the model.

    Returns
    -------
    float64 array of shape (n_photos,)
    """
    quality = np.log(np.maximum(_model_quality(class_ids, model), _MIN_PROBABILITY))
    weight = np.ones(len(labels))
    if out_of_fold is not None:
        asked = ~np.isnan(out_of_fold).any(axis=1)
        if asked.any():
            columns = np.searchsorted(np.unique(labels), labels)
            second = _label_quality(columns[asked], out_of_fold[asked])
            quality[asked] *= _MODEL_WEIGHT
            quality[asked] += np.log(np.maximum(second, _MIN_PROBABILITY))
            weight[asked] += _MODEL_WEIGHT
    return 1 - np.exp(quality / weight)


def _model_quality(class_ids: np.ndarray, model: np.ndarray) -> np.ndarray:
    """Return how well the model supports each label, 0 to 1."""
    quality = np.empty(len(class_ids))
    known = class_ids >= 0
    if known.any():
        quality[known] = _label_quality(class_ids[known], model[known])
    # No class of the model's fits such a folder: the surer the model names one, the worse.
    quality[~known] = 1 - model[~known].max(axis=1)
    return quality


def _label_quality(labels: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
    return get_label_quality_scores(
        labels, probabilities, method="self_confidence", adjust_pred_probs=False
    )
