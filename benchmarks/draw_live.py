"""Take the picture of the live view that README shows, in a real browser.

Reads:  models/default; the camera's frames are simulated (one instrument, a fluorescent lamp)
Writes: docs/live.png

    python benchmarks/draw_live.py
"""

import argparse
import base64
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import cli
from benchmarks.live_view import live_page
from lib.errors import DataError
from lib.files import write_bytes

_FRAMES = 4
_WINDOW = (1180, 1000)
_WAIT_S = 30.0
_SETTLE_S = 8.0
_SHOW = """
for (const id of ["start", "falls"]) document.getElementById(id).click();
const named = document.getElementById("named");
named.value = "mercury";
named.dispatchEvent(new Event("change"));
"""


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Parse the command line."""
    parser = cli.make_parser(__doc__)
    parser.add_argument(
        "--output",
        type=Path,
        default=Path(__file__).resolve().parent.parent / "docs" / "live.png",
        help="(default: %(default)s)",
    )
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> int:
    """Run the command."""
    args = parse_args(argv)
    return cli.run(lambda: draw(args.output), verbose=args.verbose)


def draw(output: Path) -> None:
    """Film a lamp, calibrate with it, and take a picture of the page."""
    with live_page(_FRAMES) as (browser, url):
        write_bytes(output, picture(browser, url))
    cli.say(f"{output}")


def picture(browser, url: str) -> bytes:
    """Return the live view's picture, a PNG, once it shows wavelengths."""
    width, height = _WINDOW
    size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    browser.get(url)
    deadline = time.monotonic() + _WAIT_S
    while not browser.execute_script("return document.getElementById('instrument').value"):
        if time.monotonic() > deadline:
            raise DataError(f"{url}: the instrument was not chosen within {_WAIT_S:.0f} s")
        time.sleep(0.1)
    browser.execute_script(_SHOW)
    time.sleep(_SETTLE_S)
    shot = browser.execute_cdp_cmd("Page.captureScreenshot", {"format": "png"})
    return base64.b64decode(shot["data"])


if __name__ == "__main__":
    sys.exit(main())
