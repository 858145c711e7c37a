"""How well unknown lamps are told from those of the classes, by every method and by what ships.

methods: trains small networks (three seeds; without outliers, with the uniform target, with "none
of these") and compares the scores of unknown_methods.py on kinds of lamps that neither training
nor fitting has met.
model: what the frozen model refuses of crops, by kind, of real ones, and with the reader.
What the whole chain refuses of photos is told by accept.py.

Reads:  the real crops (--real); for model, a frozen model
Writes: benchmarks/results/unknown_methods.csv (rows of variants not named stay as they are);
        unknown_kinds.csv

    python benchmarks/score_unknowns.py methods --crops 20000 --epochs 5
    python benchmarks/score_unknowns.py model --model models/default
"""

import argparse
import os
import sys
from collections import Counter
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import cli
from lib.files import read_csv, write_csv
from lib.litert import LiteNetwork, open_network
from lib.paths import DEFAULT_MODEL, MODELS, ROOT
from lib.taxonomy import CLASSES

REAL = Path(os.environ.get("SPECTRA_REAL_DATA", ROOT.parent / "shared" / "real"))
REAL_CROPS = Path("crops") / "MyDataV2_test_dev87.tfrecords"
RESULTS = ROOT / "benchmarks" / "results"
# Seeds of the simulated crops: those of training are others.
SEEDS = {"known": 9001, "held_out": 9002, "known_fit": 9003, "exposed_fit": 9004}
TRAIN_SEEDS = {"known": 9011, "exposed": 9012}
# Groups of held-out kinds that are also told apart; all of them make up "all".
GROUPS = {"all": "", "laser": "laser", "sodium": "sodium"}
VARIANTS = {"no outliers": None, "uniform target": "uniform", "none of these": "none"}
METHOD_COLUMNS = (
    "training",
    "method",
    *(f"{group}_{figure}" for group in GROUPS for figure in ("auroc", "refused")),
    "all_auroc_sd",
    "all_refused_sd",
    "real_named",
    "real_wrong",
)
KIND_COLUMNS = ("kind", "n", "auroc", "refused_at_95", "refused_as_shipped", "named_as")


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Parse the command line."""
    parser = cli.make_parser(__doc__)
    commands = parser.add_subparsers(dest="command", required=True, metavar="methods|model")
    methods = commands.add_parser("methods", help="compare methods on networks trained here")
    methods.add_argument("--crops", type=cli.positive_int, default=20_000, help="(%(default)s)")
    methods.add_argument("--epochs", type=cli.positive_int, default=5, help="(%(default)s)")
    methods.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2], help="(%(default)s)")
    methods.add_argument("--variants", nargs="+", choices=VARIANTS, default=list(VARIANTS))
    methods.set_defaults(work=compare_methods)
    model = commands.add_parser("model", help="score a frozen model")
    model.add_argument("--model", type=Path, default=DEFAULT_MODEL, help="(%(default)s)")
    model.add_argument(
        "--reader",
        type=Path,
        default=MODELS / "reader",
        help="a copy trained with train_shipped.py reader --known-only has met no held-out kind "
        "(%(default)s)",
    )
    model.set_defaults(work=score_model)
    for command, count in ((methods, 3000), (model, 4000)):
        command.add_argument("--count", type=cli.positive_int, default=count, help="test crops")
        command.add_argument("--real", type=Path, default=REAL, help="folder of real spectra")
        cli.add_jobs_flag(command)
    return parser.parse_args(argv)


def compare_methods(args: argparse.Namespace) -> None:
    """Train the variants and write the table of methods."""
    from benchmarks import unknown_methods as um

    def made(which: str, count: int, seed: int) -> um.Lamps:
        return um.simulate(count, seed, which, jobs=args.jobs)

    train = {"known": made("known", args.crops, TRAIN_SEEDS["known"])}
    train["exposed"] = made("exposed", args.crops // 3, TRAIN_SEEDS["exposed"])
    parts = {name: made(name.removesuffix("_fit"), args.count, SEEDS[name]) for name in SEEDS}
    real = args.real / REAL_CROPS
    if real.is_file():
        parts["real"] = um.read_real(real)
    path = RESULTS / "unknown_methods.csv"
    rows = read_csv(path, METHOD_COLUMNS) if path.is_file() else []
    rows = [row for row in rows if row["training"] not in args.variants]
    for variant in args.variants:
        target = VARIANTS[variant]
        figures: dict[str, list[dict]] = {name: [] for name in um.METHODS}
        for seed in args.seeds:
            outliers = train["exposed"] if target else None
            network = um.train(
                train["known"], outliers, target=target or "none", seed=seed, epochs=args.epochs
            )
            seen = {name: um.look(network, lamps) for name, lamps in parts.items()}
            fitting = um.Fitting(seen["known_fit"], seen["exposed_fit"])
            for name, method in um.METHODS.items():
                figures[name].append(method_figures(method(fitting), seen))
        rows += [summary(variant, name, found) for name, found in figures.items()]
        # After every variant: they take minutes each.
        write_csv(path, METHOD_COLUMNS, rows)
    for row in rows:
        print("  ".join(f"{row[name]!s:<14}" for name in METHOD_COLUMNS))


def method_figures(scorer, seen: dict) -> dict[str, float]:
    """Return the figures of one method on one network."""
    from benchmarks.unknown_methods import KNOWN_KEPT, separation

    known, held_out = scorer(seen["known"]), scorer(seen["held_out"])
    figures = {}
    for group, prefix in GROUPS.items():
        members = np.char.startswith(seen["held_out"].lamps.names, prefix)
        auroc, refused = separation(known, held_out[members])
        figures |= {f"{group}_auroc": auroc, f"{group}_refused": refused}
    if "real" in seen:
        named = scorer(seen["real"]) >= np.quantile(known, 1 - KNOWN_KEPT)
        wrong = seen["real"].logits.argmax(axis=1) != seen["real"].lamps.labels
        figures |= {"real_named": named.mean(), "real_wrong": (named & wrong).sum()}
    return figures


def summary(variant: str, method: str, figures: list[dict[str, float]]) -> dict:
    """Return the row of a method: means over the seeds, and two standard deviations of them."""
    row = {name: round(float(np.mean([f[name] for f in figures])), 4) for name in figures[0]}
    for name in ("all_auroc", "all_refused"):
        row[f"{name}_sd"] = round(float(np.std([f[name] for f in figures])), 4)
    return {"training": variant, "method": method, "real_named": "", "real_wrong": ""} | row


def score_model(args: argparse.Namespace) -> None:
    """Score a frozen model and print what it refuses, what it names, ."""
    from lib.recognition.name.classifier import Classifier

    classifier = Classifier(args.model)
    print(f"{args.model}, {classifier.card['version']}")
    crops = simulate_test_crops(args.count, args.jobs)
    reader = open_network(args.reader)
    held_out = score_kinds(classifier, crops)
    held_out_by_both = score_naming(classifier, reader, crops)
    if (args.real / REAL_CROPS).is_file():
        score_real_crops(classifier, reader, args.real / REAL_CROPS, held_out, held_out_by_both)


def simulate_test_crops(count: int, jobs: int) -> dict[str, list]:
    """Return batches of crops of the classes ("known"), and of the kinds held out ("held_out")."""
    from lib.simulation.crops.crops import simulate_crops
    from lib.simulation.crops.strips import unknown_strips
    from lib.simulation.lamps.catalogue import unknown_lamps

    sources = (*unknown_lamps(held_out=True), *unknown_strips(held_out=True))
    return {
        which: list(simulate_crops(count, SEEDS[which], lamps=lamps, jobs=jobs))
        for which, lamps in (("known", None), ("held_out", [source.name for source in sources]))
    }


def kinds_of(batches: list) -> np.ndarray:
    """Return the kind of each crop's lamp or strip."""
    from lib.simulation.crops.strips import STRIPS
    from lib.simulation.lamps.catalogue import LAMPS

    return np.array([(LAMPS | STRIPS)[name].kind for batch in batches for name in batch.lamps])


