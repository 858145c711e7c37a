"""Seconds, memory and recall of the index for near duplicates alone, on fingerprints made up.

Fingerprints have the mean and the covariance of those of a heap that duplicates.py has made; one in
twenty is a copy of one before it, off by what some copy of that heap is off its original. Whether
proposed pairs are copies is not asked: that needs photos, and grows with the pairs, told here.

Reads:  --heap, the --work of duplicates.py
Writes: --output

    python benchmarks/duplicates.py --work heap --counts 1000
    python benchmarks/duplicates_index.py --heap heap --counts 10000 30000 100000
"""

import argparse
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import cli
from benchmarks.duplicates import name_of, plan
from benchmarks.process_cost import watched
from lib.curation.analysis import AnalysisStore
from lib.curation.candidates import Marks, propose
from lib.curation.fingerprints import WAVES
from lib.curation.likeness import profile_of
from lib.errors import DataError
from lib.files import write_csv
from lib.paths import ROOT

COLUMNS = (
    *("fingerprints", "copies", "proposed", "pairs_per_fingerprint"),
    *("seconds", "cpu_s", "marks_mb", "peak_mb"),
)
RESULT = ROOT / "benchmarks" / "results" / "duplicates_index.csv"
PROFILE_SAMPLES = 64
# Of frame waves, axis waves, profiles; laid side by side in the rows of an array.
SIZES = (WAVES * WAVES, WAVES * WAVES, PROFILE_SAMPLES * 3)
# To learn a covariance from.
_LEAST_SAMPLE = 500


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Parse the command line."""
    parser = cli.make_parser(__doc__, seed=True)
    parser.add_argument("--heap", type=Path, required=True, help="--work of duplicates.py")
    parser.add_argument(
        "--counts",
        type=cli.positive_int,
        nargs="+",
        default=[10_000, 30_000, 100_000],
        help="fingerprints (default: 10000 30000 100000)",
    )
    parser.add_argument("--output", type=Path, default=RESULT, help="(default: %(default)s)")
    cli.add_jobs_flag(parser)
    return parser.parse_args(argv)


def measure(args: argparse.Namespace) -> None:
    """Make fingerprints of each number and time the search among them."""
    sample, copies = read_sample(args.heap, args.seed)
    rows = []
    for count in sorted(args.counts):
        rows.append(timed(args, count, sample, copies))
        write_csv(args.output, COLUMNS, rows)
        print(*(f"{name} {value}" for name, value in rows[-1].items()), sep=", ", flush=True)


def read_sample(heap: Path, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the fingerprints of a heap, (n, 480), and what its copies are off, (m, 480)."""
    store = AnalysisStore(heap / "analyses")
    rows: list[np.ndarray] = []
    while store.holds(name_of(len(rows))):
        analysis = store.read(name_of(len(rows)))
        crop = analysis.crop_pixels() if analysis.crop else None
        parts = (*analysis.waves(), profile_of(crop, PROFILE_SAMPLES))
        rows.append(np.concatenate([np.asarray(part, np.float32).ravel() for part in parts]))
    if len(rows) < _LEAST_SAMPLE:
        raise DataError(
            f"{heap}: expected the photos of duplicates.py, {_LEAST_SAMPLE} or more; "
            f"received {len(rows)}"
        )
    sample = np.stack(rows)
    sources = plan(len(rows), seed)
    # Mirrored ones have other signs: the index looks for these by itself.
    off = [
        sample[photo] - sample[source] for photo, source in enumerate(sources) if photo != source
    ]
    middle = np.median(np.linalg.norm(off, axis=1))
    return sample, np.stack([one for one in off if np.linalg.norm(one) <= middle])


def draw(count: int, seed: int, sample: np.ndarray, copies: np.ndarray) -> tuple[Marks, list[int]]:
    """Return fingerprints, and for each the one that it is a copy of: itself, or one before it."""
    rng = np.random.default_rng([seed, count])
    sources = plan(count, seed)
    mean = sample.mean(axis=0)
    _, scale, parts = np.linalg.svd(sample - mean, full_matrices=False)
    spread = (scale / np.sqrt(len(sample)))[:, None] * parts
    rows = np.empty((count, sample.shape[1]), np.float16)
    for photo, source in enumerate(sources):
        if photo == source:
            row = mean + rng.standard_normal(len(spread), np.float32) @ spread
        else:
            row = rows[source] + copies[rng.integers(len(copies))]
        ends = np.cumsum(SIZES)[:-1]
        rows[photo] = np.concatenate(
            [part / max(np.linalg.norm(part), 1e-6) for part in np.split(row, ends)]
        )
    frame, axis, profiles = np.split(rows, np.cumsum(SIZES)[:-1], axis=1)
    waves = (count, WAVES, WAVES)
    marks = Marks(
        np.ascontiguousarray(frame).reshape(waves),
        np.ascontiguousarray(axis).reshape(waves),
        np.ascontiguousarray(profiles).reshape(count, PROFILE_SAMPLES, 3),
    )
    return marks, sources


def timed(args: argparse.Namespace, count: int, sample: np.ndarray, copies: np.ndarray) -> dict:
    """Search among `count` fingerprints; return a row of `COLUMNS`."""
    marks, sources = draw(count, args.seed, sample, copies)
    with watched() as cost:
        pairs = propose(marks, threads=args.jobs)
    proposed = set(map(tuple, pairs[:, :2].tolist()))
    planted = [(source, photo) for photo, source in enumerate(sources) if photo != source]
    values = (
        *(count, len(planted)),
        round(sum(pair in proposed for pair in planted) / max(len(planted), 1), 4),
        round(len(pairs) / count, 2),
        *(round(cost.seconds, 1), round(cost.cpu_s, 1)),
        round(sum(values.nbytes for values in vars(marks).values()) / 1e6),
        round(cost.client_bytes / 1e6),
    )
    return dict(zip(COLUMNS, values, strict=True))


if __name__ == "__main__":
    arguments = parse_args()
    sys.exit(cli.run(lambda: measure(arguments), verbose=arguments.verbose))
