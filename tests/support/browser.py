"""A headless Chromium whose camera plays photos of one simulated instrument."""

import shutil
from collections.abc import Iterable
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image

from lib.files import write_bytes
from lib.simulation.photos.bench import Bench, draw_bench

_PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
# The sandbox needs rights that containers and CI seldom give; only our own pages are opened.
_FLAGS = ("headless=new", "no-sandbox", "disable-dev-shm-usage", "window-size=1280,900")
_CAMERA_FLAGS = ("use-fake-device-for-media-stream", "use-fake-ui-for-media-stream")
_QUALITY = 92


def find_chromium() -> tuple[str, str] | None:
    """Return the paths of Chromium and its chromedriver, or None where one is missing."""
    program = next(filter(None, map(shutil.which, _PROGRAMS)), None)
    driver = shutil.which("chromedriver")
    return (program, driver) if program and driver else None


def start_chromium(programs: tuple[str, str], stream: Path, *flags: str):
    """Return a Selenium driver of a Chromium that films `stream`, an MJPEG file, over and over."""
    from selenium import webdriver

    program, driver = programs
    options = webdriver.ChromeOptions()
    options.binary_location = program
    camera = (*_CAMERA_FLAGS, f"use-file-for-fake-video-capture={stream}")
    for flag in (*_FLAGS, *camera, *flags):
        options.add_argument(f"--{flag}")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    return webdriver.Chrome(options=options, service=webdriver.ChromeService(driver))


def bench_of_size(width: int, height: int, seed: int = 0, **difficulty: bool) -> Bench:
    """Return the first simulated instrument from a seed on whose photos have a size."""
    while True:
        bench = draw_bench(np.random.default_rng(seed), vertical=False, **difficulty)
        if (bench.setting.width, bench.setting.height) == (width, height):
            return bench
        seed += 1


def write_stream(path: Path, images: Iterable[np.ndarray]) -> None:
    """Write photos, uint8 (height, width, 3), as the frames of an MJPEG file."""
    write_bytes(path, b"".join(map(jpeg, images)))


def jpeg(image: np.ndarray) -> bytes:
    """Return a photo as a JPEG file."""
    buffer = BytesIO()
    Image.fromarray(image).save(buffer, "JPEG", quality=_QUALITY)
    return buffer.getvalue()
