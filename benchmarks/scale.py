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
import threading
import time
from pathlib import Path

import psutil

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import cli
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
                *(stage, photos, round(cost["seconds"], 1)),
                round(1000 * (cost["client_cpu"] + cost["worker_cpu"]) / photos, 1),
                round(1000 * cost["client_cpu"] / photos, 1),
                *(round(cost[name] / 1e6) for name in ("client_bytes", "worker_bytes")),
                round((bytes_in(work) - before) / 1e3 / photos, 1),
            )
            rows.append(dict(zip(COLUMNS, values, strict=True)))
            write_csv(args.output, COLUMNS, rows)
            print(*values, sep="\t", flush=True)


def bytes_in(folder: Path) -> int:
    """Return the size of all files in a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def run(command: list) -> dict[str, float]:
    """Run a stage; return its seconds, its processor time and its peak memory."""
    cost = dict.fromkeys(("client_bytes", "worker_bytes", "client_cpu"), 0.0)
    used: dict[int, float] = {}
    start = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, *map(str, command)], cwd=ROOT, stdout=subprocess.DEVNULL
    )
    watcher = threading.Thread(target=watch, args=(process.pid, cost, used))
    watcher.start()
    code = process.wait()
    watcher.join()
    if code:
        raise DataError(f"{command[0]} ended with {code}")
    return {**cost, "seconds": time.perf_counter() - start, "worker_cpu": sum(used.values())}


def watch(pid: int, cost: dict[str, float], used: dict[int, float]) -> None:
    """Look at a process and its children four times a second, until it ends."""
    while True:
        try:
            parent = psutil.Process(pid)
            if parent.status() == psutil.STATUS_ZOMBIE:
                return
            times = parent.cpu_times()
            cost["client_cpu"] = times.user + times.system
            cost["client_bytes"] = max(cost["client_bytes"], parent.memory_full_info().uss)
            workers = 0
            for child in parent.children(recursive=True):
                times = child.cpu_times()
                used[child.pid] = times.user + times.system
                workers += child.memory_full_info().uss
            cost["worker_bytes"] = max(cost["worker_bytes"], workers)
        except psutil.Error:
            if not psutil.pid_exists(pid):
                return
        time.sleep(0.25)


if __name__ == "__main__":
    arguments = parse_args()
    sys.exit(cli.run(lambda: measure(arguments), verbose=arguments.verbose))
