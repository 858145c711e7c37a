"""Shared fixtures: the optional folder of real spectra, a browser, the running service."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest_plugins = ("training_layer", "web_layer")

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real spectra, or a skip where the machine has none."""
    folder = Path(os.environ.get("SPECTRA_REAL_DATA", ROOT.parent / "shared" / "real"))
    if not (folder / "photos.csv").exists():
        pytest.skip("no real spectra here: set SPECTRA_REAL_DATA to a folder that holds photos.csv")
    return folder


@pytest.fixture(scope="session")
def shipped_model() -> Path:
    """The folder of the model that ships."""
    from lib.paths import DEFAULT_MODEL

    if not (DEFAULT_MODEL / "model.json").exists():
        pytest.skip(f"no model in {DEFAULT_MODEL}")
    return DEFAULT_MODEL


@pytest.fixture(scope="session")
def browser() -> Iterator:
    """A headless Chromium driven by Selenium, or a skip where none is installed."""
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    program = next(filter(None, map(shutil.which, names)), None)
    driver = shutil.which("chromedriver")
    if not program or not driver:
        pytest.skip("no Chromium with its chromedriver here: apt install chromium chromium-driver")
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    options.binary_location = program
    # The sandbox needs rights that containers and CI seldom give; only our own pages are opened.
    for flag in ("headless=new", "no-sandbox", "disable-dev-shm-usage", "window-size=1280,900"):
        options.add_argument(f"--{flag}")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    chromium = webdriver.Chrome(options=options, service=webdriver.ChromeService(driver))
    yield chromium
    chromium.quit()


@pytest.fixture(scope="session")
def service(tmp_path_factory, shipped_model) -> Iterator:
    """s6_serve.py with the model that ships, on a free port, without limits on rates."""
    from benchmarks.running_service import running_service

    state = tmp_path_factory.mktemp("service") / "state"
    flags = ("--token-rate", "0", "--address-rate", "0")
    with running_service(state, *flags, model=shipped_model) as running:
        yield running
