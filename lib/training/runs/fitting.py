"""The one fit: of the classifier and of every network that ships, alone or by several workers."""

import csv
import logging
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import keras
import numpy as np
from tqdm.keras import TqdmCallback

from lib.errors import DataError
from lib.files import atomic_path, write_csv
from lib.model_card import KERAS_NAME
from lib.training.freezing.agreement import outputs_of
from lib.training.runs.batches import Batches

LOG = logging.getLogger(__name__)

HISTORY_NAME = "history.csv"
LAST_NAME = "last.keras"
LOGS_NAME = "logs"
# A rise of more steps gains nothing.
_MOST_WARMUP_STEPS = 500


def compile_network(
    network: keras.Model,
    loss: Callable | keras.losses.Loss,
    *,
    rate: float,
    steps: int,
    warmup: float,
    weight_decay: float,
    last: float = 0.0,
    **options,
) -> keras.Model:
    """Return the network, ready for `steps` steps of AdamW.

    Parameters
    ----------
    rate : float
        Highest learning rate, after a linear rise and followed by a cosine's fall.
    warmup : float
        Part of the steps that the rise takes.
    last : float
        Of the highest rate, what is left in the end.
    """
    rise = max(1, min(_MOST_WARMUP_STEPS, int(warmup * steps)))
    schedule = keras.optimizers.schedules.CosineDecay(
        rate / rise, max(steps - rise, 1), alpha=last, warmup_target=rate, warmup_steps=rise
    )
    clip = options.pop("clipnorm", None)
    optimizer = keras.optimizers.AdamW(schedule, weight_decay=weight_decay, clipnorm=clip)
    network.compile(optimizer, loss, **options)
    return network


def log_epoch(row: dict) -> None:
    """Log a row of the history."""
    figures = (f"{name} {value:.4f}" for name, value in row.items() if "l" in name)
    LOG.info("epoch %d, %.0f s: %s", row["epoch"], row["seconds"], ", ".join(figures))


class Alone:
    """A process that trains by itself, as a `lib.training.runs.distribute.Team` of one."""

    is_chief = True

    def total(self, value: np.ndarray) -> np.ndarray:
        """Return the value, which nobody adds to."""
        return value

    def copy(self, plain: keras.Model, build: Callable[[], keras.Model] | None) -> keras.Model:
        """Return the network itself."""
        return plain

    def write_back(self, network: keras.Model, plain: keras.Model) -> None:
        """Do nothing: both are one."""

    def fit(self, network: keras.Model, batches: Batches, **options) -> None:
        """Fit a network."""
        network.fit(batches, shuffle=False, verbose=0, **options)


def fit(
    network: keras.Model,
    batches: Batches,
    validate: Callable[[keras.Model], dict[str, float]],
    *,
    epochs: int,
    steps: int,
    folder: Path | None = None,
    history: Sequence[dict] = (),
    patience: int | None = None,
    on_epoch: Callable[[dict], None] = log_epoch,
    team=None,
    build: Callable[[], keras.Model] | None = None,
) -> list[dict]:
    """Train a compiled network; return its history, a row for each epoch.

    Parameters
    ----------
    validate : callable
        Returns ``val_loss`` and further figures of a network.
    epochs, steps : int
        Epochs in all, and steps of each.
    folder : Path, optional
        Takes after each epoch model.keras (of the lowest val_loss), history.csv, logs/, and
        last.keras, from which an interrupted training goes on. last.keras is written last: an
        epoch cut short between the files is done again.
    history : sequence of dict
        Of the epochs before an interruption, of which `network` is the result.
    patience : int, optional
        Epochs without a lower val_loss after which the training stops.
    on_epoch : callable(dict)
        Called with each new row.
    team : lib.training.runs.distribute.Team, optional
        Those who train together; each calls this, and the chief alone validates and writes.
    build : callable, optional
        Returns the compiled network again, for a team.

    Raises
    ------
    DataError
        If the loss is no number any more, or a worker of the team is gone.
    """
    history, team = list(history), team or Alone()
    start = time.monotonic() - (history[-1]["seconds"] if history else 0.0)
    trained = team.copy(network, build)
    done = epochs if _is_exhausted(history, patience) else len(history)
    done = int(team.total(np.int64(done if team.is_chief else 0)))
    if done >= epochs:
        return history
    batches.first = done * steps

    def record(epoch: int, logs: dict) -> None:
        if team.is_chief:
            team.write_back(trained, network)
            # What callbacks see further on, too.
            logs.update(validate(network))
            row = {
                "epoch": epoch + 1,
                "step": int(network.optimizer.iterations),
                "seconds": round(time.monotonic() - start, 3),
                "learning_rate": float(network.optimizer.learning_rate),
                "loss": logs["loss"],
                **logs,
            }
            _require_finite(row, folder or network.name)
            history.append(row)
            if folder is not None:
                _write(network, history, folder)
            on_epoch(row)
        stops = team.is_chief and _is_exhausted(history, patience)
        trained.stop_training = bool(team.total(np.int64(stops)))

    callbacks = [keras.callbacks.LambdaCallback(on_epoch_end=record)]
    if team.is_chief:
        if sys.stderr.isatty():
            callbacks.append(TqdmCallback(leave=False))
        if folder is not None:
            callbacks.append(keras.callbacks.TensorBoard(folder / LOGS_NAME, write_graph=False))
    team.fit(
        trained,
        batches,
        epochs=epochs,
        initial_epoch=done,
        steps_per_epoch=steps,
        callbacks=callbacks,
    )
    return history


def _require_finite(row: dict, what: object) -> None:
    if not np.isfinite([row["loss"], row["val_loss"]]).all():
        raise DataError(f"{what}: the loss became {row['loss']}; lower --learning-rate or --rate")


def _write(network: keras.Model, history: list[dict], folder: Path) -> None:
    """Write what an epoch leaves."""
    if history[-1]["val_loss"] == min(row["val_loss"] for row in history):
        save_network(network, folder / KERAS_NAME)
    write_csv(folder / HISTORY_NAME, list(history[0]), history)
    with atomic_path(folder / LAST_NAME) as temporary:
        network.save(temporary)


def save_network(network: keras.Model, path: Path) -> None:
    """Write a network without its optimizer's memory, which is twice as large."""
    with atomic_path(path) as temporary:
        several = len(network.outputs) > 1
        plain = keras.Model(network.inputs[0], network.outputs[0], name=network.name)
        (outputs_of(network) if several else plain).save(temporary)


def _is_exhausted(history: list[dict], patience: int | None) -> bool:
    """Return whether the best epoch is `patience` epochs old."""
    losses = [row["val_loss"] for row in history]
    return bool(patience and losses) and len(losses) - 1 - int(np.argmin(losses)) >= patience


def read_history(path: Path) -> list[dict]:
    """Read history.csv as numbers; no file is no history."""
    if not path.is_file():
        return []
    with path.open(newline="", encoding="utf-8") as stream:
        return [
            {
                name: int(value) if name in ("epoch", "step") else float(value)
                for name, value in row.items()
            }
            for row in csv.DictReader(stream)
        ]
