"""The one predictor: a frozen model over LiteRT."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from lib.certainty import certainty
from lib.errors import DataError
from lib.litert import LiteNetwork
from lib.model_card import (
    CARD_NAME,
    INPUT_NAME,
    LITERT_NAME,
    OUTPUT_NAMES,
    read_card,
    verified_bytes,
)
from lib.paths import ROOT
from lib.tables import CROP_SHAPE

# Bounds the memory of one call: 64 crops are 5.5 MB as float32, and larger batches are no faster.
BATCH_CROPS = 64


@dataclass(frozen=True)
class Prediction:
    """What the network says of each crop.

    Attributes
    ----------
    probabilities : float32 array of shape (n_crops, n_classes)
        Softmax of the logits over the model's temperature.
    logits : float32 array of shape (n_crops, n_classes)
    features : float32 array of shape (n_crops, n_features)
        Activations ahead of the last layer.
    certainty : float64 array of shape (n_crops,)
        How surely the best guess is right, by the model's unknown score.
    """

    probabilities: np.ndarray
    logits: np.ndarray
    features: np.ndarray
    certainty: np.ndarray

    def of(self, index: int) -> "Prediction":
        """Return the prediction of one crop, as arrays of one row."""
        one = slice(index, index + 1)
        return Prediction(
            self.probabilities[one], self.logits[one], self.features[one], self.certainty[one]
        )


class Classifier:
    """A frozen model, verified against its model.json; may be shared between threads.

    Parameters
    ----------
    model_dir : Path
        Folder with model.json and model.tflite.
    whole_card : bool
        Whether all of model.json is checked; else what predicting needs alone, which is faster.

    Attributes
    ----------
    card : dict
        model.json, as `lib.model_card.read_card` describes it.

    Raises
    ------
    DataError
        If a file is missing, its hash does not match, or its classes or shapes are others.
    """

    def __init__(self, model_dir: Path, *, whole_card: bool = True):
        self.card = read_card(model_dir, whole=whole_card)
        path = Path(model_dir) / LITERT_NAME
        model = verified_bytes(path, self.card, path.with_name(CARD_NAME))
        self._network = LiteNetwork(model, path, self.card)
        self._check_signature(path)

    def predict(self, crops: np.ndarray) -> Prediction:
        """Classify crops.

        Parameters
        ----------
        crops : uint8 array of shape (n_crops, 15, 480, 3)
            RGB, blue left.
        """
        if crops.dtype != np.uint8 or crops.shape[1:] != CROP_SHAPE:
            raise ValueError(
                f"expected uint8 crops of shape (n, {', '.join(map(str, CROP_SHAPE))}); "
                f"received {crops.dtype} {crops.shape}"
            )
        if len(crops):
            batches = [
                self._network.predict(crops[start : start + BATCH_CROPS].astype(np.float32) / 255)
                for start in range(0, len(crops), BATCH_CROPS)
            ]
            outputs = [np.concatenate([batch[name] for batch in batches]) for name in OUTPUT_NAMES]
        else:
            sizes = (self.card["outputs"][name]["shape"][0] for name in OUTPUT_NAMES)
            outputs = [np.empty((0, size), np.float32) for size in sizes]
        logits = outputs[OUTPUT_NAMES.index("logits")]
        return Prediction(*outputs, certainty(logits, self.card["unknown"]))

    def _check_signature(self, path: Path) -> None:
        inputs = {INPUT_NAME: list(CROP_SHAPE)}
        if self._network.inputs != inputs:
            raise DataError(f"{path}: expected inputs {inputs}; received {self._network.inputs}")
        outputs = {name: self.card["outputs"][name]["shape"] for name in OUTPUT_NAMES}
        if self._network.outputs != outputs:
            raise DataError(f"{path}: expected outputs {outputs}; received {self._network.outputs}")


@cache
def kept_classifier(model_dir: str) -> Classifier:
    """Return the classifier of a folder, by its name as of `portable`, loaded once a process."""
    return Classifier(ROOT / model_dir, whole_card=False)
