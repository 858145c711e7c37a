"""Take the picture of a review page that README shows, in a real browser.

Reads:  the page that `s1_label_images.py review` wrote
Writes: docs/review.png

    python s0_simulate.py photos --count 150 --seed 3 --output heap
    python s1_label_images.py --input heap && python s1_label_images.py review --input heap
    python benchmarks/draw_review.py heap/Image_Review/5-neon.html
"""

import argparse
import shutil
import sys
from pathlib import Path

from selenium import webdriver
from selenium.webdriver.common.by import By


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("page", type=Path)
    parser.add_argument(
        "--output",
        type=Path,
        default=Path(__file__).resolve().parent.parent / "docs" / "review.png",
        help="(default: %(default)s)",
    )
    parser.add_argument("--dark", action="store_true", help="the dark theme (default: light)")
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> int:
    """Open the page, decide on two photos, take the picture."""
    args = parse_args(argv)
    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium") or ""
    for flag in ("headless=new", "no-sandbox", "window-size=1280,960"):
        options.add_argument(f"--{flag}")
    service = webdriver.ChromeService(shutil.which("chromedriver"))
    browser = webdriver.Chrome(options=options, service=service)
    try:
        theme = {"name": "prefers-color-scheme", "value": "dark" if args.dark else "light"}
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [theme]})
        browser.get(args.page.resolve().as_uri())
        browser.find_element(By.TAG_NAME, "body").send_keys("r", "a")
        browser.save_screenshot(str(args.output))
    finally:
        browser.quit()
    return 0


if __name__ == "__main__":
    sys.exit(main())
