"""The live view in a real browser: what a camera films, on an instrument's wavelengths."""

import base64
import csv
import json
import re
import time
from io import BytesIO

import numpy as np
import pytest
import requests
from live_steps import GREY_CAMERA, drawn, press, start, until_told
from page_steps import (
    HTTP_HOST,
    choose,
    complaints,
    downloaded,
    grave_faults,
    is_shown,
    open_page,
    show,
    text,
    until,
)
from PIL import Image

from lib.measurement.calibration import calibrate
from lib.measurement.frames import Frames, light_along
from lib.measurement.lamp_lines import LampPhoto
from lib.recognition.instrument_file import instrument_from_json, instrument_to_json
from lib.recognition.name.classifier import Classifier
from lib.recognition.recognise import recognise
from lib.recognition.spectrum_files import SPECTRUM_COLUMNS
from lib.simulation.lamps.catalogue import LAMPS

NAME_FIELD = "return document.getElementById('calibration-name').value"


@pytest.fixture(scope="module")
def lamp(bench):
    """What the camera films, uint8 (720, 1280, 3)."""
    spd = LAMPS["triphosphor"].draw(np.random.default_rng(5))
    return bench.photograph(np.random.default_rng(9), spd, peak=0.5)


@pytest.fixture(scope="module")
def document(lamp, shipped_model):
    result = recognise(lamp, Classifier(shipped_model), lamp="cfl")
    return instrument_to_json(calibrate([LampPhoto("lamp.png", lamp, result)]).instrument)


@pytest.fixture(scope="module")
def saved(service, document):
    """The instrument's number in the service."""
    number = save(service, document).json()["id"]
    yield number
    address = f"{service.url}/api/v1/calibrations/{number}"
    requests.delete(address, headers=service.headers, timeout=10)


def save(service, document, name="bench.json"):
    content = document if isinstance(document, bytes) else json.dumps(document).encode()
    return requests.post(
        service.url + "/api/v1/calibrations",
        files={"instrument": (name, content)},
        data={"name": "Bench"},
        headers=service.headers,
        timeout=30,
    )


@pytest.fixture
def page(browser, service, saved):
    """The live view with the saved instrument chosen, the camera off."""
    open_page(browser, service.url + "/live")
    until(browser, "return document.getElementById('instrument').value !== ''")
    until(browser, "return document.getElementById('instrument-note').textContent !== ''")
    return browser


def readings(page, count):
    """Return numbers that the page shows at the cursor, one after each redrawing of the words."""
    values = []
    for _ in range(count):
        drawn(page, 1)
        values.append(float(text(page, "#reading").split("·")[1].split()[0]))
    return values


def test_the_camera_s_light_is_drawn_on_the_instrument_s_wavelengths(page):
    start(page)
    peaks = [float(nm) for nm in text(page, "#peak-rows td:first-child").split()]
    for line in (435.83, 546.07, 611.5):
        assert min(abs(nm - line) for nm in peaks) < 1, peaks
    assert "frames a second" in text(page, "#rate")
    picture = page.execute_script(
        "const c = document.getElementById('chart');"
        "return [...c.getContext('2d').getImageData(0, 0, c.width, c.height).data]"
        ".filter((value, at) => at % 4 === 3 && value).length"
    )
    assert picture > 3000, "hardly anything is drawn"
    assert page.execute_script("return document.querySelectorAll('#outline polygon').length") == 2
    assert not complaints(page)


def test_a_camera_that_is_started_again_draws_each_frame_once(page):
    start(page)
    press(page, "start")
    drawn(page, 3)
    count = "return [Number(document.getElementById('rate').dataset.drawn), performance.now()]"
    before, start_ms = page.execute_script(count)
    time.sleep(1.2)
    after, stop_ms = page.execute_script(count)
    # The camera gives 30 frames a second; the count is told a few times a second.
    assert after - before <= 31 * (stop_ms - start_ms + 500) / 1000


def test_the_lines_of_a_lamp_are_named_in_the_plot(page):
    start(page)
    label = "return document.getElementById('chart').ariaLabel"
    assert "Marked" not in page.execute_script(label)
    choose(page, "named", "mercury")
    until(page, f"{label}.includes('Marked')")
    marked = page.execute_script(label).partition("Marked: ")[2]
    assert "Hg I 435.8" in marked and "Hg I 546.1" in marked and "Hg I 607.3" not in marked
    choose(page, "named", "")
    until(page, f"{label.replace('return ', 'return !')}.includes('Marked')")


