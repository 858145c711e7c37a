"""The one predictor: a frozen model over LiteRT."""

import threading
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from ai_edge_litert.interpreter import Interpreter

from lib.certainty import certainty
from lib.errors import DataError
from lib.model_card import INPUT_NAME, LITERT_NAME, OUTPUT_NAMES, check_file, read_card
from lib.quiet import quiet_stderr
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

    Attributes
    ----------
    card : dict
        model.json, as `lib.model_card.read_card` describes it.

    Raises
    ------
    DataError
        If a file is missing, its hash does not match, or its classes or shapes are others.
    """

    def __init__(self, model_dir: Path):
        self.card = read_card(model_dir)
        self._path = check_file(model_dir, self.card, LITERT_NAME)
        # From the bytes that were checked: a file replaced later cannot slip in.
        self._model = self._path.read_bytes()
        self._of_thread = threading.local()
        self._check_signature()

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
            run = self._runner()
            batches = [
                run(**{INPUT_NAME: crops[start : start + BATCH_CROPS].astype(np.float32) / 255})
                for start in range(0, len(crops), BATCH_CROPS)
            ]
            outputs = [np.concatenate([batch[name] for batch in batches]) for name in OUTPUT_NAMES]
        else:
            sizes = (self.card["outputs"][name]["shape"][0] for name in OUTPUT_NAMES)
            outputs = [np.empty((0, size), np.float32) for size in sizes]
        logits = outputs[OUTPUT_NAMES.index("logits")]
        return Prediction(*outputs, certainty(logits, self.card["unknown"]))

    def _runner(self):
        """Return this thread's signature runner: interpreters are not thread-safe."""
        if not hasattr(self._of_thread, "runner"):
            try:
                with quiet_stderr():
                    interpreter = Interpreter(model_content=self._model, num_threads=1)
                    interpreter.allocate_tensors()
                self._of_thread.runner = interpreter.get_signature_runner()
            except (ValueError, RuntimeError) as error:
                raise DataError(f"{self._path}: no LiteRT model ({error})") from error
        return self._of_thread.runner

    def _check_signature(self) -> None:
        runner = self._runner()
        inputs = {
            name: list(detail["shape_signature"][1:])
            for name, detail in runner.get_input_details().items()
        }
        if inputs != {INPUT_NAME: list(CROP_SHAPE)}:
            raise DataError(
                f"{self._path}: expected one input {INPUT_NAME} of {list(CROP_SHAPE)}; "
                f"received {inputs}"
            )
        outputs = {
            name: list(detail["shape_signature"][1:])
            for name, detail in runner.get_output_details().items()
        }
        expected = {name: self.card["outputs"][name]["shape"] for name in OUTPUT_NAMES}
        if outputs != expected:
            raise DataError(f"{self._path}: expected outputs {expected}; received {outputs}")
