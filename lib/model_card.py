"""The contract of a frozen model: what model.json says and what a loader checks before use."""

import hashlib
import math
from pathlib import Path

from lib.certainty import LARGEST_LOGIT
from lib.errors import DataError
from lib.files import read_json
from lib.tables import CROP_SHAPE
from lib.taxonomy import CLASSES

CARD_NAME = "model.json"
GRAPH_NAME = "model.pb"
LITERT_NAME = "model.tflite"
KERAS_NAME = "model.keras"
# Beside it, what a training was made of and how it ended.
RECORD_NAME = "run.json"
# The page that shows it.
REPORT_NAME = "report.html"

# Input: float32 (N, 15, 480, 3), RGB in [0, 1]. Outputs: (N, 7), (N, 7) and (N, n_features);
# probabilities are the softmax of the logits divided by the temperature.
INPUT_NAME = "x_img"
OUTPUT_NAMES = ("probabilities", "logits", "features")
SCALING = "RGB / 255"


def read_card(model_dir: Path, *, whole: bool = True) -> dict:
    """Read model.json of a frozen model, checked against this program's classes and crops.

    Parameters
    ----------
    model_dir : Path
    whole : bool
        Whether all that the card says is checked; else what predicting needs alone. The whole check
        loads pydantic, which takes as long as identifying two photos.

    Returns
    -------
    dict
        ``version``; ``architecture``; ``classes`` in order of class id; ``input`` with ``name``,
        ``shape`` of one crop, ``dtype``, ``scaling`` and ``pb_tensor``; ``outputs`` with, for each
        of `OUTPUT_NAMES`, its ``shape`` for one crop and ``pb_tensor``; ``temperature``;
        ``unknown`` with ``score``, its ``slope`` and ``offset`` (see `lib.certainty`), the
        ``threshold``, the ``curve`` of threshold, coverage and precision, and the
        ``unknown_share`` of the crops behind it; ``files`` with the ``sha256`` and ``bytes`` of
        each file.

    Raises
    ------
    DataError
        If the file is missing or anything in it does not match.
    """
    path = Path(model_dir) / CARD_NAME
    require_frozen(model_dir)
    card = read_json(path)
    if whole or not _is_ready(card):
        from lib.whole_card import require_whole

        require_whole(path, card)
        for name, value in (card.get("test") or {}).items():
            if isinstance(value, float) and not math.isfinite(value):
                card["test"][name] = None
    _require(path, "classes", card["classes"], list(CLASSES))
    _require(path, "input shape", card["input"]["shape"], list(CROP_SHAPE))
    _require(path, "input scaling", card["input"]["scaling"], SCALING)
    _require(path, "outputs", sorted(card["outputs"]), sorted(OUTPUT_NAMES))
    _require(path, "unknown score", card["unknown"]["score"], LARGEST_LOGIT)
    return card


def _is_ready(card: dict) -> bool:
    """Return whether a card has all that predicting needs, each part of the usual type."""
    try:
        texts = card["version"], card["files"][LITERT_NAME]["sha256"], card["unknown"]["score"]
        numbers = card["unknown"]["slope"], card["unknown"]["offset"]
        lists = card["classes"], card["input"]["shape"]
        shapes = [output["shape"] for output in card["outputs"].values()]
        scaling = card["input"]["scaling"]
    except (AttributeError, KeyError, TypeError):
        return False
    return (
        all(isinstance(text, str) for text in (*texts, scaling))
        and all(isinstance(number, float) and math.isfinite(number) for number in numbers)
        and all(isinstance(one, list) for one in (*lists, *shapes))
    )


def require_frozen(model_dir: Path) -> None:
    """Refuse a folder that holds no frozen model, and say what it is instead.

    Raises
    ------
    DataError
        If it is not there, is empty, or holds a model that was trained and not frozen.
    """
    folder = Path(model_dir)
    if not folder.is_dir():
        raise DataError(f"{model_dir}: no such folder; expected one with a frozen model")
    if (folder / CARD_NAME).exists():
        return
    if (folder / RECORD_NAME).exists():
        raise DataError(
            f"{model_dir}: trained, but not frozen; run this first: "
            f"python s5_freeze_pb.py --input {model_dir}"
        )
    raise DataError(f"{model_dir}: holds no frozen model (no {CARD_NAME})")


def verified_bytes(path: Path, card: dict, card_path: Path) -> bytes:
    """Return a network's file, once its hash is known to be the one on the card beside it.

    Parameters
    ----------
    path : Path
    card : dict
        With the ``sha256`` of each of its ``files``, or of its only one.
    card_path : Path
        For messages.

    Raises
    ------
    DataError
        If the file is missing, is not on the card, or is not the file that was frozen.
    """
    expected = (card["files"].get(path.name, {}) if "files" in card else card).get("sha256")
    if expected is None:
        raise DataError(f"{card_path}: says nothing of {path.name}")
    if not path.is_file():
        raise DataError(f"{path}: no such file, but {card_path.name} names it")
    content = path.read_bytes()
    received = hashlib.sha256(content).hexdigest()
    if received != expected:
        raise DataError(
            f"{path}: expected the file with SHA-256 {expected[:12]}..., "
            f"received {received[:12]}...; it does not belong to {card_path.name} beside it"
        )
    return content


def _require(path: Path, what: str, received: object, expected: object) -> None:
    if received != expected:
        raise DataError(f"{path}: expected {what} {expected}; received {received}")
