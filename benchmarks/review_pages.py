"""How long the pages of a large heap take to write, to open and to work on, in a real browser.

The heap is some simulated photos under many names, spread over the sources as a crawl has them.
Each page is opened afresh in headless Chromium: from the call to the first photos drawn. Then the
last photo is gone to, and one is decided on, by keyboard.

Reads:  nothing
Writes: --work, --output

    python benchmarks/review_pages.py --work pages
"""

import argparse
import shutil
import statistics
import sys
import time
from pathlib import Path

import numpy as np
import psutil
from selenium import webdriver
from selenium.webdriver.common.keys import Keys

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import cli
from lib.curation.analysis import AnalysisStore, analyse_all
from lib.curation.opinions import Opinion
from lib.curation.pages import PhotoNotes, write_pages
from lib.errors import DataError
from lib.files import write_csv
from lib.images.png import write_png
from lib.paths import ROOT
from lib.simulation.photos.photos import simulate_photo

COLUMNS = (
    *("photos", "pages", "mb_per_page", "write_s", "client_mb"),
    *("open_median_s", "open_worst_s", "last_photo_worst_s", "decide_worst_s"),
)
RESULT = ROOT / "benchmarks" / "results" / "review_pages.csv"
LAMPS = ("white_led", "triphosphor", "daylight", "incandescent", "mercury", "neon", "helium")
# Photos of each raw id in a thousand: about what titles of a crawl give.
SHARES = {"0": 300, "1": 280, "2": 180, "3": 90, "4": 60, "5": 40, "6": 20, "7": 20, "8": 10}


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Parse the command line."""
    parser = cli.make_parser(__doc__)
    parser.add_argument("--work", type=Path, required=True, help="folder for the pages")
    parser.add_argument(
        "--count", type=cli.positive_int, default=50_000, help="photos (default: %(default)s)"
    )
    parser.add_argument("--output", type=Path, default=RESULT, help="(default: %(default)s)")
    return parser.parse_args(argv)


def measure(args: argparse.Namespace) -> None:
    """Write the pages, open each, and write the row of `COLUMNS`."""
    store, digests = analysed(args.work)
    opinions = [
        Opinion(
            f"{raw_id}/{number:06}.png",
            digests[number % len(digests)],
            "ok",
            "",
            round(1 - number / args.count, 4),
            (("neon", 0.9), ("led", 0.1)),
            "ok",
        )
        for raw_id, share in SHARES.items()
        for number in range(args.count * share // 1000)
    ]
    notes = {digest: PhotoNotes("a lamp of the laboratory", "lamp, spectrum") for digest in digests}
    start = time.perf_counter()
    pages = write_pages(opinions, args.work / "Image_Labeled", store, {}, notes)
    write_s = time.perf_counter() - start
    memory = psutil.Process().memory_full_info().uss
    browser = start_browser()
    try:
        times = np.array([timed(browser, page) for page in pages])
    finally:
        browser.quit()
    size = statistics.mean(page.stat().st_size for page in pages)
    values = (len(opinions), len(pages), round(size / 1e6, 1), round(write_s, 1))
    values += (round(memory / 1e6), round(float(np.median(times[:, 0])), 2))
    values += tuple(np.round(times.max(axis=0), 2).tolist())
    row = dict(zip(COLUMNS, values, strict=True))
    write_csv(args.output, COLUMNS, [row])
    print(*(f"{name} {value}" for name, value in row.items()), sep="\n")


def analysed(work: Path) -> tuple[AnalysisStore, list[str]]:
    """Simulate and analyse some photos; return their analyses and their names there."""
    store = AnalysisStore(work / "analyses")
    paths = {}
    for number in range(4 * len(LAMPS)):
        paths[f"{number:02}"] = path = work / "photos" / f"{number:02}.png"
        if not path.exists():
            rng = np.random.default_rng([5, number])
            write_png(path, simulate_photo(rng, LAMPS[number % len(LAMPS)], quality=0).image)
    analyse_all(paths, store)
    return store, list(paths)


def start_browser() -> webdriver.Chrome:
    """Start headless Chromium."""
    names = ("chromium", "chromium-browser", "google-chrome")
    program = next(filter(None, map(shutil.which, names)), None)
    driver = shutil.which("chromedriver")
    if not program or not driver:
        raise DataError("no Chromium with its chromedriver: apt install chromium chromium-driver")
    options = webdriver.ChromeOptions()
    options.binary_location = program
    for flag in ("headless=new", "no-sandbox", "disable-dev-shm-usage", "window-size=1280,900"):
        options.add_argument(f"--{flag}")
    return webdriver.Chrome(options=options, service=webdriver.ChromeService(driver))


def timed(browser: webdriver.Chrome, page: Path) -> tuple[float, float, float]:
    """Return the seconds to open a page, to show its last photo and to decide on one."""
    open_s = seconds(lambda: browser.get(page.as_uri()))
    drawn = browser.execute_script("return document.querySelectorAll('.card img').length")
    if not drawn:
        raise DataError(f"{page}: shows no photo")
    body = browser.find_element("css selector", "body")
    last_s = seconds(lambda: body.send_keys(Keys.END))
    decide_s = seconds(lambda: body.send_keys("a"))
    counted = browser.find_element("id", "counts").text
    if "1 decided" not in counted:
        raise DataError(f"{page}: expected one decision, received {counted!r}")
    browser.execute_script("localStorage.clear()")
    return open_s, last_s, decide_s


def seconds(work) -> float:
    """Return how long a call takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


if __name__ == "__main__":
    arguments = parse_args()
    sys.exit(cli.run(lambda: measure(arguments), verbose=arguments.verbose))