def score_kinds(classifier, crops: dict[str, list]) -> np.ndarray:
    """Print and write what is refused of each held-out kind; return how sure each crop is named."""
    from benchmarks.unknown_methods import separation

    sure, guesses = {}, {}
    for which, batches in crops.items():
        found = [classifier.predict(batch.images) for batch in batches]
        sure[which] = np.concatenate([part.certainty for part in found])
        guesses[which] = np.concatenate([part.logits.argmax(axis=1) for part in found])
    threshold = classifier.card["unknown"]["threshold"]
    kinds = kinds_of(crops["held_out"])
    groups = {kind: kinds == kind for kind in sorted(set(kinds))}
    groups |= {f"all {prefix}": np.char.startswith(kinds, prefix) for prefix in ("laser", "sodium")}
    groups["all held out"] = np.full(len(kinds), True)
    rows = []
    for kind, members in groups.items():
        of_kind = sure["held_out"][members]
        auroc, refused = separation(sure["known"], of_kind)
        named = Counter(
            CLASSES[i] for i in guesses["held_out"][members & (sure["held_out"] >= threshold)]
        )
        rows.append(
            {
                "kind": kind,
                "n": len(of_kind),
                "auroc": round(auroc, 4),
                "refused_at_95": round(refused, 4),
                "refused_as_shipped": round(float((of_kind < threshold).mean()), 4),
                "named_as": " ".join(f"{name}:{count}" for name, count in named.most_common()),
            }
        )
        print("  ".join(f"{value!s:<22}" for value in rows[-1].values()))
    write_csv(RESULTS / "unknown_kinds.csv", KIND_COLUMNS, rows)
    kept = (sure["known"] >= threshold).mean()
    print(f"fresh known crops named at the shipped threshold: {kept:.4f}")
    return sure["held_out"]


