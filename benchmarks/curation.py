"""Measure the curation of a heap of simulated downloads whose faults are known.

Each part prints its figures and adds them to the JSON; parts that need the heap plant it first.

plant    s0 writes the heap and its truth
label    s1 labels and groups: exact and near duplicates against the truth, photos a second
review   s1 judges and sorts: planted wrong labels among the most suspicious, every file accounted
         for, broken and spectrum-less files recorded
speed    1 and 2 processes on a part of the heap, peak memory on parts of two sizes
kill     label and review killed at random moments and resumed, bytes against an undisturbed run
split    s2 and s3 on the curated heap: duplicate groups on two sides of the split

Reads:  nothing
Writes: --work, --json

    python benchmarks/curation.py --work heap --json benchmarks/results/curation.json
"""

import argparse
import os
import random
import shutil
import subprocess
import sys
import time
from collections import defaultdict
from itertools import combinations
from pathlib import Path

import psutil

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.process_cost import watched
from lib.curation.opinions import SUSPECTS_COLUMNS
from lib.curation.triage import TRIAGE_COLUMNS
from lib.files import read_csv, read_json, sha256, write_json
from lib.paths import DEFAULT_MODEL, ROOT
from lib.simulation.crawl.downloads import TRUTH_COLUMNS
from lib.tables import LABELS_COLUMNS, SPLITS_COLUMNS

