"""Simulate photos or crops of spectra with known truth: what a fresh clone runs on.

Crops are made directly, which is fast; cuts are crops that the band finder cut from simulated
photos, with its small mistakes.

Reads:  nothing
Writes: photos: RawData/Image/<folder>/, RawData/DataTable/<folder>-<yyyymmddHHMM>.csv as the
                crawler leaves them, faults included, and RawData/truth.csv
        crops, cuts: TFRecords of 15 x 480 crops (numbered files beside --output beyond
                --per-shard)

Example: python s0_simulate.py photos --count 500 --seed 1
         python s0_simulate.py crops --count 60000 --seed 1
"""

import argparse
import glob
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import cli
from lib.errors import DataError
from lib.files import require_absent
from lib.paths import INPUT_DATA, RAW_DATA
from lib.simulation.crawl.crawl import FAULT_RATES
from lib.simulation.crawl.downloads import write_downloads
from lib.simulation.crops.strips import STRIPS
from lib.simulation.instrument.camera import EFFECT_NAMES, Effects
from lib.simulation.lamps.catalogue import LAMPS, unknown_lamps
from lib.taxonomy import in_short
from lib.training.crops.writing import write_shards
from lib.training.examples.records import Record, crop_records, cut_records, unknown_sources

LAMP_GROUPS = ("known", "unknown", "held-out")


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Parse the command line."""
    parser = cli.make_parser(__doc__)
    commands = parser.add_subparsers(dest="command", required=True, metavar="photos|crops|cuts")
    _add_photos(commands)
    _add_crops(commands)
    _add_cuts(commands)
    return parser.parse_args(argv)


def _add_photos(commands: argparse._SubParsersAction) -> None:
    photos = commands.add_parser("photos", help="full photos as a crawl of SpectralWorkbench")
    photos.set_defaults(work=write_photos)
    photos.add_argument(
        "--count",
        type=cli.positive_int,
        default=500,
        help="number of table rows (default: %(default)s)",
    )
    photos.add_argument(
        "--output", type=Path, default=RAW_DATA, help="folder to write into (default: %(default)s)"
    )
    photos.add_argument(
        "--fault",
        nargs="+",
        type=_fault_rate,
        default=[],
        metavar="NAME=RATE",
        help="share of rows with a planted fault, 0 for none (default: "
        + " ".join(f"{name}={rate}" for name, rate in FAULT_RATES.items())
        + ")",
    )
    cli.add_workers_flags(photos)
    cli.add_shared_flags(photos, seed=True, overwrite=True)


def _fault_rate(text: str) -> tuple[str, float]:
    name, _, rate = text.partition("=")
    if name not in FAULT_RATES:
        raise argparse.ArgumentTypeError(
            f"{text}: expected NAME=RATE with a name of {', '.join(FAULT_RATES)}"
        )
    try:
        return name, float(rate)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text}: expected a number after {name}=") from None


def write_photos(args: argparse.Namespace) -> None:
    """Simulate a crawl with its faults, and print what is in it."""
    rows = write_downloads(
        args.output,
        args.count,
        args.seed,
        rates=FAULT_RATES | dict(args.fault),
        **cli.workers_of(args),
        overwrite=args.overwrite,
    )
    shown = Counter(
        in_short(row["class"]) if row["class"] else "other lamp" if row["lamp"] else "no spectrum"
        for row in rows
    )
    faults = Counter(row["fault"] for row in rows if row["fault"])
    cli.say(f"{len(rows)} rows in {args.output}; truth in {args.output / 'truth.csv'}")
    print("shown:  " + ", ".join(f"{name} {shown[name]}" for name in sorted(shown)))
    print("faults: " + (", ".join(f"{name} {faults[name]}" for name in sorted(faults)) or "none"))
    cli.print_next("s1_label_images.py", *cli.unless_default("--input", args.output, RAW_DATA))


def _add_crops(commands: argparse._SubParsersAction) -> None:
    crops = commands.add_parser(
        "crops",
        help="crops as TFRecords, for training",
    )
    crops.set_defaults(work=write_crops)
    crops.add_argument(
        "--count",
        type=cli.positive_int,
        default=60000,
        help="number of crops (default: %(default)s)",
    )
    crops.add_argument(
        "--lamps",
        nargs="+",
        default=["known"],
        metavar="LAMP",
        choices=(*LAMP_GROUPS, *LAMPS, *STRIPS),
        help="known: the classes in equal shares; unknown: what is of no class, for outlier "
        "exposure; held-out: unknown kinds for evaluation only; or names (default: known)",
    )
    crops.add_argument(
        "--unknown-share",
        type=float,
        default=0.0,
        help="share of unknown lamps among the known (default: %(default)s)",
    )
    crops.add_argument(
        "--without", nargs="+", default=[], choices=EFFECT_NAMES, help="effects to leave out (none)"
    )
    _add_record_flags(crops, "simulated.tfrecord")


def _add_record_flags(parser: argparse.ArgumentParser, name: str) -> None:
    """Add what crops and cuts share: where the files go, how large they are, how they are made."""
    parser.add_argument(
        "--output",
        type=Path,
        default=INPUT_DATA / name,
        help="file to write (default: %(default)s)",
    )
    parser.add_argument(
        "--per-shard",
        type=cli.positive_int,
        default=100_000,
        help="most crops per file (default: %(default)s)",
    )
    cli.add_workers_flags(parser)
    cli.add_shared_flags(parser, seed=True, overwrite=True)


def write_crops(args: argparse.Namespace) -> None:
    """Simulate crops into TFRecords, a batch at a time."""
    records = crop_records(
        args.count,
        args.seed,
        lamps=_lamp_names(args.lamps),
        unknown_share=args.unknown_share,
        effects=Effects(**dict.fromkeys(args.without, False)),
        **cli.workers_of(args),
    )
    _write_records(args, records)


def _write_records(args: argparse.Namespace, records: Iterator[Record]) -> None:
    numbered = f"{glob.escape(args.output.stem)}-{5 * '[0-9]'}{args.output.suffix}"
    earlier = [args.output, *sorted(args.output.parent.glob(numbered))]
    for path in earlier:
        require_absent(path, overwrite=args.overwrite)
    shards = write_shards(args.output, records, per_shard=args.per_shard)
    # Of a larger run before; a training on all that is there would mix the two.
    for path in set(earlier) - set(shards):
        path.unlink(missing_ok=True)
    size = sum(path.stat().st_size for path in shards)
    names = shards[0] if len(shards) == 1 else f"{shards[0]} ... {shards[-1].name}"
    cli.say(f"{args.command} of {args.count}, {size / 1e6:.0f} MB: {names}")
    photos = INPUT_DATA / "train.tfrecord"
    cli.print_next("s4_train.py", "--train", *([photos] if photos.is_file() else []), *shards)


def _lamp_names(chosen: list[str]) -> list[str] | None:
    """Return the lamps to draw from, None for the classes in equal shares."""
    if chosen == ["known"]:
        return None
    if "known" in chosen:
        raise DataError("--lamps known stands alone; add unknown lamps with --unknown-share")
    groups = {
        "unknown": unknown_sources(held_out=False),
        "held-out": unknown_sources(held_out=True),
    }
    return [name for word in chosen for name in groups.get(word, [word])]


def _add_cuts(commands: argparse._SubParsersAction) -> None:
    cuts = commands.add_parser(
        "cuts", help="crops that the band finder cuts from simulated photos, as TFRecords"
    )
    cuts.set_defaults(work=write_cuts)
    cuts.add_argument(
        "--count",
        type=cli.positive_int,
        default=12000,
        help="photos; some of them give no crop (default: %(default)s)",
    )
    cuts.add_argument(
        "--lamps",
        choices=LAMP_GROUPS,
        default="known",
        help="known: the classes in equal shares; unknown, held-out: as of crops (default: known)",
    )
    _add_record_flags(cuts, "cuts.tfrecord")


def write_cuts(args: argparse.Namespace) -> None:
    """Simulate photos and write the crops that are cut from them."""
    others = unknown_lamps(held_out=args.lamps == "held-out")
    lamps = None if args.lamps == "known" else others
    _write_records(args, cut_records(args.count, args.seed, lamps=lamps, **cli.workers_of(args)))


def main(argv: list[str] | None = None) -> int:
    """Run the command."""
    args = parse_args(argv)
    return cli.run(lambda: args.work(args), verbose=args.verbose)


if __name__ == "__main__":
    sys.exit(main())
