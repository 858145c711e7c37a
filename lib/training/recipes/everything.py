"""All that ships trained again, in the order in which one network looks through another."""

import logging
import time
from pathlib import Path

from lib.errors import DataError
from lib.paths import DEFAULT_MODEL, MODELS
from lib.training.recipes.classifier import make_classifier
from lib.training.recipes.confidence import MIN_PHOTOS, make_confidence
from lib.training.recipes.networks import make_network

logger = logging.getLogger(__name__)

# Examples, passes and highest learning rate of each network: on from the one that ships, or from
# nothing.
AGAIN = {
    "band": {"photos": 5_000, "epochs": 3, "rate": 1e-3},
    "trace": {"photos": 10_000, "epochs": 3, "rate": 1e-3},
    "reader": {"crops": 393_216, "epochs": 1, "rate": 1e-3},
    "classifier": {"crops": 100_000, "epochs": 2, "teachers": []},
}
FROM_NOTHING = {
    "band": {"photos": 15_000, "epochs": 12, "rate": 3e-3},
    "trace": {"photos": 36_000, "epochs": 10, "rate": 3e-3},
    "reader": {"crops": 1_572_864, "epochs": 2, "rate": 3e-3},
    "classifier": {"crops": 200_000, "epochs": 3, "teachers": [5, 1, 1, 1]},
}
# For each crop that the classifier learns from: crops of unknown lamps, and photos to cut.
_UNKNOWN_SHARE, _CUTS_SHARE = 0.25, 0.04
_CHECKED, _CONFIDENCE_PHOTOS = 8_000, 5_000


def make_all(
    output: Path,
    *,
    share: float,
    from_nothing: bool,
    seed: int,
    work: Path,
    jobs: int,
    overwrite: bool,
) -> dict:
    """Train everything that ships and replace the old networks; return the minutes of each step.

    Without TensorFlow, under Keras' JAX backend, networks are trained and kept as weights for
    `lib.training.recipes.networks.freeze_trained`; classifier and confidence are left out.

    Parameters
    ----------
    output : Path
        `lib.paths.MODELS`: later networks look through the earlier ones there.
    share : float
        Of the examples of `AGAIN` or `FROM_NOTHING`; a small one tries the command.
    from_nothing : bool
        Start from random weights, not from what is in `output`.
    seed : int
        One that no earlier round had, so that the examples are new.
    work : Path
        Folder that keeps what is simulated.

    Raises
    ------
    DataError
        If `output` is another folder, or `overwrite` is not given.
    """
    import keras

    if output != MODELS:
        raise DataError(f"{output}: expected {MODELS}; SPECTRUM_MODELS names another folder")
    if not overwrite:
        raise DataError(f"{output}: holds networks; copy them, and add --overwrite to replace them")
    sizes = FROM_NOTHING if from_nothing else AGAIN
    shared = {"seed": seed, "jobs": jobs, "overwrite": True}
    minutes, begin = {}, time.monotonic()

    def log_minutes(name: str) -> None:
        minutes[name] = round((time.monotonic() - begin) / 60 - sum(minutes.values()), 2)
        logger.info("%s: %.1f minutes", name, minutes[name])

    for kind in ("band", "trace", "reader"):
        counts = {
            name: _part(size, share) if name in ("photos", "crops") else size
            for name, size in sizes[kind].items()
        }
        start = None if from_nothing else output / kind
        make_network(kind, output / kind, **counts, start=start, cache=work / kind, **shared)
        log_minutes(kind)
    if keras.backend.backend() != "tensorflow":
        return minutes
    crops = _part(sizes["classifier"]["crops"], share)
    make_classifier(
        DEFAULT_MODEL,
        **sizes["classifier"] | {"crops": crops},
        unknown=_part(crops, _UNKNOWN_SHARE),
        cuts=_part(crops, _CUTS_SHARE),
        check=_part(_CHECKED, share),
        start=None if from_nothing else DEFAULT_MODEL,
        work=work / "classifier",
        **shared,
    )
    log_minutes("classifier")
    photos = max(_part(_CONFIDENCE_PHOTOS, share), MIN_PHOTOS)
    make_confidence(output / "reader", model=DEFAULT_MODEL, photos=photos, **shared)
    log_minutes("confidence")
    return minutes


def _part(count: int, share: float) -> int:
    return max(1, round(share * count))
