"""Film the live view for README, in a real browser: from pixels to wavelengths.

Reads:  models/default; the camera's frames are simulated (one instrument, a fluorescent lamp)
Writes: docs/live.gif

    python benchmarks/draw_live.py
"""

import argparse
import base64
import io
import sys
import time
from pathlib import Path

from PIL import Image

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import cli
from benchmarks.live_view import live_page
from lib.errors import DataError
from lib.files import write_bytes

_FRAMES = 4
_WINDOW = (1080, 640)
_SHOWN = 720  # pixels of the film's width
_COLOURS = 96
_FRAME_MS = 400
_WAIT_S = 30.0
_SETTLE_S = 4.0
# What is done on the page, and how many frames are taken after it.
_SCENES = (
    ("const i = document.getElementById('instrument'); window.mine = i.value; i.value = '';"
     "i.dispatchEvent(new Event('change')); document.getElementById('start').click()", 5),
    ("const i = document.getElementById('instrument'); i.value = window.mine;"
     "i.dispatchEvent(new Event('change'))", 5),
    ("const n = document.getElementById('named'); n.value = 'mercury';"
     "n.dispatchEvent(new Event('change'))", 5),
    ("document.getElementById('zoom-in').click()", 4),
)  # fmt: skip


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Parse the command line."""
    parser = cli.make_parser(__doc__)
    parser.add_argument(
        "--output",
        type=Path,
        default=Path(__file__).resolve().parent.parent / "docs" / "live.gif",
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
    """Return a film of the live view, an animated GIF."""
    width, height = _WINDOW
    size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    browser.get(url)
    deadline = time.monotonic() + _WAIT_S
    while not browser.execute_script("return document.getElementById('instrument').value"):
        if time.monotonic() > deadline:
            raise DataError(f"{url}: the instrument was not chosen within {_WAIT_S:.0f} s")
        time.sleep(0.1)
    frames = []
    for number, (script, count) in enumerate(_SCENES):
        browser.execute_script(script)
        time.sleep(_SETTLE_S if number == 0 else _FRAME_MS / 1000)
        for _ in range(count):
            frames.append(_frame(browser))
            time.sleep(_FRAME_MS / 1000)
    written = io.BytesIO()
    first, *rest = frames
    first.save(
        written, "GIF", save_all=True, append_images=rest, duration=_FRAME_MS, loop=0, optimize=True
    )
    return written.getvalue()


def _frame(browser) -> Image.Image:
    shot = browser.execute_cdp_cmd("Page.captureScreenshot", {"format": "png"})
    image = Image.open(io.BytesIO(base64.b64decode(shot["data"]))).convert("RGB")
    small = image.resize((_SHOWN, round(image.height * _SHOWN / image.width)), Image.LANCZOS)
    return small.quantize(_COLOURS)


if __name__ == "__main__":
    sys.exit(main())
