"""A finished run to a frozen model: two formats, checked against Keras, beside their card."""

import shutil
from pathlib import Path

import keras
import numpy as np
from pydantic import Field, PositiveFloat, ValidationError

from lib.certainty import certainty
from lib.checked import Part, fault_in_words
from lib.errors import DataError
from lib.files import atomic_path, read_json, require_absent, scratch_folder, sha256, write_json
from lib.model_card import (
    CARD_NAME,
    GRAPH_NAME,
    KERAS_NAME,
    LITERT_NAME,
    OUTPUT_NAMES,
    RECORD_NAME,
)
from lib.paths import ROOT, real_path
from lib.tables import CROP_SHAPE, UNKNOWN_LABEL
from lib.taxonomy import CLASSES
from lib.training.crops.tfrecord import Crops, read_tfrecord
from lib.training.freezing import formats
from lib.training.freezing.agreement import require_agreement
from lib.training.freezing.freezer import freeze_formats
from lib.training.networks.architectures import FEATURES_LAYER, LOGITS_LAYER
from lib.training.scores import metrics, unknown_score
from lib.whole_card import Count, UnknownScore

_SERVED_NAME = "served"
# float32 keeps 7 digits; sums in another order cost under 1e-5 in probability on real crops. Of
# 6,000 simulated crops one, halfway between two classes, differed by 2.2e-5.
MAX_DIFFERENCE = 5e-5


class _DataFile(Part):
    path: str
    sha256: str


class _Data(Part):
    validation: list[_DataFile] = Field(min_length=1)
    test: list[_DataFile] = Field(min_length=1)


class _Record(Part):
    """What is frozen of run.json."""

    architecture: str
    parameters: Count
    temperature: PositiveFloat
    unknown: UnknownScore
    data: _Data


def freeze_run(
    run_dir: Path,
    output: Path,
    *,
    check: Path | None = None,
    unknowns: Path | None = None,
    overwrite: bool = False,
) -> tuple[dict, dict]:
    """Freeze the best network of a finished run, compare the formats, and only then write them.

    Parameters
    ----------
    run_dir : Path
        Folder of s4_train.py.
    output : Path
        Folder to write to; may be `run_dir`.
    check : Path, optional
        TFRecord to compare on; the run's test file by default.
    unknowns : Path, optional
        TFRecord of unknown lamps, none of them trained on, to fit the unknown score on beside the
        run's validation file. Without it the run's own score stays, which has met no unknown lamp.

    Returns
    -------
    card, report : dict
        model.json, and the test report of model.tflite.

    Raises
    ------
    DataError
        If the run is not finished, a file is missing or no longer what the run read, or the
        formats disagree.
    """
    record = read_json(run_dir / RECORD_NAME)
    if not record.get("finished"):
        raise DataError(f"{run_dir / RECORD_NAME}: expected a finished run; go on with --resume")
    try:
        _Record.model_validate(record)
    except ValidationError as error:
        raise DataError(f"{run_dir / RECORD_NAME}: {fault_in_words(error)}") from error
    for name in reversed(_written(output, run_dir)):
        require_absent(output / name, overwrite=overwrite)
    network = load_network(run_dir / KERAS_NAME)
    check = check or _file_of_run(record, "test")
    crops = known_crops(check)
    model = serving_model(network, record["temperature"])
    with scratch_folder(output.parent) as folder:
        interface = freeze_formats(model, folder)
        difference, outputs = compare_formats(model, folder, interface, crops.images)
        unknown = record["unknown"]
        if unknowns is not None:
            validation = known_crops(_file_of_run(record, "validation"))
            unknown = fit_unknown(folder, validation, unknown_crops(unknowns))
        named = certainty(outputs["logits"], unknown) >= unknown["threshold"]
        report = metrics.report(crops.labels, outputs["probabilities"], CLASSES, named=named)
        shutil.copyfile(run_dir / KERAS_NAME, folder / KERAS_NAME)
        card = {
            "version": f"{record['architecture']}-{sha256(folder / LITERT_NAME)[:8]}",
            "architecture": record["architecture"],
            "parameters": record["parameters"],
            "classes": list(CLASSES),
            **interface,
            "temperature": record["temperature"],
            "unknown": unknown,
            "test": {"sha256": sha256(check), **report},
            "checked": {"crops": len(crops), "max_difference": difference},
            "files": _describe_files(folder),
        }
        _move_into_place(folder, output, card, without_folders(record), run_dir)
    return card, report


def without_folders(record: object) -> object:
    """Return what run.json says with files outside of the checkout by their bare names.

    The run's own record keeps where they lie, as its network is frozen by it; a copy travels to
    machines that have no such folders. Hashes tell which files they were.
    """
    if isinstance(record, dict):
        return {name: without_folders(value) for name, value in record.items()}
    if isinstance(record, list):
        return [without_folders(value) for value in record]
    is_place = isinstance(record, str) and Path(record).is_absolute()
    return Path(record).name if is_place else record


