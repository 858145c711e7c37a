"""Test a frozen model on labelled crops or photos.

Photos are answered as identify answers them. Of crops the report is about the classifier alone, and
one line says how they are named as photos are: by classifier and reader.

Reads:  models/default/ (or --model); TFRecords of crops, or a folder of photos: in folders named
        by class (and unknown/), or flat with names that begin with a keyword (neon_21411.png)
Writes: a report on stdout; with --json the figures as JSON, with --plot confusion.png and .csv,
        reliability.png, coverage.png; with --compare one table, and with --plot models.png

Examples: python evaluate.py --tfrecord InputData/test.tfrecord --plot plots
          python evaluate.py --compare models/* --tfrecord InputData/test.tfrecord
"""

import argparse
import shutil
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import cli
from lib.errors import DataError
from lib.files import scratch_folder, write_json
from lib.images.folders import list_photos
from lib.outputs import own_path, require_replaceable
from lib.quiet import quiet_stderr
from lib.recognition.batch import recognise_files
from lib.recognition.name import model_table
from lib.recognition.name.classifier import Classifier
from lib.recognition.name.crop_light import evidence_of_crops
from lib.recognition.name.naming import NameEvidence, shipped_names
from lib.recognition.name.rejection import judge
from lib.taxonomy import CLASSES, UNKNOWN, class_of_folder
from lib.training.scores import metrics
from lib.training.scores.assessment import (
    FIGURES,
    Assessment,
    assess_crops,
    assess_photos,
    write_figures,
)

if TYPE_CHECKING:
    import numpy as np