READ = """
const [png, document_, done] = arguments;
(async () => {
  const { instrumentIn } = await import("/static/web/instrument.js");
  const { Sampler } = await import("/static/web/sampler.js");
  const bytes = Uint8Array.from(atob(png), (letter) => letter.charCodeAt(0));
  const image = await createImageBitmap(new Blob([bytes]), { colorSpaceConversion: "none" });
  const context = new OffscreenCanvas(image.width, image.height).getContext("2d");
  context.drawImage(image, 0, 0);
  const placed = instrumentIn(document_, image.width, image.height);
  const sampler = new Sampler(placed);
  const { left, top, width, height } = sampler.box;
  const { rgb } = sampler.read(context.getImageData(left, top, width, height).data);
  done([placed.px, placed.nm, placed.error, rgb].map((values) => [...values]));
})().catch((error) => done(String(error)));
"""


@pytest.mark.parametrize("shrink", [1, 2])
def test_the_browser_reads_what_the_library_reads(page, lamp, document, shrink):
    image = np.asarray(Image.fromarray(lamp).reduce(shrink))
    buffer = BytesIO()
    Image.fromarray(image).save(buffer, "PNG")
    png = base64.b64encode(buffer.getvalue()).decode()
    px, nm, error, rgb = page.execute_async_script(READ, png, document)
    instrument = instrument_from_json(document, "instrument").in_frame(*image.shape[1::-1])
    geometry = instrument.whole_band(*image.shape[1::-1])
    light = light_along(Frames(("lamp",), (image,)), geometry, instrument.place.rows)
    assert px == light.position.tolist()
    assert nm == pytest.approx(instrument.axis.nm_at(light.position), abs=1e-6)
    claimed = instrument.axis.claims(light.position)
    known = np.array([np.nan if value is None else value for value in error], float)
    assert (np.isfinite(known) == claimed).all()
    stated = instrument.axis.standard_error_nm(light.position)
    assert known[claimed] == pytest.approx(stated[claimed], rel=1e-6)
    # Rows are grouped before they are sorted, and fewer are taken.
    off = np.abs(np.reshape(rgb, (-1, 3)) - light.rgb)
    assert off.max() < 0.05 * light.rgb.max() and off.mean() < 0.002 * light.rgb.max()


def test_sixteen_frames_have_a_quarter_of_the_noise(page):
    one, sixteen = page.execute_async_script(
        """
        const done = arguments[0];
        import("/static/web/light.js").then(({ RunningMean }) => {
          const frame = () => ({
            rgb: Float32Array.from({ length: 3000 }, () => Math.random()),
            clipped: new Uint8Array(1000),
          });
          const spread = ({ rgb }) => Math.sqrt(rgb.reduce((sum, v) => sum + (v - 0.5) ** 2, 0));
          const means = [1, 16].map((size) => new RunningMean(size));
          for (let count = 0; count < 40; count += 1) means.forEach((mean) => mean.add(frame()));
          done(means.map((mean) => spread(mean.mean())));
        });
        """
    )
    assert one / sixteen > 3.5


def test_dark_is_subtracted_and_a_reference_gives_transmission(page):
    page.execute_script(GREY_CAMERA)
    page.execute_script("film(60)")
    start(page)
    dark = level(60)
    press(page, "dark")
    until_told(page, "note", "Dark taken")
    page.execute_script("film(40)")
    until(
        page, "return document.getElementById('exposure').textContent.includes('dark is brighter')"
    )
    page.execute_script("film(200)")
    drawn(page, 20)
    assert readings(page, 1)[0] == pytest.approx(100 * (level(200) - dark), abs=1)
    press(page, "reference")
    until_told(page, "note", "Reference taken")
    page.execute_script("film(144)")
    drawn(page, 20)
    passed = (level(144) - dark) / (level(200) - dark)
    assert readings(page, 1)[0] == pytest.approx(100 * passed, abs=1)
    choose(page, "shows", "absorbance")
    assert readings(page, 1)[0] == pytest.approx(-np.log10(passed), abs=0.02)
    page.execute_script("film(255)")
    until_told(page, "exposure", "Overexposed")


