"""Cameras that stop, are turned, or whose pictures are changed: the live view says so."""

import json

import pytest
import requests
from live_steps import LINES_CAMERA, drawn, press, start, until_told
from page_steps import choose, complaints, is_shown, open_page, text, until

# Two browsers with a live picture at once starve each other on two cores.
pytestmark = pytest.mark.thorough

LINE = {"px": 500, "width": 8, "rgb": [0.3, 1, 0.3]}
AXIS = {"coefficients": [350, 0.3], "range_px": [0, 1279], "uncertainty_nm": 0.3}
DOCUMENT = {
    "format": "spectrum instrument",
    "version": 2,
    "photo": {"width": 1280, "height": 720},
    "axis": AXIS,
    "band": {"axis": "horizontal", "x0": 0, "y0": 300, "x1": 1280, "y1": 380},
}


@pytest.fixture
def page(browser, service):
    """The live view without an instrument, before a camera of one line."""
    yield arrange(browser, service)
    for script in ("clearDeviceMetricsOverride", "setEmulatedMedia"):
        browser.execute_cdp_cmd(f"Emulation.{script}", {})


def arrange(browser, service):
    open_page(browser, service.url + "/live")
    until(browser, "return document.getElementById('instrument').options.length > 0")
    choose(browser, "instrument", "")
    browser.execute_script(LINES_CAMERA)
    browser.execute_script("window.lines = [arguments[0]]", LINE)
    return browser


def test_a_camera_that_gives_no_more_pictures_is_said_to_have_stopped(page):
    start(page)
    assert not is_shown(page, "halted")
    page.execute_script("hush()")
    until_told(page, "halted", "stopped giving pictures")
    assert "No pictures" in text(page, "#rate") and "frames a second" not in text(page, "#rate")
    assert page.execute_script("return document.getElementById('plot').classList.contains('stale')")
    page.execute_script("film()")
    until(page, "return document.getElementById('halted').hidden")


def test_a_muted_camera_is_said_until_it_gives_pictures_again(page):
    start(page)
    mute = (
        "Object.defineProperty(track, 'muted', { value: arguments[0], configurable: true });"
        "track.dispatchEvent(new Event(arguments[0] ? 'mute' : 'unmute'))"
    )
    page.execute_script(mute, True)
    assert "muted" in text(page, "#halted") and "No pictures" in text(page, "#rate")
    page.execute_script(mute, False)
    assert not is_shown(page, "halted")
    drawn(page, 20)
    assert "frames a second" in text(page, "#rate")


def test_a_camera_that_is_unplugged_leaves_no_rate_behind(page):
    start(page)
    page.execute_script("track.dispatchEvent(new Event('ended'))")
    assert text(page, "#problem-title") == "The camera has gone"
    assert text(page, "#rate").startswith("Stopped") and text(page, "#start") == "Start the camera"


def test_a_browser_that_changes_pixels_is_refused(page):
    page.execute_script(
        """
        const { getImageData } = CanvasRenderingContext2D.prototype;
        CanvasRenderingContext2D.prototype.getImageData = function (...box) {
          const picture = getImageData.apply(this, box);
          picture.data[40] ^= 1;
          return picture;
        };
        """
    )
    press(page, "start")
    until(page, "return !document.getElementById('problem').hidden")
    assert text(page, "#problem-title") == "This browser changes the pixels that a page reads"
    assert "Allow this page to read canvas" in text(page, "#problem-text")
    assert is_shown(page, "waiting") and text(page, "#start") == "Start the camera"


def test_a_phone_that_is_turned_and_turned_back_measures_again(page, service):
    answer = requests.post(
        service.url + "/api/v1/calibrations",
        files={"instrument": ("bench.json", json.dumps(DOCUMENT))},
        data={"name": "Phone"},
        headers=service.headers,
        timeout=30,
    )
    number = answer.json()["id"]
    page = arrange(page, service)
    choose(page, "instrument", number)
    until(page, "return document.getElementById('instrument-note').textContent !== ''")
    start(page)
    page.execute_script("turn()")
    until(page, "return !document.getElementById('problem').hidden")
    assert "turn the phone" in text(page, "#problem-text") and is_shown(page, "waiting")
    page.execute_script("turn()")
    until(page, "return document.getElementById('problem').hidden")
    drawn(page, 3)
    assert float(text(page, "#peak-rows td:first-child")) == pytest.approx(500, abs=0.5)
    address = f"{service.url}/api/v1/calibrations/{number}"
    requests.delete(address, headers=service.headers, timeout=10)


def test_a_phone_that_stands_on_its_head_is_said(page):
    hold(page, 0)
    start(page)
    hold(page, 180)
    until_told(page, "halted", "may stand on their head")
    hold(page, 0)
    until(page, "return document.getElementById('halted').hidden")


def hold(page, angle):
    kind = {0: "landscapePrimary", 180: "landscapeSecondary"}[angle]
    page.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride",
        {
            "width": 800, "height": 390, "deviceScaleFactor": 1, "mobile": True,
            "screenOrientation": {"type": kind, "angle": angle},
        },
    )  # fmt: skip


def test_a_browser_without_offscreencanvas_measures_too(browser, service):
    script = browser.execute_cdp_cmd(
        "Page.addScriptToEvaluateOnNewDocument", {"source": "delete window.OffscreenCanvas"}
    )
    try:
        page = arrange(browser, service)
        assert page.execute_script("return typeof OffscreenCanvas") == "undefined"
        start(page)
        assert float(text(page, "#peak-rows td:first-child")) == pytest.approx(500, abs=1)
        assert not complaints(page)
    finally:
        browser.execute_cdp_cmd("Page.removeScriptToEvaluateOnNewDocument", script)
