"""The live view's frame rate and memory, in a headless Chromium without a graphics card.

Reads:  models/default; the camera's frames are simulated (one instrument, a fluorescent lamp)
Writes: the figures on stdout, and a row every few seconds with --csv

    python benchmarks/live_view.py --seconds 300 --csv benchmarks/results/live_view.csv
"""

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np
import psutil
import requests

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import cli
from lib.errors import DataError
from lib.files import write_csv
from lib.simulation.lamps.catalogue import LAMPS
from tests.support.browser import bench_of_size, find_chromium, jpeg, start_chromium, write_stream
from tests.support.running_service import running_service

COLUMNS = (
    "second",
    "frames_a_second",
    "cpu_ms_a_frame",
    "heap_mb",
    "resident_mb",
    "load_average",
)
_SIZE = (1280, 720)
# Its band is tilted and its lines lean.
_SEED = 144
_FRAMES = 8
_CORES = 2
_SAMPLE_S = 10.0
# The first compilations and caches are no growth.
_WARM_UP_S = 30.0
_START_S = 60.0


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Parse the command line."""
    parser = cli.make_parser(__doc__)
    parser.add_argument("--seconds", type=cli.positive_int, default=300)
    parser.add_argument("--average", type=int, default=16, choices=(1, 8, 16, 32))
    parser.add_argument("--csv", type=Path, metavar="FILE", help="write a row every 10 seconds")
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> int:
    """Run the command."""
    args = parse_args(argv)
    return cli.run(lambda: measure(args), verbose=args.verbose)


def measure(args: argparse.Namespace) -> None:
    """Film a lamp, let the page draw it, print how often it did and what that took."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:_CORES])
    with live_page(_FRAMES) as (browser, url):
        rows = watch(browser, url, args)
    report(rows)
    if args.csv:
        write_csv(args.csv, COLUMNS, rows)


@contextmanager
def live_page(frames: int) -> Iterator[tuple]:
    """Yield a browser whose camera films a lamp, and the live view's address.

    The service has an instrument that was calibrated with this lamp.

    Parameters
    ----------
    frames : int
        What the camera shows in turn.

    Raises
    ------
    DataError
        If there is no Chromium.
    """
    programs = find_chromium()
    if programs is None:
        raise DataError("no Chromium with its chromedriver here")
    bench = bench_of_size(*_SIZE, _SEED)
    spd = LAMPS["triphosphor"].draw(np.random.default_rng(5))
    shown = [bench.photograph(np.random.default_rng(k), spd, peak=0.5) for k in range(frames)]
    with tempfile.TemporaryDirectory() as folder:
        stream = Path(folder) / "lamp.mjpeg"
        write_stream(stream, shown)
        with running_service(Path(folder) / "state") as service:
            requests.post(
                service.url + "/api/v1/calibrations",
                files={"photo": ("lamp.jpg", jpeg(shown[0]))},
                data={"name": "Bench", "lamp": "cfl"},
                headers=service.headers,
                timeout=_START_S,
            ).raise_for_status()
            browser = start_chromium(programs, stream)
            try:
                yield browser, f"{service.url}/live"
            finally:
                browser.quit()


def watch(browser, url: str, args: argparse.Namespace) -> list[dict]:
    """Return a row for every few seconds of the live view."""
    browser.get(url)
    until(browser, "return document.getElementById('instrument-note').textContent !== ''")
    browser.execute_script(
        "const average = document.getElementById('average'); average.value = arguments[0];"
        "average.dispatchEvent(new Event('change'));"
        "document.getElementById('start').click()",
        str(args.average),
    )
    until(browser, "return Number(document.getElementById('rate').dataset.drawn) > 30")
    browser.execute_cdp_cmd("Performance.enable", {})
    start = before = time.monotonic()
    frames, spent_s, rows = drawn(browser), browser_cpu_s(browser), []
    while before - start < args.seconds:
        time.sleep(_SAMPLE_S)
        now, count = time.monotonic(), drawn(browser)
        rows.append(
            {
                "second": round(now - start),
                "frames_a_second": round((count - frames) / (now - before), 1),
                "cpu_ms_a_frame": round(
                    1e3 * (browser_cpu_s(browser) - spent_s) / max(count - frames, 1), 1
                ),
                "heap_mb": round(heap_bytes(browser) / 1e6, 2),
                "resident_mb": round(browser_bytes(browser) / 1e6, 1),
                "load_average": round(os.getloadavg()[0], 1),
            }
        )
        frames, before, spent_s = drawn(browser), time.monotonic(), browser_cpu_s(browser)
    return rows


def until(browser, script: str) -> None:
    """Wait until a script's value is true."""
    deadline = time.monotonic() + _START_S
    while not browser.execute_script(script):
        if time.monotonic() > deadline:
            raise DataError(f"waited {_START_S:.0f} s in vain for: {script}")
        time.sleep(0.1)


def drawn(browser) -> int:
    """Return how many frames have been drawn, as the page counts them."""
    return int(browser.execute_script("return document.getElementById('rate').dataset.drawn"))


def heap_bytes(browser) -> float:
    """Return what the page's scripts hold once the garbage has gone."""
    browser.execute_cdp_cmd("HeapProfiler.collectGarbage", {})
    metrics = browser.execute_cdp_cmd("Performance.getMetrics", {})["metrics"]
    return next(one["value"] for one in metrics if one["name"] == "JSHeapUsedSize")


def processes(browser) -> list[psutil.Process]:
    """Return all of the browser's processes."""
    return psutil.Process(browser.service.process.pid).children(recursive=True)


def browser_cpu_s(browser) -> float:
    """Return the time that the browser's processes have spent on all cores, seconds."""
    total = 0.0
    for process in processes(browser):
        with suppress(psutil.NoSuchProcess):
            times = process.cpu_times()
            total += times.user + times.system
    return total


def browser_bytes(browser) -> int:
    """Return the resident memory of all of the browser's processes together."""
    total = 0
    for process in processes(browser):
        with suppress(psutil.NoSuchProcess):
            total += process.memory_full_info().pss if psutil.LINUX else process.memory_info().rss
    return total


def report(rows: list[dict]) -> None:
    """Print the figures: rates, and by how much memory grows after the warm-up."""
    rates = [row["frames_a_second"] for row in rows]
    print(f"{'frames_a_second':26} {np.mean(rates):.1f}")
    print(f"{'least_in_10_s':26} {min(rates):.1f}")
    print(f"{'cpu_ms_a_frame':26} {np.mean([row['cpu_ms_a_frame'] for row in rows]):.1f}")
    warm = [row for row in rows if row["second"] >= _WARM_UP_S] or rows
    minutes = [row["second"] / 60 for row in warm]
    for name in ("heap_mb", "resident_mb"):
        values = [row[name] for row in warm]
        slope = np.polyfit(minutes, values, 1)[0] if len(values) > 1 else 0.0
        print(f"{name + '_first_and_last':26} {values[0]:.1f} {values[-1]:.1f}")
        print(f"{name + '_a_minute':26} {slope:+.2f}")
    print(f"{'load_average':26} {np.mean([row['load_average'] for row in rows]):.1f}")


if __name__ == "__main__":
    sys.exit(main())
