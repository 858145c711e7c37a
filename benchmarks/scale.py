"""What each stage costs per photo: processor time, memory, bytes on the disk, at several sizes.

Each stage runs as a user runs it, on a heap of simulated downloads. Processor time does not depend
on what else the machine does, as seconds do. Memory is what processes do not share: of the one that
was started, and of those that it started, together.

Reads:  nothing
Writes: --work, --output

    python benchmarks/scale.py --work heap --counts 300 1000
"""

import argparse
import shutil
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import cli
from benchmarks.process_cost import Cost, watched
from lib.errors import DataError
from lib.files import write_csv
from lib.paths import ROOT

COLUMNS = (
    *("stage", "photos", "seconds", "cpu_ms_per_photo", "client_cpu_ms_per_photo"),
    *("client_mb", "workers_mb", "kb_written_per_photo"),
)
RESULT = ROOT / "benchmarks" / "results" / "scale.csv"


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Parse the command line."""
    parser = cli.make_parser(__doc__, seed=True)
    parser.add_argument("--work", type=Path, required=True, help="folder for heaps and results")
    parser.add_argument(
        "--counts", type=cli.positive_int, nargs="+", default=[1000, 10_000], help="(%(default)s)"
    )
    parser.add_argument("--output", type=Path, default=RESULT, help="(default: %(default)s)")
    cli.add_jobs_flag(parser)
    return parser.parse_args(argv)


def measure(args: argparse.Namespace) -> None:
    """Run every stage at every size, smallest first; write the rows as they come."""
    rows = []
    for count in sorted(args.counts):
        work = args.work / str(count)
        shutil.rmtree(work, ignore_errors=True)
        raw, data = work / "RawData", work / "InputData"
        jobs = ["--jobs", args.jobs]
        size = ["--count", count, "--seed", args.seed, "--output", raw]
        stages = {
            "s0 photos": ["s0_simulate.py", "photos", *size, *jobs],
            "s1 label": ["s1_label_images.py", "--input", raw, *jobs],
            "s1 review": ["s1_label_images.py", "review", "--input", raw, *jobs],
            "s2": ["s2_preprocess.py", "--input", raw / "Image_Labeled", "--output", data, *jobs],
            "s2 again": ["s2_preprocess.py", "--input", raw / "Image_Labeled", "--output", data],
            "s3": ["s3_to_tfrecord.py", "--input", data, "--partial"],
            "identify": ["identify.py", raw / "Image_Labeled", "--json", *jobs],
        }
        for stage, command in stages.items():
            before = bytes_in(work)
            cost = run(command)
            photos = count if stage == "s0 photos" else len(list(raw.glob("Image_Labeled/*/*.*g")))
            values = (
                *(stage, photos, round(cost.seconds, 1)),
                round(1000 * cost.cpu_s / photos, 1),
                round(1000 * cost.client_cpu_s / photos, 1),
                *(round(size / 1e6) for size in (cost.client_bytes, cost.workers_bytes)),
                round((bytes_in(work) - before) / 1e3 / photos, 1),
            )
            rows.append(dict(zip(COLUMNS, values, strict=True)))
            write_csv(args.output, COLUMNS, rows)
            print(*values, sep="\t", flush=True)


def bytes_in(folder: Path) -> int:
    """Return the size of all files in a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def run(command: list) -> Cost:
    """Run a stage; return what it cost."""
    process = subprocess.Popen(
        [sys.executable, *map(str, command)], cwd=ROOT, stdout=subprocess.DEVNULL
    )
    with watched(process.pid) as cost:
        code = process.wait()
    if code:
        raise DataError(f"{command[0]} ended with {code}")
    return cost


if __name__ == "__main__":
    arguments = parse_args()
    sys.exit(cli.run(lambda: measure(arguments), verbose=arguments.verbose))