BROKEN = ("truncated", "not_an_image")


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--part", nargs="+", choices=tuple(PARTS), default=list(PARTS))
    parser.add_argument("--count", type=int, default=5000, help="rows of the heap (%(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="of the heap (%(default)s)")
    parser.add_argument("--jobs", type=int, default=2, help="processes (%(default)s)")
    parser.add_argument("--work", type=Path, required=True, help="folder for heap and results")
    parser.add_argument("--model", type=Path, default=DEFAULT_MODEL, help="(%(default)s)")
    parser.add_argument("--kills", type=int, default=10, help="(%(default)s)")
    parser.add_argument("--kill-count", type=int, default=300, help="photos then (%(default)s)")
    parser.add_argument("--json", type=Path, help="where figures are collected (default: nowhere)")
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> int:
    """Run the chosen parts."""
    args = parse_args(argv)
    figures = read_json(args.json) if args.json and args.json.exists() else {}
    for part in args.part:
        figures[part] = PARTS[part](args)
        print(
            f"{part}:", *(f"  {name}: {value}" for name, value in figures[part].items()), sep="\n"
        )
        if args.json:
            write_json(args.json, figures)
    return 0


def plant(args: argparse.Namespace) -> dict:
    """Let s0 write the heap."""
    heap = heap_of(args)
    command = ["s0_simulate.py", "photos", "--count", args.count, "--seed", args.seed]
    seconds, _ = run([*command, "--output", heap, "--jobs", args.jobs, "--overwrite"])
    return {"rows": args.count, "seconds": round(seconds)}


def label(args: argparse.Namespace) -> dict:
    """Label the heap and hold its groups against the truth."""
    heap = heap_of(args)
    remove_results(heap)
    seconds, memory = run(["s1_label_images.py", "--input", heap, "--jobs", args.jobs])
    truth = read_truth(heap)
    rows = {row["image_path"]: row for row in labels_of(heap) if row["sha256"]}
    groups = {path: row["group"] for path, row in rows.items()}
    exact = [row for row in truth.values() if row["fault"] == "exact_duplicate"]
    exact = [row for row in exact if {row["image_path"], row["duplicate_of"]} <= set(groups)]
    found = sum(groups[row["image_path"]] == groups[row["duplicate_of"]] for row in exact)
    seen = {path for path, row in rows.items() if row["status"] in ("labelled", "duplicate")}
    planted = {
        frozenset((path, other))
        for members in by_original(truth, seen).values()
        for path, other in combinations(members, 2)
        if rows[path]["sha256"] != rows[other]["sha256"]
    }
    alike = defaultdict(list)
    for path in sorted(seen):
        alike[groups[path]].append(path)
    grouped = {
        frozenset((path, other))
        for members in alike.values()
        for path, other in combinations(members, 2)
        if rows[path]["sha256"] != rows[other]["sha256"]
    }
    by_change = defaultdict(lambda: [0, 0])
    for row in truth.values():
        pair = frozenset((row["image_path"], row["duplicate_of"]))
        if row["fault"] == "near_duplicate" and pair in planted:
            by_change[row["change"]][0] += pair in grouped
            by_change[row["change"]][1] += 1
    return {
        "exact duplicates found": f"{found} of {len(exact)}",
        "near-duplicate pairs among labelled photos": len(planted),
        "recall": ratio(len(planted & grouped), len(planted)),
        "precision": ratio(len(planted & grouped), len(grouped)),
        "found of each change": {name: f"{a} of {b}" for name, (a, b) in sorted(by_change.items())},
        "wrong pairs": sorted(" ~ ".join(sorted(pair)) for pair in grouped - planted)[:20],
        "seconds": round(seconds, 1),
        "labelled photos a second": round(
            sum(row["status"] == "labelled" for row in rows.values()) / seconds, 1
        ),
        "peak memory, all processes, MB": memory,
    }


def review(args: argparse.Namespace) -> dict:
    """Review the heap and hold suspects and triage against the truth."""
    heap = heap_of(args)
    seconds, memory = run(review_command(heap, args))
    truth = read_truth(heap)
    rows = {row["image_path"]: row for row in labels_of(heap)}
    paths_of = defaultdict(list)
    for path, row in rows.items():
        paths_of[row["sha256"]].append(path)
    suspects = read_csv(heap / "Image_Review" / "suspects.csv", SUSPECTS_COLUMNS)
    top = {path for row in suspects[:400] for path in paths_of[row["sha256"]]}
    wrong = [path for path, row in truth.items() if row["fault"] == "wrong_label"]
    judged = {path for row in suspects if row["status"] == "ok" for path in paths_of[row["sha256"]]}
    triage_rows = read_csv(heap / "Image_Review" / "triage.csv", TRIAGE_COLUMNS)
    category = {row["image_path"]: row["category"] for row in triage_rows}
    files = [path.relative_to(heap).as_posix() for path in (heap / "Image").rglob("*.*")]
    broken = [path for path, row in truth.items() if row["fault"] in BROKEN]
    scenes = [path for path, row in truth.items() if row["fault"] == "non_spectrum"]
    return {
        "planted wrong labels": len(wrong),
        "among the 400 most suspicious": sum(path in top for path in wrong),
        "share": ratio(sum(path in top for path in wrong), len(wrong)),
        "not judged, as their photo shows no band": sum(path not in judged for path in wrong),
        "broken files recorded as not usable": count_recorded(broken, category),
        "broken files": len(broken),
        "spectrum-less files recorded as not usable": count_recorded(scenes, category),
        "spectrum-less files": len(scenes),
        "categories of the spectrum-less": tally(category[path] for path in scenes),
        "files in Image/": len(files),
        "of them in triage.csv exactly once": sum(
            sum(row["image_path"] == path for row in triage_rows) == 1 for path in files
        ),
        "triage": tally(category.values()),
        "seconds": round(seconds, 1),
        "peak memory, all processes, MB": memory,
    }


def speed(args: argparse.Namespace) -> dict:
    """Time one and two processes, and take the peak memory of two sizes."""
    figures = {}
    small, whole = min(1000, args.count), args.count
    for count, jobs in ((small, 1), (small, 2), (whole, 2)):
        part = subset(heap_of(args), args.work / "part", count)
        seconds, memory = run(["s1_label_images.py", "--input", part, "--jobs", jobs])
        photos = len(list((part / "Image_Labeled").glob("*/*.*g")))
        figures[f"{photos} labelled photos, {jobs} processes"] = {
            "photos a second": round(photos / seconds, 1),
            "peak memory, all processes, MB": memory,
        }
    figures["projected for 50,000 labelled photos, hours"] = round(
        50_000 / (photos / seconds) / 3600, 1
    )
    return figures


def kill(args: argparse.Namespace) -> dict:
    """Kill label and review at random moments; the bytes must be those of an undisturbed run."""
    rng = random.Random(args.seed)
    flags = ("--jobs", args.jobs)
    ends = {}
    for name in ("undisturbed", "killed"):
        part = subset(heap_of(args), args.work / name / "RawData", args.kill_count)
        commands = [["s1_label_images.py", "--input", part, *flags], review_command(part, args)]
        start = time.perf_counter()
        if name == "undisturbed":
            for command in commands:
                run(command)
            whole_s = time.perf_counter() - start
            ends[name] = tree(part)
            continue
        for _ in range(args.kills):
            deadline = time.monotonic() + rng.uniform(0.5, whole_s)
            for command in commands:
                running = start_process(command)
                try:
                    running.wait(max(0.0, deadline - time.monotonic()))
                except subprocess.TimeoutExpired:
                    kill_tree(running)
                    break
        for command in commands:
            run(command)
        ends[name] = tree(part)
    same = ends["undisturbed"] == ends["killed"]
    return {"kills": args.kills, "files": len(ends["killed"]), "same bytes": same}


def split(args: argparse.Namespace) -> dict:
    """Crop and split the labelled heap, and look for groups on two sides."""
    heap, output = heap_of(args), args.work / "InputData"
    run(
        [
            "s2_preprocess.py",
            "--input",
            heap / "Image_Labeled",
            "--output",
            output,
            "--jobs",
            args.jobs,
        ]
    )
    run(["s3_to_tfrecord.py", "--input", output, "--overwrite"])
    sides = defaultdict(set)
    for row in read_csv(output / "splits.csv", SPLITS_COLUMNS):
        sides[row["group"]].add(row["split"])
    torn = sum(len(places) > 1 for places in sides.values())
    return {"groups": len(sides), "groups on two sides of the split": torn}


def heap_of(args: argparse.Namespace) -> Path:
    """Return the heap's RawData."""
    return args.work / "RawData"


def read_truth(heap: Path) -> dict[str, dict[str, str]]:
    """Return the rows of truth.csv by image path."""
    return {row["image_path"]: row for row in read_csv(heap / "truth.csv", TRUTH_COLUMNS)}


def labels_of(heap: Path) -> list[dict[str, str]]:
    """Return the rows of labels.csv."""
    return read_csv(heap / "Image_Labeled" / "labels.csv", LABELS_COLUMNS)


def by_original(truth: dict[str, dict[str, str]], seen: set[str]) -> dict[str, list[str]]:
    """Return the seen photos by the photo that they are, or were made from."""
    made_from = defaultdict(list)
    for path in truth:
        root = path
        while truth[root]["duplicate_of"]:
            root = truth[root]["duplicate_of"]
        if path in seen:
            made_from[root].append(path)
    return made_from


def count_recorded(paths: list[str], category: dict[str, str]) -> int:
    """Count the files that the triage knows and does not call usable."""
    return sum(category.get(path, "usable") != "usable" for path in paths)


def review_command(heap: Path, args: argparse.Namespace) -> list:
    """Return the command line of a review."""
    flags = ["--input", heap, "--jobs", args.jobs, "--model", args.model]
    return ["s1_label_images.py", "review", *flags]


def subset(heap: Path, target: Path, count: int) -> Path:
    """Copy whole crawls of the heap until `count` images are reached."""
    shutil.rmtree(target, ignore_errors=True)
    copied = 0
    for table in sorted((heap / "DataTable").glob("*.csv")):
        if copied >= count:
            break
        folder = table.name[:-17]
        shutil.copytree(heap / "Image" / folder, target / "Image" / folder, copy_function=os.link)
        (target / "DataTable").mkdir(exist_ok=True)
        shutil.copy(table, target / "DataTable")
        copied += len(list((target / "Image" / folder).iterdir()))
    return target


def remove_results(heap: Path) -> None:
    """Remove what s1 has written beside a heap."""
    for name in ("Labeled", "Review", "Rejected", "Analysis"):
        shutil.rmtree(heap / f"Image_{name}", ignore_errors=True)


def tree(folder: Path) -> dict[str, str]:
    """Return the hash of every file."""
    paths = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): sha256(path) for path in paths}


