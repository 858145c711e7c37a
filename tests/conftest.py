"""Shared fixtures: the optional folder of real spectra, a browser, the running service."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from page_steps import HTTP_HOST

pytest_plugins = ("training_layer", "web_layer")

ROOT = Path(__file__).resolve().parent.parent
# The seed of `tests.support.browser.bench_of_size` whose band is tilted and whose lines lean.
TILTED_BENCH = 144


# Fixtures that start a browser, a server, a cluster or a whole training with its freezing, or make
# many photos: the tests that use them are slow.
SLOW_FIXTURES = {"browser", "service", "cluster", "finished_run", "downloads", "analysed"}


# Files of a minute and more, longest first. A file is run by one process: begun last, it would keep
# the other one waiting.
LONGEST_FILES = ("notebook", "train_shipped", "eighth_class", "web_page", "distribute", "s6_serve")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what uses a slow fixture; put the longest files first, then others with slow tests."""
    for item in items:
        if SLOW_FIXTURES & set(getattr(item, "fixturenames", ())):
            item.add_marker("slow")
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    longest = [ROOT / "tests" / f"test_{name}.py" for name in LONGEST_FILES]

    def turn(item: pytest.Item) -> tuple[int, bool]:
        place = longest.index(item.path) if item.path in longest else len(longest)
        return place, item.path not in slow

    items.sort(key=turn)


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
def bench():
    """The simulated instrument that the browser's camera films: tilted, its lines leaning."""
    from tests.support.browser import bench_of_size

    return bench_of_size(1280, 720, TILTED_BENCH)


@pytest.fixture(scope="session")
def browser(bench, tmp_path_factory) -> Iterator:
    """A headless Chromium driven by Selenium, or a skip where none is installed.

    Its camera films a fluorescent lamp. It takes the name HTTP_HOST for this machine.
    """
    import numpy as np

    from lib.simulation.lamps.catalogue import LAMPS
    from tests.support.browser import find_chromium, start_chromium, write_stream

    programs = find_chromium()
    if programs is None:
        pytest.skip("no Chromium with its chromedriver here: apt install chromium chromium-driver")
    spd = LAMPS["triphosphor"].draw(np.random.default_rng(5))
    stream = tmp_path_factory.mktemp("camera") / "lamp.mjpeg"
    frames = (bench.photograph(np.random.default_rng(k), spd, peak=0.5) for k in range(4))
    write_stream(stream, frames)
    chromium = start_chromium(programs, stream, f"host-resolver-rules=MAP {HTTP_HOST} 127.0.0.1")
    yield chromium
    chromium.quit()


@pytest.fixture(scope="session")
def service(tmp_path_factory, shipped_model) -> Iterator:
    """s6_serve.py with the model that ships, on a free port, without limits on rates."""
    from tests.support.running_service import running_service

    state = tmp_path_factory.mktemp("service") / "state"
    flags = ("--token-rate", "0", "--address-rate", "0", "--allowed-host", HTTP_HOST)
    with running_service(state, *flags, model=shipped_model) as running:
        yield running
