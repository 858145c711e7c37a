"""The networks beside the classifier, each trained on simulated examples alone and frozen.

They also train under Keras' JAX backend, on an accelerator without TensorFlow; `freeze_trained`
freezes one of these afterwards.
"""

from collections.abc import Sequence
from functools import partial
from importlib import import_module
from pathlib import Path

import numpy as np

from lib.errors import DataError
from lib.files import read_json, require_absent, write_json
from lib.litert import LiteNetwork, open_network
from lib.training.examples import band_views, reader_bands, trace_lines
from lib.training.examples.store import Examples, simulated

# What each learns from.
EXAMPLES = {"band": band_views, "trace": trace_lines, "reader": reader_bands}
# Part of the examples that is held back for validation.
HELD_SHARE = 0.04
# Examples by which a network that was read back settles its normalisations, and on which a frozen
# one is checked.
_SETTLED_BY, _CHECKED_ON = 512, 32
# What is kept of a training beside its network, until that is frozen.
_CARD_NAME, _CHECKED_NAME = "training.json", "checked.npy"


def make_network(
    kind: str,
    output: Path,
    *,
    epochs: int,
    rate: float,
    seed: int,
    cache: Path,
    jobs: int,
    overwrite: bool,
    photos: int = 0,
    crops: int = 0,
    crops_seed: int | None = None,
    start: Path | None = None,
    teachers: Sequence[Path] = (),
    known_only: bool = False,
) -> dict:
    """Simulate examples, train on them, freeze into `output`; return the network's card.

    Parameters
    ----------
    kind : str
        One of `EXAMPLES`.
    rate : float
        Highest learning rate.
    seed : int
    cache : Path
        Folder in which examples are kept: with them there, training starts at once.
    photos, crops : int
        How many to simulate, of what the network learns from; rounded up to whole shards.
    crops_seed : int, optional
        Of the crops, if it is another one than that of the training.
    start : Path or None
        Folder of a frozen network to go on from.
    teachers : sequence of Path
        Folders of networks that give soft targets.
    known_only : bool
        Leave out lamps that benchmarks hold out, for a copy that has never met them.
    """
    require_absent(output / f"{output.name}.json", overwrite=overwrite)
    frozen = open_network(start) if start else None
    teaching = [open_network(folder) for folder in teachers]
    examples_seed = seed if crops_seed is None else crops_seed
    shards = -(-(photos or crops) // EXAMPLES[kind].SHARD)
    held_shards = max(1, round(HELD_SHARE * shards))
    simulate = EXAMPLES[kind].simulate
    if known_only:
        simulate, cache = partial(simulate, held_out=False), cache / "known"
    kept = simulated(
        simulate,
        cache,
        examples_seed,
        range(held_shards + shards),
        jobs=jobs,
        what=f"{EXAMPLES[kind].SHARD} {kind} examples",
    )
    held, learned = Examples(kept[:held_shards]), Examples(kept[held_shards:])
    network, inputs, validation = _trained(
        kind, learned, held, frozen, teaching, epochs=epochs, rate=rate, seed=seed
    )
    import keras

    backend = keras.backend.backend()
    rounds = frozen.card.get("rounds", [frozen.card.get("training")]) if frozen else []
    this = {
        "seed": seed,
        "examples": len(learned),
        "examples_seed": examples_seed,
        "epochs": epochs,
        "rate": rate,
        **({"known_only": True} if known_only else {}),
        "teachers": [teacher.card["sha256"] for teacher in teaching],
        "backend": backend,
    }
    card = {"rounds": [*rounds, this], "validation": validation}
    if backend == "tensorflow":
        return _frozen(network, output, inputs, card)
    from lib.training.runs.fitting import save_network

    save_network(network, output / f"{output.name}.keras")
    np.save(output / _CHECKED_NAME, inputs)
    write_json(output / _CARD_NAME, card)
    return {"to freeze": f"train_shipped.py freeze --output {output}"}


def freeze_trained(output: Path) -> dict:
    """Freeze the network that was trained into `output` without TensorFlow; return its card."""
    weights = output / f"{output.name}.keras"
    if not weights.is_file():
        raise DataError(f"{weights}: no such file; expected a trained network")
    import keras

    network = keras.models.load_model(weights, compile=False)
    inputs, card = np.load(output / _CHECKED_NAME), read_json(output / _CARD_NAME)
    return _frozen(network, output, inputs, card)


def _trained(
    kind: str,
    learned: Examples,
    held: Examples,
    frozen: LiteNetwork | None,
    teaching: Sequence[LiteNetwork],
    *,
    epochs: int,
    rate: float,
    seed: int,
) -> tuple:
    """Return a trained network, some inputs, and its figures on what was held back."""
    import keras

    from lib.training.freezing.thawing import thaw
    from lib.training.runs.batches import Batches
    from lib.training.runs.fitting import compile_network, fit

    of = import_module(f"lib.training.networks.{kind}").NETWORK
    said = None
    if teaching:
        said = np.concatenate([of.soft_targets(teaching, shard) for shard in learned.shards])

    def draw(rng: np.random.Generator | None, rows: np.ndarray) -> tuple[np.ndarray, ...]:
        if rng is None:
            return of.draw(None, held.take(rows))
        # In their order on the disk.
        rows = np.sort(rows)
        soft = {} if said is None else {"targets": said[rows]}
        return of.draw(rng, learned.take(rows) | soft)

    keras.utils.set_random_seed(seed)
    network = of.build()
    inputs, _ = draw(None, np.arange(min(len(held), _SETTLED_BY)))
    if frozen is not None:
        thaw(network, frozen, inputs)
    batches = Batches(len(learned), of.batch, draw, seed)
    judged = Batches(len(held), of.batch, draw)
    steps = max(1, len(learned) // of.batch)
    compile_network(
        network,
        of.loss,
        rate=rate,
        steps=epochs * steps,
        warmup=0.1,
        last=0.01,
        weight_decay=1e-3,
        clipnorm=1.0,
    )

    def validate(network: keras.Model) -> dict[str, float]:
        return {"val_loss": network.evaluate(judged, verbose=0, return_dict=True)["loss"]}

    history = fit(network, batches, validate, epochs=epochs, steps=steps)
    figures = of.measure(network.predict(judged, verbose=0), held.joined())
    figures = {"loss": round(history[-1]["val_loss"], 5), **figures}
    return network, inputs[:_CHECKED_ON], figures


def _frozen(network, output: Path, inputs: np.ndarray, card: dict) -> dict:
    """Freeze a trained network; return its card."""
    from lib.training.freezing.freezer import freeze_network

    of = import_module(f"lib.training.networks.{network.name}").NETWORK
    return freeze_network(network, output, inputs, of.says | card, half=of.half)