def _file_of_run(record: dict, part: str) -> Path:
    """Return the file that a run was validated or tested on, while it is still the same."""
    entry = record["data"][part][0]
    path = ROOT / entry["path"]
    if path.is_file() and sha256(path) != entry["sha256"]:
        raise DataError(f"{path}: has changed since the training; expected its {part} file")
    return path


def fit_unknown(folder: Path, known: Crops, unknown: Crops) -> dict:
    """Return ``unknown`` of model.json, fitted on what model.tflite in `folder` says of crops."""
    predict = formats.litert_predictor(folder / LITERT_NAME)
    logits = [formats.predict_all(predict, crops.images)["logits"] for crops in (known, unknown)]
    return unknown_score.fit(np.concatenate(logits), np.concatenate([known.labels, unknown.labels]))


def load_network(path: Path) -> keras.Model:
    """Load a .keras file that s4 wrote.

    Raises
    ------
    DataError
        If the file is missing, damaged, or holds a network of other inputs or classes.
    """
    if not path.is_file():
        raise DataError(f"{path}: no such file; expected a Keras network written by s4_train.py")
    try:
        network = keras.models.load_model(path, compile=False)
    except (ValueError, OSError, KeyError, TypeError) as error:
        raise DataError(f"{path}: not readable as a Keras network ({error})") from error
    shapes = (network.input_shape, network.output_shape)
    expected = ((None, *CROP_SHAPE), (None, len(CLASSES)))
    if shapes != expected:
        raise DataError(f"{path}: expected input and output shapes {expected}; received {shapes}")
    return network


def known_crops(path: Path) -> Crops:
    """Read the crops of the seven classes of a TFRecord file.

    Raises
    ------
    DataError
        If there are none, or the file is no TFRecord of crops.
    """
    crops = read_tfrecord(path)
    known = crops.labels != UNKNOWN_LABEL
    if not known.any():
        raise DataError(f"{path}: expected crops of the classes; received only unknown lamps")
    return _chosen(crops, known)


def unknown_crops(path: Path) -> Crops:
    """Read the crops of unknown lamps of a TFRecord file.

    Raises
    ------
    DataError
        If there are none, or the file is no TFRecord of crops.
    """
    crops = read_tfrecord(path)
    unknown = crops.labels == UNKNOWN_LABEL
    if not unknown.any():
        raise DataError(f"{path}: expected crops of unknown lamps (label -1); received none")
    return _chosen(crops, unknown)


def _chosen(crops: Crops, chosen: np.ndarray) -> Crops:
    names = tuple(name for name, kept in zip(crops.names, chosen, strict=True) if kept)
    return Crops(crops.images[chosen], crops.labels[chosen], names)


def serving_model(network: keras.Model, temperature: float) -> keras.Model:
    """Return the network with the three outputs that are served; softmax is added only here."""
    logits = network.get_layer(LOGITS_LAYER).output
    features = network.get_layer(FEATURES_LAYER).output
    probabilities = keras.ops.softmax(logits / temperature)
    outputs = dict(zip(OUTPUT_NAMES, (probabilities, logits, features), strict=True))
    # Named, as Keras numbers those without a name, and their names are part of the files.
    return keras.Model(network.input, outputs, name=_SERVED_NAME)


def compare_formats(
    model: keras.Model, folder: Path, interface: dict, images: np.ndarray
) -> tuple[float, dict[str, np.ndarray]]:
    """Return the largest difference in probability, and what model.tflite says of `images`.

    Raises
    ------
    DataError
        If .pb or .tflite differ from Keras.
    """
    expected = formats.predict_all(formats.keras_predictor(model), images)["probabilities"]
    differences = []
    for name, predictor in (
        (GRAPH_NAME, formats.graph_predictor(folder / GRAPH_NAME, interface)),
        (LITERT_NAME, formats.litert_predictor(folder / LITERT_NAME)),
    ):
        received = formats.predict_all(predictor, images)
        probabilities = received["probabilities"]
        differences.append(require_agreement(expected, probabilities, name, MAX_DIFFERENCE))
        moved = int(np.count_nonzero(expected.argmax(axis=1) != probabilities.argmax(axis=1)))
        if moved:
            raise DataError(
                f"{name}: gives {moved} crops another class than the Keras network; "
                "nothing was written"
            )
    return max(differences), received


def _describe_files(folder: Path) -> dict:
    return {
        path.name: {"sha256": sha256(path), "bytes": path.stat().st_size}
        for path in sorted(folder.iterdir())
    }


def _written(output: Path, run_dir: Path) -> tuple[str, ...]:
    """Return the files that are written; model.json last, as its hashes vouch for the others."""
    own = () if real_path(output) == real_path(run_dir) else (KERAS_NAME, RECORD_NAME)
    return (*own, GRAPH_NAME, LITERT_NAME, CARD_NAME)


def _move_into_place(folder: Path, output: Path, card: dict, record: object, run_dir: Path) -> None:
    """Move the checked files, and write run.json and model.json."""
    for name in _written(output, run_dir)[:-1]:
        if name == RECORD_NAME:
            write_json(output / name, record)
            continue
        with atomic_path(output / name) as temporary:
            shutil.copyfile(folder / name, temporary)
    write_json(output / CARD_NAME, card)
