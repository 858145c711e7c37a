"""Train what ships, on simulated photos and crops alone, from fixed seeds.

In this order, as each looks through what was made before:

band        the network that finds spectra in photos
trace       the network that reads a line through a photo: a band's ends and direction
reader      the network that reads wavelengths along a band, and which lamp it shows
classifier  the network that names a crop, with its teachers
confidence  how sure a name or a wavelength axis must be to be given

`all` does this one after the other, each network from the one that is there, in place of it. To
keep what ships until benchmarks/accept.py has judged the new ones, copy models/ and set the
environment variable SPECTRUM_MODELS to the copy.

What is simulated is kept in the cache: with it there, a training starts at once. The cards beside
the shipped networks say how they came about. Band, trace and reader can go on from what ships
(--start). They also train without TensorFlow, under Keras' JAX backend (KERAS_BACKEND=jax);
`freeze` then freezes what was trained. On two cores: band an hour, and a quarter of that for a
second round; trace an hour; a round of the reader 40 minutes; classifier an hour; confidence a
quarter of an hour.

Reads:  models/
Writes: InputData/<what>/; models/band, trace, reader, default

    python train_shipped.py band --photos 15000 --epochs 12
    python train_shipped.py band --start models/band --photos 10000 --seed 1 --epochs 6 \\
        --rate 1.5e-3 --overwrite
    python train_shipped.py trace --photos 16000 --epochs 20
    python train_shipped.py trace --photos 36000 --epochs 8 --output InputData/larger/trace
    python train_shipped.py trace --photos 36000 --epochs 10 --overwrite \\
        --teachers models/trace InputData/larger/trace
    python train_shipped.py reader --start models/reader --crops-seed 4 --rate 1e-3 --overwrite
    python train_shipped.py classifier --overwrite
    cp -r models /tmp/models && SPECTRUM_MODELS=/tmp/models python train_shipped.py all --overwrite
"""

import argparse
import importlib
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import cli
from lib.files import json_text
from lib.paths import DEFAULT_MODEL, INPUT_DATA, MODELS
from lib.quiet import quiet_stderr
from lib.training.recipes import classifier, confidence, everything
from lib.training.recipes.networks import freeze_trained, make_network


@dataclass(frozen=True)
class Command:
    """One thing to train: what makes it, where it goes, and its flags with defaults and help.

    A flag takes what its default is: a number, a path (also None), a list, a switch. `needs` is the
    package that it trains or freezes with.
    """

    text: str
    make: Callable[..., dict]
    output: Path
    flags: dict[str, tuple[object, str]] = field(default_factory=dict)
    needs: str | None = "tensorflow"


_SHARED = {"seed": (0, "of everything random"), "overwrite": (False, "replace what is there")}
_KNOWN_ONLY = (False, "leave out the kinds that benchmarks of unknown lamps hold out")
_PHOTOS, _CROPS, _EPOCHS = "photos simulated", "crops simulated", "passes over what is simulated"


def _network(kind: str, text: str, cache: str, rate: float, **flags: tuple[object, str]) -> Command:
    """Return the command of a network beside the classifier."""
    shared = {
        "start": (None, "folder of a frozen network to go on from"),
        "rate": (rate, "highest learning rate"),
        "cache": (INPUT_DATA / cache, "folder that keeps what is simulated"),
        **_SHARED,
    }
    return Command(text, partial(make_network, kind), MODELS / kind, flags | shared, needs="keras")


COMMANDS = {
    "band": _network(
        "band",
        "the network that finds spectra",
        "band_views",
        3e-3,
        photos=(15_000, _PHOTOS),
        epochs=(12, _EPOCHS),
    ),
    "trace": _network(
        "trace",
        "the network that reads a band's ends and direction",
        "trace_views",
        3e-3,
        photos=(16_000, _PHOTOS),
        epochs=(20, _EPOCHS),
        teachers=([], "folders of networks whose opinions are learned"),
    ),
    "reader": _network(
        "reader",
        "the network that reads wavelengths and lamps",
        "reader_bands",
        3e-3,
        crops=(393_216, _CROPS),
        crops_seed=(0, "of the crops"),
        epochs=(1, _EPOCHS),
        known_only=_KNOWN_ONLY,
    ),
    "freeze": Command(
        "a network that was trained without TensorFlow", freeze_trained, MODELS / "reader"
    ),
    "classifier": Command(
        "the network that names",
        classifier.make_classifier,
        DEFAULT_MODEL,
        {
            "crops": (200_000, "training crops of the seven classes"),
            "unknown": (50_000, "training crops of unknown lamps"),
            "cuts": (8_000, "photos that training crops of the seven classes are cut from"),
            "check": (8_000, "crops of validation, of test, and of unknown lamps for a threshold"),
            "epochs": (classifier.EPOCHS, _EPOCHS),
            "teachers": (classifier.TEACHER_EPOCHS, "passes of each network that teaches"),
            "start": (None, "folder of a frozen classifier to go on from"),
            "known_only": _KNOWN_ONLY,
            "work": (INPUT_DATA / "default", "folder of crops and runs"),
            **_SHARED,
        },
    ),
    "confidence": Command(
        "how surely names and axes are right",
        confidence.make_confidence,
        MODELS / "reader",
        {"model": (DEFAULT_MODEL, "frozen classifier"), "photos": (5000, _PHOTOS), **_SHARED},
        needs=None,
    ),
    "all": Command(
        "everything that ships, one after the other",
        everything.make_all,
        MODELS,
        {
            "share": (1.0, "of the usual numbers of photos and crops: a small one is a trial"),
            "from_nothing": (False, "do not start from what is there"),
            "work": (INPUT_DATA / "all", "folder of what is simulated"),
            **_SHARED | {"seed": (10, "one that no earlier round had")},
        },
        needs="keras",
    ),
}


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Parse the command line."""
    parser = cli.make_parser(__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    for name, command in COMMANDS.items():
        one = commands.add_parser(name, help=command.text)
        cli.add_shared_flags(one)
        one.add_argument(
            "--output", type=Path, default=command.output, help="folder (default: %(default)s)"
        )
        for flag, (default, text) in command.flags.items():
            _add_flag(one, flag, default, text)
        if "seed" in command.flags:
            cli.add_jobs_flag(one)
    return parser.parse_args(argv)


def _add_flag(parser: argparse.ArgumentParser, name: str, default: object, text: str) -> None:
    flag = f"--{name.replace('_', '-')}"
    if isinstance(default, bool):
        parser.add_argument(flag, action="store_true", help=text)
        return
    several = isinstance(default, list)
    example = (default[0] if default else None) if several else default
    kind = {int: cli.whole_number, float: float}.get(type(example), Path)
    options = {"nargs": "*"} if several else {}
    parser.add_argument(
        flag, type=kind, default=default, help=f"{text} (default: {default})", **options
    )


def train(args: argparse.Namespace) -> None:
    """Train one thing and print how well it does."""
    command = COMMANDS[args.command]
    options = {name: getattr(args, name) for name in command.flags}
    if "seed" in command.flags:
        options["jobs"] = args.jobs
    if command.needs is not None:
        # Before what is simulated for it, which takes long.
        cli.require(command.needs)
        with quiet_stderr():
            importlib.import_module(command.needs)
    card = command.make(args.output, **options)
    print(f"{args.output}: {json_text(card.get('validation', card), indent=2)}")


def main(argv: list[str] | None = None) -> int:
    """Run the training; return its exit code."""
    args = parse_args(argv)
    return cli.run(lambda: train(args), verbose=args.verbose)


if __name__ == "__main__":
    sys.exit(main())