def score_naming(classifier, reader: LiteNetwork, crops: dict[str, list]) -> np.ndarray:
    """Print what the reader adds: crops named as photos are.

    Gates on light and clipping need a band, and are left out. Return how surely the crops of
    held-out kinds are named.
    """
    from benchmarks.unknown_methods import KNOWN_KEPT, separation

    sure = {
        which: np.concatenate(
            [name_crops(classifier, batch.images, reader)[0] for batch in batches]
        )
        for which, batches in crops.items()
    }
    auroc, refused = separation(sure["known"], sure["held_out"])
    print(
        f"with the reader: AUROC {auroc:.4f}, {refused:.4f} refused where "
        f"{KNOWN_KEPT:.0%} of the known crops are named"
    )
    least, kinds = np.quantile(sure["known"], 1 - KNOWN_KEPT), kinds_of(crops["held_out"])
    for kind in sorted(set(kinds)):
        of_kind = sure["held_out"][kinds == kind]
        print(f"  {kind:<22}{(of_kind < least).mean():.4f} of {len(of_kind)}")
    return sure["held_out"]


def name_crops(
    classifier, images: np.ndarray, reader: LiteNetwork | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Return how surely crops are named, and their class ids, with the reader."""
    from lib.recognition.name.crop_light import evidence_of_crops

    evidence = evidence_of_crops(classifier.predict(images), images, reader)
    certainty = np.array([one.certainty for one in evidence])
    return certainty, np.array([CLASSES.index(one.source) for one in evidence])


def score_real_crops(
    classifier,
    reader: LiteNetwork,
    path: Path,
    held_out: np.ndarray,
    held_out_by_both: np.ndarray,
) -> None:
    """Print coverage and mistakes on real crops, and how they stand out from held-out kinds.

    `held_out` is how surely the classifier names the crops of held-out kinds, `held_out_by_both`
    how surely it does with the reader.
    """
    from benchmarks.unknown_methods import KNOWN_KEPT, separation
    from lib.recognition.name.naming import shipped_names
    from lib.training.crops.tfrecord import read_tfrecord

    crops = read_tfrecord(path)
    prediction = classifier.predict(crops.images)
    right = prediction.logits.argmax(axis=1) == crops.labels
    auroc, refused = separation(prediction.certainty, held_out)
    print(
        f"held-out kinds against the real crops: AUROC {auroc:.4f}, {refused:.4f} refused where "
        f"{KNOWN_KEPT:.0%} of the real crops are named"
    )
    shipped = classifier.card["unknown"]["threshold"]
    ranked = np.sort(prediction.certainty)[::-1]
    n = len(ranked)
    others = [ranked[int(np.ceil(share * n)) - 1] for share in (0.8, 0.9, 0.95, 0.98, 1.0)]
    for threshold in (shipped, *others):
        named = prediction.certainty >= threshold
        print(
            f"real crops, certainty >= {threshold:.3f}: {named.sum()} of {n} named "
            f"({named.mean():.4f}), {(named & ~right).sum()} of them wrong"
        )
    certainty, guesses = name_crops(classifier, crops.images, reader)
    right = guesses == crops.labels
    named = certainty >= shipped_names().limits["threshold"]
    auroc, refused = separation(certainty, held_out_by_both)
    print(
        f"with the reader: {right.sum()} of {n} right; {named.sum()} named, "
        f"{(named & right).sum()} of them right; against the held-out kinds AUROC {auroc:.4f}, "
        f"{refused:.4f} refused where {KNOWN_KEPT:.0%} are named"
    )


def main(argv: list[str] | None = None) -> int:
    """Run the command."""
    args = parse_args(argv)
    return cli.run(lambda: args.work(args), verbose=args.verbose)


if __name__ == "__main__":
    sys.exit(main())
