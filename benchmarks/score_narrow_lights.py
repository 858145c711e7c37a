"""LEDs of every colour and laser lines before a few simulated instruments: what each is called.

LEDs from 365 to 940 nm and lasers from 405 to 980 nm, evenly apart; an instrument whose camera does
not see a light's wavelength leaves it out. LEDs should be led or refused, lasers refused.

Reads:  a frozen model
Writes: benchmarks/results/narrow_lights.csv; a summary on stdout

    python benchmarks/score_narrow_lights.py
"""

import argparse
import sys
from collections import Counter
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import cli
from lib.files import write_csv
from lib.parallel import map_in_order
from lib.paths import DEFAULT_MODEL, ROOT
from lib.recognition.name.classifier import Classifier
from lib.recognition.recognise import recognise
from lib.simulation.lamps.glow import draw_die
from lib.simulation.lamps.spectra import deposit
from lib.simulation.photos.bench import draw_bench

COLUMNS = ("instrument", "light", "nm", "called", "certainty", "reason_code")
RESULT = ROOT / "benchmarks" / "results" / "narrow_lights.csv"
LIGHTS = {"led": np.linspace(365, 940, 71), "laser": np.linspace(405, 980, 60)}
# A camera that sees less than this part of its best at a wavelength does not see the light.
_LEAST_RESPONSE = 0.02


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Parse the command line."""
    parser = cli.make_parser(__doc__, seed=True)
    parser.add_argument("--model", type=Path, default=DEFAULT_MODEL, help="(%(default)s)")
    parser.add_argument("--instruments", type=cli.positive_int, default=3, help="(%(default)s)")
    parser.add_argument("--output", type=Path, default=RESULT, help="(default: %(default)s)")
    cli.add_jobs_flag(parser)
    return parser.parse_args(argv)


def measure(args: argparse.Namespace) -> None:
    """Measure, write the table and print the summary."""
    tasks = [(args.model, args.seed, number) for number in range(args.instruments)]
    rows = [row for part in map_in_order(rows_of, tasks, jobs=args.jobs) for row in part]
    write_csv(args.output, COLUMNS, rows)
    for light in LIGHTS:
        of_light = [row for row in rows if row["light"] == light]
        called = Counter(row["called"] for row in of_light).most_common()
        print(f"{light}: {len(of_light)} seen,", ", ".join(f"{n} {name}" for name, n in called))


def rows_of(task: tuple[Path, int, int]) -> list[dict]:
    """Return what one instrument's lights are called."""
    model, seed, number = task
    classifier = Classifier(model)
    rng = np.random.default_rng([seed, number])
    bench = draw_bench(rng)
    rows = []
    for light, places in LIGHTS.items():
        seen = bench.sensor.response(np.array([places]))[0].max(axis=1)
        best = bench.sensor.response(np.linspace(400, 700, 61)[None]).max()
        for nm in places[seen > _LEAST_RESPONSE * best]:
            spd = draw_die(rng, nm) if light == "led" else deposit(np.array([nm]), np.ones(1))
            answer = recognise(bench.photograph(rng, spd), classifier)
            rows.append(
                {
                    "instrument": number,
                    "light": light,
                    "nm": round(float(nm), 1),
                    "called": answer.source or answer.status,
                    "certainty": answer.certainty,
                    "reason_code": answer.reason_code or "",
                }
            )
    return rows


if __name__ == "__main__":
    arguments = parse_args()
    sys.exit(cli.run(lambda: measure(arguments), verbose=arguments.verbose))