def level(value):
    """Linear light of a grey (IEC 61966-2-1)."""
    return ((value / 255 + 0.055) / 1.055) ** 2.4


def test_a_reference_without_light_is_refused(page):
    start(page, GREY_CAMERA)
    press(page, "reference")
    until(page, "return document.getElementById('note').textContent !== ''")
    assert "too few wavelengths" in text(page, "#note")
    assert not is_shown(page, "shows") and "Hardly any light" in text(page, "#exposure")


def test_what_is_frozen_stays_and_is_saved(page, browser, tmp_path):
    browser.execute_cdp_cmd(
        "Browser.setDownloadBehavior", {"behavior": "allow", "downloadPath": str(tmp_path)}
    )
    choose(page, "average", "8")
    start(page)
    press(page, "freeze")
    before = text(page, "#peak-rows")
    assert "Frozen. Peaks at" in text(page, "#status")
    time.sleep(0.5)
    assert text(page, "#peak-rows") == before and "Frozen" in text(page, "#rate")
    for kind in ("csv", "png"):
        press(page, f"save-{kind}")
    with downloaded(tmp_path, "csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert tuple(rows[0]) == SPECTRUM_COLUMNS and len(rows) > 500
    nm = [float(row["nm"]) for row in rows]
    assert nm == sorted(nm)
    best = max(rows, key=lambda row: float(row["intensity"]))
    # Which of the lamp's two great lines is the higher is the camera's affair.
    assert min(abs(float(best["nm"]) - nm) for nm in (546.1, 611.5)) < 2
    assert float(best["noise"]) >= 0
    with Image.open(downloaded(tmp_path, "png")) as picture:
        assert picture.size == (1280, 720)
    press(page, "freeze")
    drawn(page, 3)


def test_the_picture_itself_makes_an_instrument(page, service):
    start(page)
    page.execute_script(
        "document.getElementById('calibration-name').value = 'Made live';"
        "document.getElementById('lamp').value = 'cfl';"
        "document.getElementById('calibrate').requestSubmit()"
    )
    until(page, "return /^Saved/.test(document.getElementById('calibrated').textContent)")
    assert text(page, "#calibrated").startswith('Saved as "Made live"')
    drawn(page, 3)
    number = page.execute_script("return document.getElementById('instrument').value")
    address = f"{service.url}/api/v1/calibrations/{number}"
    assert requests.delete(address, headers=service.headers, timeout=10).status_code == 204


def test_a_name_is_proposed_that_no_saved_instrument_has(page, service):
    start(page)
    choose(page, "lamp", "cfl")
    first = page.execute_script(NAME_FIELD)
    assert re.match(r"Fluorescent lamp \d{4}-\d\d-\d\d \d\d:\d\d", first)
    page.execute_script("document.getElementById('calibrate').requestSubmit()")
    until_told(page, "calibrated", f'Saved as "{first}": ')
    assert page.execute_script(NAME_FIELD) not in ("", first)
    page.execute_script("document.getElementById('calibration-name').value = 'My own'")
    choose(page, "lamp", "neon")
    assert page.execute_script(NAME_FIELD) == "My own"
    number = page.execute_script("return document.getElementById('instrument').value")
    address = f"{service.url}/api/v1/calibrations/{number}"
    requests.delete(address, headers=service.headers, timeout=10)


def test_the_lamp_that_is_chosen_counts(page):
    start(page)
    choose(page, "lamp", "neon")
    page.execute_script("document.getElementById('calibrate').requestSubmit()")
    until_told(page, "calibrated", "you named neon")


def test_a_camera_that_has_moved_is_found_and_put_right(page, service, document):
    axis = document["axis"]
    # As if the lamp's photo had been taken four pixels beside.
    moved = np.polynomial.Polynomial(axis["coefficients"])(np.polynomial.Polynomial([4, 1])).coef
    aside = {**document, "axis": {**axis, "coefficients": moved.tolist()}}
    number = save(service, aside).json()["id"]
    page.refresh()
    until(page, "return document.getElementById('instrument').options.length > 2")
    choose(page, "instrument", number)
    start(page)
    press(page, "check")
    until_told(page, "checked", "put right")
    assert float(re.search(r"moved by ([\d.]+) px", text(page, "#checked"))[1]) == pytest.approx(
        4, abs=0.5
    )
    drawn(page, 20)
    peaks = [float(nm) for nm in text(page, "#peak-rows td:first-child").split()]
    assert min(abs(nm - 546.07) for nm in peaks) < 1, peaks
    address = f"{service.url}/api/v1/calibrations/{number}"
    requests.delete(address, headers=service.headers, timeout=10)


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("NotAllowedError", "The camera is not allowed"),
        ("NotFoundError", "No camera found"),
        ("NotReadableError", "The camera is taken"),
    ],
)
def test_why_there_is_no_camera_is_said(page, name, title):
    page.execute_script(
        "const error = new DOMException('', arguments[0]);"
        "navigator.mediaDevices.getUserMedia = () => Promise.reject(error)",
        name,
    )
    press(page, "start")
    until(page, "return !document.getElementById('problem').hidden")
    assert text(page, "#problem-title") == title and text(page, "#problem-text")


