"""Which labels are doubtful: what the shipped model thinks, and what the other labels teach.

The model judges a photo that it never learned from. A second judge learns the raw sources from
the labelled photos themselves, on the model's features, and is asked only about photos it was not
shown (out-of-fold predictions); it knows the sources that are no class of the model, and the
lamps that the user really has. cleanlab turns both into one score of each label.
"""

import numpy as np
from cleanlab.rank import get_label_quality_scores
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedGroupKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

# A label is called doubtful from here on; the review page and the triage say so.
DOUBTFUL = 0.5
# With fewer photos a source cannot be on both sides of each fold.
FOLDS = 5
# Strong enough that a wrong label among a few dozen does not draw the boundary around itself.
_REGULARISATION = 0.01
# Probabilities below this say "surely not"; without a floor one judge would outvote the other.
_LEAST_PROBABILITY = 1e-3


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
    names = np.unique(labels)
    probabilities = np.full((len(labels), len(names)), np.nan)
    rich = [name for name in names if len(np.unique(groups[labels == name])) >= FOLDS]
    if len(rich) < 2:
        return probabilities
    known = np.flatnonzero(np.isin(labels, rich))
    splitter = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=seed)
    for train, test in splitter.split(features[known], labels[known], groups[known]):
        judge = make_pipeline(
            StandardScaler(),
            LogisticRegression(C=_REGULARISATION, class_weight="balanced", max_iter=1000),
        )
        judge.fit(features[known[train]], labels[known[train]])
        columns = np.searchsorted(names, judge.classes_)
        probabilities[known[test]] = 0
        probabilities[np.ix_(known[test], columns)] = judge.predict_proba(features[known[test]])
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
    quality = np.log(np.maximum(_model_quality(class_ids, model), _LEAST_PROBABILITY))
    judges = np.ones(len(labels))
    if out_of_fold is not None:
        asked = ~np.isnan(out_of_fold).any(axis=1)
        if asked.any():
            columns = np.searchsorted(np.unique(labels), labels)
            second = _label_quality(columns[asked], out_of_fold[asked])
            quality[asked] += np.log(np.maximum(second, _LEAST_PROBABILITY))
            judges[asked] += 1
    return 1 - np.exp(quality / judges)


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