def tally(values) -> dict[str, int]:
    """Count equal values, the commonest first."""
    counts = defaultdict(int)
    for value in values:
        counts[value] += 1
    return dict(sorted(counts.items(), key=lambda item: -item[1]))


def ratio(part: int, whole: int) -> float | None:
    """Return part over whole, None of nothing."""
    return round(part / whole, 4) if whole else None


def start_process(command: list) -> subprocess.Popen:
    """Start a stage in a session of its own."""
    return subprocess.Popen(
        [sys.executable, *map(str, command)],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    )


def kill_tree(process: subprocess.Popen) -> None:
    """Kill a process and all that it started, without warning."""
    parent = psutil.Process(process.pid)
    for one in (*parent.children(recursive=True), parent):
        one.kill()
    process.wait()


def run(command: list) -> tuple[float, int]:
    """Run a stage; return its seconds and the peak memory of its processes together, MB."""
    process = start_process(command)
    with watched(process.pid) as cost:
        code = process.wait()
    if code:
        raise SystemExit(f"{command[0]} ended with {code}")
    return cost.seconds, round(cost.bytes / 1e6)


PARTS = {
    "plant": plant,
    "label": label,
    "review": review,
    "speed": speed,
    "kill": kill,
    "split": split,
}

if __name__ == "__main__":
    sys.exit(main())