def test_plain_http_from_elsewhere_is_said_to_have_no_camera(browser, service):
    url = service.url.replace("127.0.0.1", HTTP_HOST)
    page = open_page(browser, url + "/live")
    until(page, "return !document.getElementById('problem').hidden")
    assert text(page, "#problem-title") == "The browser lends no camera to this address"
    assert HTTP_HOST in text(page, "#problem-text") and "HTTPS" in text(page, "#problem-text")


def test_an_instrument_of_other_proportions_is_refused_in_words(page, service, document):
    other = {**document, "photo": {"width": 640, "height": 480}}
    number = save(service, other).json()["id"]
    page.refresh()
    until(page, "return document.getElementById('instrument').options.length > 2")
    choose(page, "instrument", number)
    press(page, "start")
    until(page, "return !document.getElementById('problem').hidden")
    assert text(page, "#problem-title") == '"Bench" does not fit this camera'
    assert "640 × 480" in text(page, "#problem-text")
    assert text(page, "#waiting") == "The instrument does not fit the camera's picture."
    address = f"{service.url}/api/v1/calibrations/{number}"
    requests.delete(address, headers=service.headers, timeout=10)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"{", "invalid JSON"),
        (b"[]", "should be an object"),
        (b'{"format": "spectrum instrument", "version": 9}', "a later program wrote it"),
        (b'{"format": "spectrum instrument", "version": 2}', "axis"),
    ],
)
def test_a_file_that_is_no_instrument_is_refused_by_name(service, content, words):
    answer = save(service, content)
    assert (answer.status_code, answer.json()["code"]) == (400, "no_instrument")
    assert "bench.json" in answer.json()["message"] and words in answer.json()["message"]


def test_only_the_live_view_may_ask_for_the_camera(service):
    policies = [
        requests.get(service.url + path, timeout=10).headers["Permissions-Policy"]
        for path in ("/", "/live", "/api/")
    ]
    assert [policy.split(",")[0] for policy in policies] == [
        "camera=()",
        "camera=(self)",
        "camera=()",
    ]


@pytest.mark.parametrize("dark", [False, True])
def test_axe_finds_no_grave_fault_on_desktop_and_phone(page, dark):
    show(page, width=390 if dark else 1280, dark=dark)
    start(page)
    assert grave_faults(page) == []
    assert page.execute_script("return document.documentElement.scrollWidth <= innerWidth")


def test_the_live_view_is_worked_by_keyboard(page):
    from selenium.webdriver import Keys

    page.find_element("id", "start").send_keys(Keys.ENTER)
    drawn(page, 3)
    before = text(page, "#reading")
    page.find_element("id", "cursor").send_keys(Keys.ARROW_RIGHT * 3)
    assert text(page, "#reading") != before
    page.find_element("id", "plot").send_keys("+")
    assert page.find_element("id", "zoom-reset").is_enabled()
    page.find_element("id", "plot").send_keys(Keys.ESCAPE)
    assert not page.find_element("id", "zoom-reset").is_enabled()
    page.find_element("id", "freeze").send_keys(Keys.SPACE)
    assert text(page, "#freeze") == "Go on"