COMPARISON = "models.png"
# Points of the curve of coverage and precision that are printed.
PRINTED_COVERAGES = (0.8, 0.9, 0.95, 0.98, 1.0)


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Parse the command line."""
    parser = cli.make_parser(__doc__)
    cli.add_model_flag(parser)
    parser.add_argument(
        "--compare",
        type=Path,
        nargs="+",
        metavar="DIR",
        help="models side by side on the same test files, or by their own records where none are "
        "given (default: off)",
    )
    source = parser.add_mutually_exclusive_group()
    source.add_argument(
        "--tfrecord", type=Path, nargs="+", metavar="FILE", help="TFRecord of crops"
    )
    source.add_argument("--photos", type=Path, metavar="DIR", help="folder of labelled photos")
    cli.add_min_precision_flag(parser)
    parser.add_argument(
        "--json", type=Path, metavar="FILE", help="write the report as JSON (default: none)"
    )
    parser.add_argument("--plot", type=Path, metavar="DIR", help="draw the figures (default: none)")
    cli.add_overwrite_flag(parser)
    cli.add_workers_flags(parser)
    args = parser.parse_args(argv)
    if not (args.compare or args.tfrecord or args.photos):
        parser.error("one of the arguments --tfrecord --photos is required")
    return args


def evaluate(args: argparse.Namespace) -> None:
    """Test, print and write."""
    require_replaceable(planned(FIGURES, args), overwrite=args.overwrite)
    classifier = Classifier(args.model)
    report, labels, probabilities = assess(args, args.model, classifier)
    report["model_version"] = classifier.card["version"]
    print_report(report)
    write_report(args, report)
    if args.plot:
        with scratch_folder(args.plot) as folder:
            write_figures(folder, labels, probabilities, report, report["model_version"])
            for name in FIGURES:
                with own_path(args.plot / name) as path:
                    shutil.copyfile(folder / name, path)


def planned(figures: Sequence[str], args: argparse.Namespace) -> list[Path]:
    """Return the files that this command writes."""
    paths = [args.json] if args.json else []
    return paths + ([args.plot / name for name in figures] if args.plot else [])


def write_report(args: argparse.Namespace, report: dict) -> None:
    """Write the figures as JSON where that is asked for."""
    if args.json:
        with own_path(args.json) as path:
            write_json(path, report)


def assess(args: argparse.Namespace, model: Path, classifier: Classifier) -> Assessment:
    """Test one model on the files that args name."""
    if args.tfrecord:
        # Of models side by side the difference is the classifier's.
        as_photos = not args.compare
        return evaluate_crops(args.tfrecord, classifier, args.min_precision, as_photos=as_photos)
    return evaluate_photos(args.photos, model, args.min_precision, cli.workers_of(args))


def compare(args: argparse.Namespace) -> None:
    """Test models on the same files, print them side by side and write."""
    require_replaceable(planned([COMPARISON], args), overwrite=args.overwrite)
    models, left_out = model_table.load_models(args.compare)
    rows = []
    for model, classifier in models.items():
        row = model_table.describe(model, classifier)
        if args.tfrecord or args.photos:
            report = assess(args, model, classifier)[0]
        else:
            report = model_table.recorded_report(model, classifier)
        rows.append({**row, **{name: report[name] for name in model_table.REPORT_KEYS}})
    tested = ", ".join(map(str, args.tfrecord or [args.photos or model_table.tested_on(rows)]))
    for line in (*left_out, *model_table.table_lines(rows), f"tested on {tested}"):
        cli.say(line)
    write_report(args, {"tested_on": tested, "models": rows})
    if args.plot:
        from lib.plots.model_comparison import comparison_figure
        from lib.plots.training import save_figure

        with own_path(args.plot / COMPARISON) as path:
            save_figure(comparison_figure(rows, title=tested), path)


def evaluate_crops(
    paths: list[Path],
    classifier: Classifier,
    min_precision: float | None,
    *,
    as_photos: bool = True,
) -> Assessment:
    """Answer every crop of some TFRecords."""
    import numpy as np

    with quiet_stderr():
        from lib.training.crops.tfrecord import read_tfrecord  # TensorFlow, only to read TFRecords

    crops = read_tfrecord(paths)
    prediction = classifier.predict(crops.images)
    limits = classifier.card["unknown"]
    verdicts = [
        judge(probabilities, certainty, limits, min_precision=min_precision)
        for probabilities, certainty in zip(
            prediction.probabilities, prediction.certainty, strict=True
        )
    ]
    named = np.array([verdict.status == "ok" for verdict in verdicts])
    assessment = assess_crops(crops.labels, prediction.probabilities, named, prediction.certainty)
    if as_photos:
        evidence = evidence_of_crops(prediction, crops.images)
        assessment[0]["as_photos_are_named"] = count_names(evidence, crops.labels, min_precision)
    return assessment


def count_names(
    evidence: Sequence[NameEvidence], labels: "np.ndarray", min_precision: float | None
) -> dict[str, int]:
    """Count what identify would say of crops; its checks of brightness and clipping are left out.

    Returns
    -------
    dict
        ``n`` crops of the classes, ``right`` best guesses, ``named`` and ``wrong`` among these;
        ``unknown`` crops of other lamps, ``unknown_refused`` of these.
    """
    limits = shipped_names().limits
    counts = dict.fromkeys(("n", "right", "named", "wrong", "unknown", "unknown_refused"), 0)
    for one, label in zip(evidence, labels, strict=True):
        judged = judge(one.probabilities, one.certainty, limits, min_precision=min_precision)
        named, right = judged.status == "ok", label >= 0 and one.source == CLASSES[label]
        if label < 0:
            counts["unknown"] += 1
            counts["unknown_refused"] += not named
            continue
        counts["n"] += 1
        counts["right"] += right
        counts["named"] += named
        counts["wrong"] += named and not right
    return counts


def evaluate_photos(
    folder: Path, model: Path, min_precision: float | None, workers: Mapping[str, object]
) -> Assessment:
    """Answer every photo of a labelled folder; `workers` as of `cli.workers_of`."""
    photos = labelled_photos(folder)
    results = recognise_files(
        [path for path, _ in photos], model, min_precision=min_precision, **workers
    )
    return assess_photos(
        [
            {
                "photo": path.relative_to(folder).as_posix(),
                "truth": truth,
                "status": result.status,
                "source": result.source,
                "probabilities": result.probabilities or {},
                "certainty": result.certainty,
                "reason": result.reason,
            }
            for (path, truth), result in zip(photos, results, strict=True)
        ]
    )


def labelled_photos(folder: Path) -> list[tuple[Path, str]]:
    """Return photos with the class (or "unknown") that their folder, or else their name, says."""
    if not folder.is_dir():
        raise DataError(f"{folder}: no such folder; expected a folder of labelled photos")
    photos = []
    for path in list_photos(folder):
        name = path.relative_to(folder).parts[0]
        try:
            photos.append((path, class_of_folder(name)))
        except KeyError as error:
            raise DataError(f"{folder}: no raw folder {name!r} is known") from error
    if not photos:
        raise DataError(f"{folder}: holds no image; expected folders named by class, or photos")
    if all(truth == UNKNOWN for _, truth in photos):
        raise DataError(
            f"{folder}: nothing in it is named by a class; expected folders or photos whose names "
            f"begin with {', '.join(CLASSES)}, a keyword such as mercury, or folders by raw id"
        )
    return photos


def print_report(report: dict) -> None:
    """Print the figures, and what only photos and unknown lamps have."""
    print(metrics.report_text(report))
    if "band_found" in report:
        found = report["band_found"]
        print(f"band found in {found['found']} of {found['n']} photos of the classes")
    unknown = report["unknown"]
    if unknown["n"]:
        print(f"refused {unknown['refused']} of {unknown['n']} unknowns")
    print_curve(report["curve"])
    if "as_photos_are_named" in report:
        print(
            "as photos are named (by classifier and reader): "
            "{right} of {n} right, {named} named, {wrong} of these wrong; "
            "{unknown_refused} of {unknown} unknowns refused".format(
                **report["as_photos_are_named"]
            )
        )
    for row in report.get("photos", []):
        sureness = max(row["probabilities"].values(), default=0)
        answer = row["source"] or f"{row['status']}: {row['reason']}"
        cli.say(f"{row['photo']:<60} {row['truth']:<10} {sureness:.2f} {answer}")


def print_curve(curve: list[dict]) -> None:
    """Print what other thresholds would do, by coverage; --min-precision moves along it."""
    nearest = [
        min(curve, key=lambda point: abs(point["coverage"] - wanted))
        for wanted in PRINTED_COVERAGES
    ]
    # Of few crops several coverages have the same nearest point.
    for point in (one for place, one in enumerate(nearest) if one not in nearest[:place]):
        refused = point.get("unknown_refused")
        unknown = "" if refused is None else f", {refused:.4f} of the unknowns refused"
        print(
            f"certainty >= {point['threshold']:.3f}: {point['coverage']:.4f} named, "
            f"{point['precision']:.4f} of them right{unknown}"
        )


def main(argv: list[str] | None = None) -> int:
    """Run the command."""
    args = parse_args(argv)
    work = compare if args.compare else evaluate
    return cli.run(lambda: work(args), verbose=args.verbose)


if __name__ == "__main__":
    sys.exit(main())
