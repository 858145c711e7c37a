"""For every labelled photo: what the model names it, and what the other labels predict."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from tqdm.auto import tqdm

from lib.curation.analysis import ERROR, NO_BAND, OK, AnalysisStore
from lib.curation.suspects import out_of_fold_probabilities, suspicion
from lib.files import write_csv
from lib.recognition.name.classifier import Classifier, Prediction
from lib.recognition.name.crop_light import evidence_of_crops
from lib.recognition.name.naming import shipped_names
from lib.recognition.name.rejection import judge
from lib.recognition.quality import Quality
from lib.taxonomy import CLASSES, UNKNOWN, class_id, class_of_folder

SUSPECTS_TABLE = "suspects.csv"
# One row a labelled photo, the most suspicious first; after them those without a spectrum.
SUSPECTS_COLUMNS = (
    "photo",
    "raw_id",
    "sha256",
    "suspicion",
    "model_source",
    "model_probability",
    "verdict",
    "second_opinion",
    "second_probability",
    "status",
    "reason",
)
# Four digits: what a reader can use, and the same on every machine.
_DIGITS = 4
_MIN_PROBABILITY = 1e-4


@dataclass(frozen=True)
class Opinion:
    """What is thought of one photo's label.

    Attributes
    ----------
    photo : str
        "<raw folder>/<name>".
    sha256 : str
    status, reason : str
        Of its analysis.
    suspicion : float
        0 (sure) to 1; 0 where there is no spectrum to judge.
    model : tuple of (str, float)
        The best classes with their probability, best first, as photos are named.
    verdict : str
        "ok", or why the model would not name a source.
    second : tuple of (str, float)
        The best raw folders by the other labels; empty where they were not asked.
    """

    photo: str
    sha256: str
    status: str
    reason: str
    suspicion: float = 0.0
    model: tuple[tuple[str, float], ...] = ()
    verdict: str = ""
    second: tuple[tuple[str, float], ...] = ()

    @property
    def raw_id(self) -> str:
        """The folder that the photo lies in."""
        return self.photo.split("/", 1)[0]

    def to_row(self) -> dict[str, object]:
        """Return a row of `SUSPECTS_COLUMNS`."""
        source, probability = self.model[0] if self.model else ("", "")
        second, second_probability = self.second[0] if self.second else ("", "")
        return {
            "photo": self.photo,
            "raw_id": self.raw_id,
            "sha256": self.sha256,
            "suspicion": self.suspicion if self.status == OK else "",
            "model_source": source,
            "model_probability": probability,
            "verdict": self.verdict,
            "second_opinion": second,
            "second_probability": second_probability,
            "status": self.status,
            "reason": self.reason,
        }


def form_opinions(
    photos: Mapping[str, str],
    groups: Mapping[str, str],
    store: AnalysisStore,
    model: Path,
    *,
    seed: int = 0,
) -> list[Opinion]:
    """Judge the label of every photo; the most suspicious come first, those without a band last.

    Parameters
    ----------
    photos : mapping of str to str
        "<raw folder>/<name>" to content hash; every content is in `store`.
    groups : mapping of str to str
        Content hash to duplicate group.
    store : AnalysisStore
    model : Path
        Folder of the frozen model.
    seed : int
        Of the folds.
    """
    classifier = Classifier(model)
    judged, opinions, said, predictions, verdicts = [], [], [], [], []
    for photo, digest in tqdm(photos.items(), desc="judging", unit="photo", disable=None):
        analysis = store.read(digest)
        opinion = Opinion(photo, digest, analysis.status, analysis.reason)
        if analysis.status != OK:
            opinions.append(opinion)
            continue
        # One crop at a time: another batch size may round the last digit differently.
        crop = analysis.crop_pixels()[np.newaxis]
        prediction = classifier.predict(crop)
        backwards = classifier.predict(np.ascontiguousarray(crop[:, :, ::-1]))
        (evidence,) = evidence_of_crops(prediction, crop)
        verdict = judge(
            evidence.probabilities,
            evidence.certainty,
            shipped_names().limits,
            quality=Quality(**analysis.quality),
        )
        judged.append(opinion)
        said.append(evidence.probabilities)
        predictions.append((prediction, backwards))
        verdicts.append("ok" if verdict.status == "ok" else f"{verdict.status}: {verdict.reason}")
    judged = _judge_labels(judged, said, predictions, verdicts, groups, seed)
    order = {ERROR: 1, NO_BAND: 2}
    return sorted(
        [*judged, *opinions],
        key=lambda opinion: (order.get(opinion.status, 0), -opinion.suspicion, opinion.photo),
    )


def write_suspects(path: Path, opinions: Sequence[Opinion]) -> None:
    """Write suspects.csv."""
    write_csv(path, SUSPECTS_COLUMNS, (opinion.to_row() for opinion in opinions))


def _judge_labels(
    judged: list[Opinion],
    said: list[np.ndarray],
    predictions: list[tuple[Prediction, Prediction]],
    verdicts: list[str],
    groups: Mapping[str, str],
    seed: int,
) -> list[Opinion]:
    if not judged:
        return []
    labels = np.array([opinion.raw_id for opinion in judged])
    model = np.array(said)
    features = np.array([_features(*both) for both in predictions])
    group = np.array([groups.get(opinion.sha256, opinion.sha256) for opinion in judged])
    second = out_of_fold_probabilities(features, labels, group, seed=seed)
    class_ids = np.array([_class_id_of_folder(label) for label in labels])
    scores = suspicion(labels, class_ids, model, second)
    folders = np.unique(labels)
    return [
        Opinion(
            opinion.photo,
            opinion.sha256,
            opinion.status,
            opinion.reason,
            suspicion=round(float(scores[i]), _DIGITS),
            model=_best(CLASSES, model[i]),
            verdict=verdicts[i],
            second=() if np.isnan(second[i]).any() else _best(folders, second[i]),
        )
        for i, opinion in enumerate(judged)
    ]


def _features(forwards: Prediction, backwards: Prediction) -> np.ndarray:
    """Return what the other labels are learned from: the crop seen both ways round."""
    parts = [
        part[0]
        for prediction in (forwards, backwards)
        for part in (prediction.features, np.log(prediction.probabilities + _MIN_PROBABILITY))
    ]
    return np.concatenate(parts)


def _class_id_of_folder(folder: str) -> int:
    """Return the class that a folder named by raw id, class or keyword trains, -1 for none."""
    try:
        name = class_of_folder(folder)
    except KeyError:
        name = UNKNOWN
    return -1 if name == UNKNOWN else class_id(name)


def _best(names: Sequence[str], probabilities: np.ndarray) -> tuple[tuple[str, float], ...]:
    order = np.argsort(-probabilities, kind="stable")[:2]
    return tuple((str(names[i]), round(float(probabilities[i]), _DIGITS)) for i in order)
