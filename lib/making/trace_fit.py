"""Fit the trace network on cached lines and freeze it to LiteRT."""

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import keras
import numpy as np

from lib.files import require_absent
from lib.litert import LiteNetwork
from lib.making.freeze import freeze
from lib.making.trace_network import build_trace_network, trace_loss
from lib.making.trace_views import NM_UNIT, mirror

BATCH = 64
RATE = 3e-3


class Lines(keras.utils.PyDataset):
    """Lines in batches, shuffled and turned round anew each epoch."""

    def __init__(self, light: np.ndarray, targets: np.ndarray, rng: np.random.Generator):
        super().__init__(workers=1)
        self._light, self._targets = light, targets
        self._rng = rng
        self._places = np.arange(len(light))
        self.on_epoch_end()

    def __len__(self) -> int:
        """Whole batches only, so that every step is alike."""
        return len(self._places) // BATCH

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        """Return one batch: light float32 (n, places, channels), targets float32 (n, places, 3)."""
        places = np.sort(self._places[index * BATCH : (index + 1) * BATCH])
        rng = np.random.default_rng(self._turns[index])
        light, targets = mirror(rng, self._light[places], self._targets[places])
        return light.astype(np.float32), targets.astype(np.float32)

    def on_epoch_end(self) -> None:
        """Shuffle, and draw how each batch will be turned."""
        self._rng.shuffle(self._places)
        self._turns = self._rng.integers(2**32, size=len(self))


def fit_trace_network(
    training: Sequence[Path],
    validation: Sequence[Path],
    output: Path,
    *,
    seed: int,
    epochs: int,
    teachers: Sequence[LiteNetwork] = (),
    overwrite: bool = False,
) -> dict:
    """Train, freeze and write the trace network.

    Parameters
    ----------
    training, validation : sequences of Path
        Files of light, float16 (n, places, channels), and targets, float16 (n, places, 3).
    output : Path
        Folder that receives the network and its card.
    teachers : sequence of LiteNetwork
        Earlier networks; the training lines' targets are their opinions.

    Returns
    -------
    dict
        What the card says.
    """
    require_absent(output / f"{output.name}.json", overwrite=overwrite)
    keras.utils.set_random_seed(seed)
    light, targets = _load(training)
    if teachers:
        targets = taught(teachers, light, targets)
    held_light, held_targets = (part.astype(np.float32) for part in _load(validation))
    lines = Lines(light, targets, np.random.default_rng(seed))
    network = build_trace_network(*light.shape[1:])
    steps = epochs * len(lines)
    schedule = keras.optimizers.schedules.CosineDecay(
        RATE / 20, steps, warmup_target=RATE, warmup_steps=min(500, steps // 10), alpha=0.01
    )
    network.compile(keras.optimizers.AdamW(schedule, weight_decay=1e-3, clipnorm=1.0), trace_loss)
    history = network.fit(
        lines, validation_data=(held_light, held_targets), epochs=epochs, verbose=2
    )
    card = {
        "training": {
            "seed": seed,
            "lines": len(light),
            "epochs": epochs,
            "rate": RATE,
            "teachers": [teacher.card["sha256"] for teacher in teachers],
        },
        "validation": {
            "lines": len(held_light),
            "loss": round(float(history.history["val_loss"][-1]), 5),
            **measure(network.predict(held_light, verbose=0), held_targets),
        },
    }
    return freeze(network, output, held_light[:32], card)


def taught(teachers: Sequence[LiteNetwork], light: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """Return targets with the teachers' opinions of cover and direction in place of the truth.

    Sigmoids of the mean of their logits, over both ways to read a line. Wavelengths stay those of
    the truth where it covers a place; elsewhere they are the teachers' mean.

    Parameters
    ----------
    light, targets : float16 arrays of shape (n, places, channels) and (n, places, 3)

    Returns
    -------
    float16 array of shape (n, places, 3)
    """

    def opinion(line: np.ndarray) -> np.ndarray:
        line = line.astype(np.float32)
        forth = np.mean([teacher.run(line) for teacher in teachers], axis=0)
        turned = np.ascontiguousarray(line[::-1])
        back = np.mean([teacher.run(turned) for teacher in teachers], axis=0)[::-1]
        back[:, 1] *= -1
        said = ((forth + back) / 2)[:, : targets.shape[2]]
        said[:, :2] = 1 / (1 + np.exp(-np.clip(said[:, :2], -30, 30)))
        return said.astype(np.float16)

    with ThreadPoolExecutor(os.cpu_count()) as threads:
        said = np.stack(list(threads.map(opinion, light)))
    covered = targets[..., 0] > 0
    said[..., 2][covered] = targets[..., 2][covered]
    return said


def measure(output: np.ndarray, truth: np.ndarray) -> dict[str, float | None]:
    """Return how well covered places, directions and wavelengths are told; None of none."""
    marked, covered = output[..., 0] > 0, truth[..., 0] > 0.5
    shown = covered.any(axis=1)
    overlap = (marked & covered).sum(axis=1) / np.maximum((marked | covered).sum(axis=1), 1)
    way = (truth[..., 0] * np.tanh(output[..., 1] / 2)).sum(axis=1) > 0
    wanted = (truth[..., 0] * (truth[..., 1] - 0.5)).sum(axis=1) > 0
    off_nm = NM_UNIT * np.abs(truth[..., 2] - output[..., 2])[covered]
    return {
        "overlap": _rounded(np.mean, overlap[shown]),
        "empty_left_empty": _rounded(np.mean, (~marked[~shown]).all(axis=1)),
        "direction": _rounded(np.mean, (way == wanted)[shown]),
        "median_error_nm": _rounded(np.median, off_nm),
    }


def _rounded(figure: Callable[[np.ndarray], float], values: np.ndarray) -> float | None:
    return round(float(figure(values)), 4) if len(values) else None


def _load(paths: Sequence[Path]) -> tuple[np.ndarray, np.ndarray]:
    """Read light and targets of many files, float16."""
    parts = []
    for path in paths:
        with np.load(path) as file:
            parts.append((file["light"], file["targets"]))
    light, targets = zip(*parts, strict=True)
    return np.concatenate(light), np.concatenate(targets)
