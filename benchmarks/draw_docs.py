"""Draw every picture of README and docs again, so that none is of another version.

Reads:  models/; photos that ship, and simulated ones
Writes: docs/*.png, docs/live.gif, docs/terminal.svg

    python benchmarks/draw_docs.py
"""

import argparse
import base64
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import cli
from lib.errors import DataError
from lib.files import write_bytes
from lib.paths import ROOT
from lib.simulation.lamps.catalogue import LAMPS
from lib.simulation.lamps.spectra import deposit
from tests.support.browser import bench_of_size, find_chromium, jpeg, start_chromium
from tests.support.running_service import running_service

EXAMPLE = ROOT / "web" / "static" / "web" / "examples" / "fluorescent.jpg"
_LAPTOP = {"width": 1280, "height": 800, "deviceScaleFactor": 1, "mobile": False}
_WAIT_S = 60.0
_SEED = 7
_ANSWERED = "return document.querySelectorAll('#plot path').length > 0"
_CHOOSE = "document.querySelector(`[data-photo$='fluorescent.jpg']`).click()"


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Parse the command line."""
    parser = cli.make_parser(__doc__)
    parser.add_argument(
        "--output", type=Path, default=ROOT / "docs", help="folder (default: %(default)s)"
    )
    parser.add_argument("--only", nargs="+", choices=PARTS, help="some of them (default: all)")
    return parser.parse_args(argv)


def run(*words: object) -> None:
    """Run a command of this repository; DataError if it fails."""
    done = subprocess.run(
        [sys.executable, *map(str, words)], cwd=ROOT, capture_output=True, text=True
    )
    if done.returncode:
        raise DataError(f"{words[0]}: {done.stderr.strip()}")


def draw_answer(output: Path, work: Path) -> None:
    """A photo, and the spectrum that identify makes of it."""
    run("identify.py", EXAMPLE, "--plot", work)
    shutil.copy(work / "fluorescent.png", output / "photo_to_spectrum.png")


def draw_terminal(output: Path, work: Path) -> None:
    """What identify shows in a terminal."""
    run("benchmarks/draw_terminal.py", "--output", output / "terminal.svg")


def draw_measured(output: Path, work: Path) -> None:
    """Five lights on one instrument, which one lamp has calibrated."""
    bench = bench_of_size(640, 480, _SEED)
    rng = np.random.default_rng(_SEED)
    lamp = bench.photograph(rng, LAMPS["triphosphor"].draw(rng), peak=0.5)
    write_bytes(work / "lamp.jpg", jpeg(lamp))
    lights = {f"laser {nm} nm": deposit(nm, 1.0) for nm in (450.0, 532.0, 650.0)}
    lights |= {name: LAMPS[name].draw(rng) for name in ("white_led", "incandescent")}
    for name, light in lights.items():
        write_bytes(work / f"{name}.jpg", jpeg(bench.photograph(rng, light, peak=0.5)))
    instrument = work / "instrument.json"
    run("calibrate.py", work / "lamp.jpg", "--lamp", "cfl", "--output", instrument)
    photos = [work / f"{name}.jpg" for name in lights]
    plot = work / "measured.png"
    run("measure.py", *photos, "--instrument", instrument, "--plot", plot)
    shutil.copy(plot, output / "measured.png")


def draw_page(output: Path, work: Path) -> None:
    """The page with an answer, as a laptop shows it."""
    programs = find_chromium()
    if programs is None:
        raise DataError("no Chromium with its chromedriver here")
    with running_service(work / "state") as service:
        browser = start_chromium(programs, work / "none.mjpeg")
        try:
            browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", _LAPTOP)
            browser.get(service.url)
            browser.execute_script(_CHOOSE)
            deadline = time.monotonic() + _WAIT_S
            while not browser.execute_script(_ANSWERED):
                if time.monotonic() > deadline:
                    raise DataError(f"{service.url}: no answer within {_WAIT_S:.0f} s")
                time.sleep(0.1)
            # The page moves to the answer.
            time.sleep(1.5)
            shot = browser.execute_cdp_cmd("Page.captureScreenshot", {"format": "png"})
            write_bytes(output / "page.png", base64.b64decode(shot["data"]))
        finally:
            browser.quit()


def draw_live(output: Path, work: Path) -> None:
    """The live view, moving."""
    run("benchmarks/draw_live.py", "--output", output / "live.gif")


def draw_simulator(output: Path, work: Path) -> None:
    """Lamps, crops of each class, crops made in two ways."""
    run("benchmarks/draw_simulator.py", "--output", output)


def draw_review(output: Path, work: Path) -> None:
    """A page of the review of labels."""
    heap = work / "heap"
    run("s0_simulate.py", "photos", "--count", 150, "--seed", 3, "--output", heap)
    run("s1_label_images.py", "--input", heap)
    run("s1_label_images.py", "review", "--input", heap)
    page = heap / "Image_Review" / "5-neon.html"
    run("benchmarks/draw_review.py", page, "--output", output / "review.png")


PARTS: dict[str, Callable[[Path, Path], None]] = {
    "answer": draw_answer,
    "terminal": draw_terminal,
    "measured": draw_measured,
    "page": draw_page,
    "live": draw_live,
    "simulator": draw_simulator,
    "review": draw_review,
}


def draw(args: argparse.Namespace) -> None:
    """Draw the parts, each in a folder of its own."""
    for name in args.only or PARTS:
        with tempfile.TemporaryDirectory() as work:
            PARTS[name](args.output, Path(work))
        cli.say(f"{name}: drawn")


def main(argv: list[str] | None = None) -> int:
    """Run the command."""
    args = parse_args(argv)
    return cli.run(lambda: draw(args), verbose=args.verbose)


if __name__ == "__main__":
    sys.exit(main())
