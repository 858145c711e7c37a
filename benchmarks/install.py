"""What the installs cost: seconds of pip, megabytes on the disk, seconds to the first answer.

Each is made as a user makes it, in a new environment and without pip's cache, so that its time is
that of this machine's network; the seconds of CPU are pip's own. On a busy machine only sizes and
CPU mean something. The first answer compiles Python's files, the next one does not.

Reads:  pyproject.toml, requirements-use.txt, requirements.txt
Writes: benchmarks/results/install.csv

Example: python benchmarks/install.py --python python3.12 python3.13 --kind use
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import cli
from lib.errors import DataError
from lib.files import write_csv
from lib.paths import ROOT

COLUMNS = (
    "python",
    "kind",
    "packages",
    "install_s",
    "install_cpu_s",
    "size_mb",
    "largest",
    "first_answer_s",
    "next_answer_s",
)
RESULT = ROOT / "benchmarks" / "results" / "install.csv"
# To name photos alone, to use all of the program, and to train as well.
REQUIREMENTS = {
    "identify": (ROOT,),
    "use": ("-r", ROOT / "requirements-use.txt"),
    "train": ("-r", ROOT / "requirements.txt"),
}
PHOTO = ROOT / "web" / "static" / "web" / "examples" / "helium.jpg"
_LARGEST = 3


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Parse the command line."""
    parser = cli.make_parser(__doc__)
    parser.add_argument(
        "--python",
        nargs="+",
        default=[sys.executable],
        metavar="COMMAND",
        help="interpreters (default: the one that runs this)",
    )
    parser.add_argument(
        "--kind",
        nargs="+",
        choices=REQUIREMENTS,
        default=list(REQUIREMENTS),
        help="what to install (default: all three)",
    )
    parser.add_argument(
        "--keep",
        type=Path,
        metavar="DIR",
        help="leave the environments there, DIR/<python>-<kind> (default: in no place)",
    )
    parser.add_argument("--output", type=Path, default=RESULT, help="(default: %(default)s)")
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> int:
    """Run the command."""
    args = parse_args(argv)
    return cli.run(lambda: measure_all(args), verbose=args.verbose)


def measure_all(args: argparse.Namespace) -> None:
    """Make each environment, and write what it cost."""
    rows = []
    for python in args.python:
        for kind in args.kind:
            with tempfile.TemporaryDirectory() as scratch:
                parent = args.keep or Path(scratch)
                rows.append(measure(python, kind, parent))
            print(", ".join(f"{name} {value}" for name, value in rows[-1].items()), flush=True)
    write_csv(args.output, COLUMNS, rows)


def measure(python: str, kind: str, parent: Path) -> dict[str, object]:
    """Install one set of requirements for one interpreter; return its row."""
    version = run(python, "-c", "import platform; print(platform.python_version())").strip()
    environment = parent / f"{version}-{kind}"
    if environment.exists():
        shutil.rmtree(environment)
    run(python, "-m", "venv", environment)
    (inside,) = (path for path in environment.glob("*/python*") if path.stem == "python")
    words = ("install", "--quiet", "--no-cache-dir", *REQUIREMENTS[kind])
    install_s, install_cpu_s = seconds(inside, "-m", "pip", *words)
    (site,) = environment.rglob("site-packages")
    sizes = {path.name: megabytes(path) for path in site.iterdir()}
    largest = sorted(sizes, key=sizes.get, reverse=True)[:_LARGEST]
    answers = [seconds(inside, ROOT / "identify.py", PHOTO)[0] for _ in range(2)]
    return {
        "python": version,
        "kind": kind,
        "packages": len(list(site.glob("*.dist-info"))),
        "install_s": round(install_s),
        "install_cpu_s": round(install_cpu_s),
        "size_mb": round(megabytes(environment)),
        "largest": " ".join(f"{name}:{sizes[name]:.0f}" for name in largest),
        "first_answer_s": round(answers[0], 1),
        "next_answer_s": round(answers[1], 1),
    }


def megabytes(path: Path) -> float:
    """Return what a file or all files of a folder hold, in units of a million bytes."""
    files = path.rglob("*") if path.is_dir() else [path]
    return sum(one.lstat().st_size for one in files if not one.is_dir()) / 1e6


def seconds(*words: object) -> tuple[float, float]:
    """Run a command; return how long it took, and how much of a processor."""
    began, used = time.perf_counter(), children_cpu_s()
    run(*words)
    return time.perf_counter() - began, children_cpu_s() - used


def children_cpu_s() -> float:
    """Return the seconds of CPU of all processes that this one has run."""
    times = os.times()
    return times.children_user + times.children_system


def run(*words: object) -> str:
    """Run a command; return what it prints."""
    done = subprocess.run([str(word) for word in words], capture_output=True, text=True)
    if done.returncode:
        raise DataError(f"{words[0]}: {done.stderr.strip()[-500:]}")
    return done.stdout


if __name__ == "__main__":
    sys.exit(main())
