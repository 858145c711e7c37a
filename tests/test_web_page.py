"""The page as people use it, in a real browser: drop, paste, read, download, refuse."""

import csv
import json
import re
import time
from io import BytesIO

import numpy as np
import pytest
import requests
from conftest import ROOT
from page_steps import (
    choose,
    complaints,
    count,
    downloaded,
    give,
    give_all,
    grave_faults,
    is_shown,
    open_page,
    show,
    text,
    until,
    wait_for_answer,
)
from PIL import Image

from lib.recognition.advice import ADVICE
from lib.recognition.instrument_file import instrument_from_json, quality_in_words
from lib.recognition.spectrum_files import SPECTRUM_COLUMNS
from lib.simulation.lamps.catalogue import LAMPS
from lib.simulation.lamps.spectra import deposit
from lib.simulation.photos.photos import simulate_scene
from tests.support.browser import jpeg
from tests.support.running_service import running_service
from web.views.examples import EXAMPLES
from web.views.examples import FOLDER as EXAMPLES_FOLDER

# Web Content Accessibility Guidelines 2.2, level AA: text against its ground.
MIN_CONTRAST = 4.5


@pytest.fixture(scope="module")
def lamp_photo():
    """The simulated photo of a fluorescent lamp that the page offers."""
    return (EXAMPLES_FOLDER / "fluorescent.jpg").read_bytes()


@pytest.fixture
def page(browser, service):
    """The start page, in a window of a laptop's width and light colours."""
    return open_page(browser, service.url)


@pytest.fixture
def downloads(browser, tmp_path):
    browser.execute_cdp_cmd(
        "Browser.setDownloadBehavior", {"behavior": "allow", "downloadPath": str(tmp_path)}
    )
    return tmp_path


@pytest.mark.parametrize("where", ["drop", "paste"])
def test_a_photo_is_named_with_its_band_and_its_wavelengths(page, lamp_photo, where):
    give(page, lamp_photo, where=where)
    assert text(page, "#source") == "Fluorescent or mercury lamp"
    assert " nm" in text(page, "#sentence")
    sure = r"The name is (> )?9[\d.]+ % sure\."
    assert re.search(sure, text(page, "#sentence"))
    assert count(page, "#photo .band-line") == 1
    assert count(page, "#guesses tbody tr") == 7
    assert "Wavelength (nm, in air)" in text(page, "#plot text")
    assert {"0", "100"} <= set(text(page, "#plot text").split())
    assert "Hg I 435.8" in text(page, "#plot text")
    assert count(page, "#line-rows tr") >= 3
    assert not complaints(page)


def test_the_band_is_drawn_where_the_service_found_it(page, service, lamp_photo):
    give(page, lamp_photo)
    drawn = page.execute_script(
        "const r = document.querySelector('.band-line');"
        "return ['x', 'y', 'width', 'height'].map((k) => Number(r.getAttribute(k)))"
    )
    size = Image.open(BytesIO(lamp_photo)).size
    box = page.execute_script("return document.querySelector('#photo svg').getAttribute('viewBox')")
    assert box == f"0 0 {size[0]} {size[1]}"
    assert drawn[0] >= 0 and drawn[0] + drawn[2] <= size[0]
    assert drawn[1] >= 0 and drawn[1] + drawn[3] <= size[1]


def test_the_spectrum_is_downloaded_as_csv_png_and_json(page, lamp_photo, downloads):
    give(page, lamp_photo, name="my lamp.jpg")
    for kind in ("csv", "png", "json"):
        page.execute_script(f"document.getElementById('save-{kind}').click()")
    with downloaded(downloads, "csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert tuple(rows[0]) == SPECTRUM_COLUMNS and len(rows) > 100
    nm = [float(row["nm"]) for row in rows]
    assert nm == sorted(nm) and 350 < nm[0] < 500 and 550 < nm[-1] < 1100
    with Image.open(downloaded(downloads, "png")) as plot:
        assert plot.size == (2400, 1120) and plot.convert("L").getextrema() != (255, 255)
    answer = json.loads(downloaded(downloads, "json").read_text())
    assert answer["source"] == "cfl_hg" and "preview" not in answer


def test_what_is_no_photo_is_refused_in_words(page):
    give(page, b"no photo", name="notes.txt", mime="text/plain")
    assert is_shown(page, "refusal") and not is_shown(page, "result")
    assert text(page, "#refusal-title") == "This file cannot be read as a photo"
    assert "notes.txt" in text(page, "#refusal-text")
    assert "notes.txt" in text(page, "#status")


def test_a_photo_without_a_spectrum_is_answered_with_advice(page):
    give(page, jpeg(np.full((300, 400, 3), 90, np.uint8)))
    assert text(page, "#source") == "No spectrum found"
    assert text(page, "#advice p") == "No spectrum: nothing in the photo looks like one."
    assert [text(page, f"#advice li:nth-child({n})") for n in (1, 2)] == list(ADVICE["no_spectrum"])
    assert count(page, "#photo .band-line") == 0
    assert not is_shown(page, "spectrum") and not is_shown(page, "save-csv")


def test_too_large_a_file_is_refused_without_being_sent(page, service):
    before = len(service.events())
    page.execute_script(
        "document.querySelector('meta[name=max-bytes]').content;"
        "const data = new DataTransfer();"
        "data.items.add(new File([new ArrayBuffer(33 * 2 ** 20)], 'huge.png'));"
        "document.getElementById('drop').dispatchEvent("
        "new DragEvent('drop', { dataTransfer: data, bubbles: true, cancelable: true }))"
    )
    wait_for_answer(page)
    assert text(page, "#refusal-title") == "This photo is too large"
    posts = [event for event in service.events()[before:] if event.get("method") == "POST"]
    assert not posts


def test_a_lamp_that_the_user_names_is_taken_at_the_users_word(page, lamp_photo):
    choose(page, "lamp", "continuum")
    give(page, lamp_photo)
    assert text(page, "#eyebrow") == "Light source, as you named it"
    assert text(page, "#source") == "Continuous light"


def test_a_late_answer_does_not_replace_the_newer_one(page, lamp_photo, downloads):
    give(page, lamp_photo)
    page.execute_script(
        """
        const real = window.fetch;
        const late = [];
        window.fetch = async (...asked) => {
          const response = await real(...asked);
          if (!String(asked[0]).includes("page/identify")) return response;
          if (asked[1].body.get("lamp") === "helium") await new Promise((go) => late.push(go));
          return response;
        };
        window.letGo = () => late.forEach((go) => go());
        """
    )
    choose(page, "lamp", "helium")
    until(page, "return !document.getElementById('busy').hidden")
    choose(page, "lamp", "neon")
    until(page, "return document.getElementById('busy').hidden")
    page.execute_script("letGo()")
    page.execute_async_script("setTimeout(arguments[0], 300)")
    page.execute_script("document.getElementById('save-json').click()")
    assert json.loads(downloaded(downloads, "json").read_text())["source"] == "neon"


def test_an_instrument_needs_no_name_to_be_kept(page, lamp_photo):
    give(page, lamp_photo)
    stem = page.execute_script("return document.getElementById('calibration-name').placeholder")
    page.execute_script("document.getElementById('calibrate').requestSubmit()")
    until(page, "return document.getElementById('kept').textContent !== ''")
    assert stem and f'Saved as "{stem}"' in text(page, "#kept")
    # The next one is called otherwise.
    again = page.execute_script("return document.getElementById('calibration-name').placeholder")
    assert again not in ("", stem)


def test_a_kept_instrument_says_how_good_it_is_as_the_terminal_does(page, service, lamp_photo):
    give(page, lamp_photo)
    page.execute_script("document.getElementById('calibrate').requestSubmit()")
    until(page, "return document.getElementById('kept').textContent !== ''")
    number = page.execute_script("return document.getElementById('calibration').value")
    address = f"{service.url}/api/v1/calibrations/{number}"
    document = requests.get(address, headers=service.headers, timeout=10).json()["document"]
    words = quality_in_words(instrument_from_json(document, "kept"))
    assert re.search(r"within .*; \d+ lines from \d+ to \d+ nm; nothing is claimed beyond", words)
    assert words in text(page, "#kept")


def test_a_long_name_of_an_instrument_stays_in_its_card(page, lamp_photo):
    give(page, lamp_photo)
    page.execute_script("document.getElementById('sentence').textContent = 'a_'.repeat(50)")
    wide, room = page.execute_script(
        "return ['scrollWidth', 'clientWidth'].map((n) => document.querySelector('.verdict')[n])"
    )
    assert wide <= room


def test_a_calibration_is_kept_and_used_for_the_next_photo(page, lamp_photo):
    give(page, lamp_photo)
    page.execute_script(
        "document.getElementById('calibration-name').value = 'Bench <2>';"
        "document.getElementById('calibrate').requestSubmit()"
    )
    until(page, "return document.getElementById('kept').textContent !== ''")
    assert "Bench <2>" in text(page, "#kept")
    option = page.execute_script("return document.getElementById('calibration').value")
    give(page, lamp_photo)
    assert 'by the instrument "Bench <2>"' in text(page, "#sentence")
    assert "Light (% of full scale, linear)" in text(page, "#plot text")
    assert "Hg I 435.8" in text(page, "#peak-rows td:last-child")
    page.execute_script("window.confirm = () => true")
    page.execute_script("document.querySelectorAll('#calibration-list button')[1].click()")
    # Others may be kept by the same server.
    gone = f"[...document.getElementById('calibration').options].every(o => o.value !== '{option}')"
    until(page, f"return {gone}")
    assert not complaints(page)


@pytest.fixture
def instrument(service, bench):
    """The bench's number in the service, calibrated with a neon lamp."""
    rng = np.random.default_rng(3)
    neon = LAMPS["neon"].draw(rng)
    answer = requests.post(
        service.url + "/api/v1/calibrations",
        files={"photo": ("neon.jpg", jpeg(bench.photograph(rng, neon, peak=0.5)))},
        data={"name": "Bench", "lamp": "neon"},
        headers=service.headers,
        timeout=60,
    )
    yield answer.json()["id"]
    address = f"{service.url}/api/v1/calibrations/{answer.json()['id']}"
    requests.delete(address, headers=service.headers, timeout=10)


def test_several_photos_are_measured_on_one_instrument_and_overlaid(
    page, bench, instrument, lamp_photo
):
    page.refresh()
    until(page, "return document.getElementById('calibration').options.length > 1")
    choose(page, "calibration", instrument)
    rng = np.random.default_rng(4)
    moved = bench.photograph(rng, LAMPS["neon"].draw(rng), peak=0.5, moved_px=3.0)
    laser = bench.photograph(rng, deposit(532.0, 1.0), peak=0.5)
    photos = {"moved.jpg": jpeg(moved), "laser.jpg": jpeg(laser), "other.jpg": lamp_photo}
    give_all(page, photos | {"notes.txt": b"no photo"})
    rows = [text(page, f"#shot-rows li:nth-child({n})") for n in range(1, 5)]
    assert "Neon lamp" in rows[0] and "cannot be read as a photo" in rows[3]
    assert "the instrument was shifted by" in text(page, "#sentence")
    assert count(page, "#plot path[stroke-linejoin]") == 3
    click(page, "#shot-rows li:nth-child(2) .name")
    assert 'by the instrument "Bench"' in text(page, "#sentence")
    assert "Unknown" in text(page, "#source")
    peaks_nm = map(float, text(page, "#peak-rows td:first-child").split())
    assert min(abs(nm - 532.0) for nm in peaks_nm) < 1
    click(page, "#shot-rows li:nth-child(3) .name")
    assert text(page, "#advice .problem") == 'The instrument "Bench" was not used.'
    assert "640 x 480" in text(page, "#advice")
    click(page, "#shot-rows li:nth-child(2) input")
    assert count(page, "#plot path[stroke-linejoin]") == 2


def click(page, selector):
    page.execute_script("document.querySelector(arguments[0]).click()", selector)


def test_the_plot_is_zoomed_by_wheel_drag_keys_and_buttons(page, lamp_photo):
    from selenium.webdriver import ActionChains, Keys
    from selenium.webdriver.common.actions.wheel_input import ScrollOrigin

    give(page, lamp_photo)
    plot = page.find_element("id", "plot")
    page.execute_script(
        "arguments[0].scrollIntoView({ block: 'center', behavior: 'instant' })", plot
    )

    def shown():
        label = page.execute_script("return document.querySelector('#plot svg').ariaLabel")
        return tuple(int(part) for part in re.search(r"from (\d+) to (\d+) nano", label).groups())

    whole = shown()
    ActionChains(page).drag_and_drop_by_offset(plot, 200, 0).perform()
    dragged = shown()
    assert whole[0] < dragged[0] < dragged[1] < whole[1]
    assert page.execute_script("return document.activeElement.id") == "plot"
    ActionChains(page).scroll_from_origin(ScrollOrigin.from_element(plot), 0, -100).perform()
    wheeled = shown()
    assert wheeled[1] - wheeled[0] < dragged[1] - dragged[0]
    plot.send_keys(Keys.ARROW_RIGHT)
    assert shown()[0] > wheeled[0]
    plot.send_keys("0")
    assert shown() == whole
    click(page, "#zoom-in")
    assert shown() != whole
    click(page, "#zoom-reset")
    assert shown() == whole


@pytest.mark.parametrize("width", [1280, 390])
def test_after_an_answer_its_headline_is_in_view(page, lamp_photo, width):
    show(page, width=width)
    give(page, lamp_photo)
    top, bottom = page.execute_script(
        "const box = document.getElementById('source').getBoundingClientRect();"
        "return [box.top, box.bottom]"
    )
    assert 0 <= top < bottom <= 900


@pytest.mark.parametrize("dark", [False, True])
def test_axe_finds_no_grave_fault(page, lamp_photo, dark):
    show(page, width=390 if dark else 1280, dark=dark)
    assert grave_faults(page) == []
    give_all(page, {"lamp.jpg": lamp_photo, "notes.txt": b"no photo"})
    page.execute_script("for (const e of document.querySelectorAll('details')) e.open = true")
    assert grave_faults(page) == []


def test_every_example_is_answered(page):
    assert EXAMPLES
    for example in EXAMPLES:
        page.execute_script(
            "document.querySelector(`[data-photo$='${arguments[0]}']`).click()", example.file
        )
        caption = f"document.querySelector('figcaption')?.textContent.includes('{example.file}')"
        until(page, f"return {caption} && document.getElementById('busy').hidden")
        lamp = LAMPS.get(example.lamp)
        named = "ok" in page.execute_script(
            "return [...document.querySelector('.verdict').classList]"
        )
        assert named == bool(lamp and lamp.class_name), example
    assert not complaints(page)


def test_nothing_is_cut_off_on_a_phone(page, lamp_photo):
    show(page, width=390)
    give(page, lamp_photo)
    widest = page.execute_script("return document.documentElement.scrollWidth")
    assert widest <= 390
    smallest = page.execute_script(
        "return Math.min(...[...document.querySelectorAll('button, .button, select')]"
        ".filter((e) => e.checkVisibility()).map((e) => e.getBoundingClientRect().height))"
    )
    assert smallest >= 24, "controls too small for a finger"
    assert page.execute_script("return document.querySelector('#plot svg').clientWidth") <= 390


@pytest.mark.parametrize("dark", [False, True])
def test_words_stand_out_from_their_ground_in_light_and_dark(page, lamp_photo, dark):
    show(page, width=1280, dark=dark)
    give(page, lamp_photo)
    colours = page.execute_script(
        """
        const ground = (e) => {
          for (; e; e = e.parentElement) {
            const colour = getComputedStyle(e).backgroundColor;
            if (!/, 0\\)$|transparent/.test(colour)) return colour;
          }
        };
        const rows = ["h3", ".hint", "#sentence", "#eyebrow", "#guesses td.number", "button.quiet",
          ".button.primary", "#save-csv", "footer", "figcaption", "summary"];
        return rows.map((selector) => {
          const e = document.querySelector(selector);
          return [selector, getComputedStyle(e).color, ground(e)];
        });
        """
    )
    assert (luminance(colours[-3][2]) < 0.05) == dark
    for selector, ink, ground in colours:
        light, dim = sorted((luminance(ink), luminance(ground)), reverse=True)
        assert (light + 0.05) / (dim + 0.05) >= MIN_CONTRAST, (selector, ink, ground)


def luminance(colour):
    """Relative luminance of a CSS colour "rgb(r, g, b)" (WCAG 2.2)."""
    levels = [float(part) / 255 for part in colour[colour.index("(") + 1 : -1].split(",")[:3]]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in levels]
    return float(np.dot([0.2126, 0.7152, 0.0722], linear))


def test_the_theme_can_be_chosen_and_is_kept(page, service):
    ground = "return getComputedStyle(document.body).backgroundColor"
    light = page.execute_script(ground)
    for _ in range(2):
        page.execute_script("document.getElementById('theme').click()")
    assert page.execute_script(ground) != light
    page.get(service.url)
    assert page.execute_script(ground) != light
    page.execute_script("document.getElementById('theme').click()")
    assert page.find_element("id", "theme").get_attribute("aria-label") == "Theme: auto"


def test_the_page_can_be_used_by_keyboard_and_heard(page, lamp_photo):
    from selenium.webdriver import ActionChains, Keys

    seen = []
    for _ in range(6):
        ActionChains(page).send_keys(Keys.TAB).perform()
        seen.append(page.execute_script("return document.activeElement.id || "
                                        "document.activeElement.textContent.trim()"))  # fmt: skip
    assert seen[0] == "Skip to the content" and {"theme", "file"} <= set(seen)
    give(page, lamp_photo)
    assert page.execute_script("return document.activeElement.id") == "source"
    assert "Fluorescent or mercury lamp" in text(page, "#status[aria-live=polite]")
    cursor = page.find_element("id", "cursor")
    before = text(page, "#reading")
    cursor.send_keys(Keys.ARROW_RIGHT * 5)
    assert text(page, "#reading") != before
    assert cursor.get_attribute("aria-valuetext") == text(page, "#reading")


def test_every_control_and_picture_has_a_name(page, lamp_photo):
    give(page, lamp_photo)
    nameless = page.execute_script(
        """
        const named = (e) => e.getAttribute("aria-label") || e.textContent.trim() ||
          [...(e.labels ?? [])].some((label) => label.textContent.trim());
        const controls = [...document.querySelectorAll("button, a, input, select")]
          .filter((e) => e.type !== "hidden" && !named(e));
        const pictures = [...document.querySelectorAll("img:not([alt])")];
        return [...controls, ...pictures].map((e) => e.outerHTML);
        """
    )
    assert nameless == []
    assert page.execute_script("return document.querySelector('#plot svg').ariaLabel")


@pytest.fixture(scope="module")
def proxied_service(tmp_path_factory, shipped_model):
    """A server that believes that a proxy stands in front of it."""
    state = tmp_path_factory.mktemp("proxied") / "state"
    with running_service(state, "--behind-proxy", model=shipped_model) as service:
        yield service


def test_a_login_is_asked_for_where_others_can_reach_the_server(browser, proxied_service):
    page = open_page(browser, proxied_service.url)
    assert page.current_url.endswith("/login")
    page.find_element("id", "token").send_keys("wrong\n")
    until(page, "return document.getElementById('problem') !== null")
    page.find_element("id", "token").send_keys(proxied_service.token + "\n")
    until(page, "return document.getElementById('drop') !== null")
    give(page, jpeg(simulate_scene(np.random.default_rng(1)).image))
    assert is_shown(page, "result")
    page.delete_all_cookies()


def test_behind_a_proxy_its_clients_are_told_apart(proxied_service):
    forwarded = {"X-Forwarded-For": "203.0.113.5", "X-Forwarded-Proto": "https"}
    answer = requests.get(proxied_service.url + "/login", headers=forwarded, timeout=10)
    assert all("Secure" in cookie for cookie in answer.headers["Set-Cookie"].split(", csrf"))
    time.sleep(0.2)
    assert proxied_service.events()[-1]["address"] == "203.0.113.5"


@pytest.fixture(scope="module")
def service_below_a_path(tmp_path_factory, shipped_model):
    """A server whose addresses all begin with a path."""
    state = tmp_path_factory.mktemp("below") / "state"
    with running_service(state, "--url-prefix", "/lab/spectra", model=shipped_model) as service:
        yield service


@pytest.mark.parametrize("start", ["", "/"])
def test_the_page_works_below_a_path(browser, service_below_a_path, lamp_photo, start):
    page = open_page(browser, service_below_a_path.url + start)
    give(page, lamp_photo)
    assert is_shown(page, "result")
    page = open_page(browser, page.find_element("link text", "API").get_attribute("href"))
    until(page, "return document.querySelectorAll('.opblock').length >= 6")
    assert not complaints(page)


def test_the_api_page_works_without_the_internet(browser, service):
    page = open_page(browser, service.url + "/api/")
    until(page, "return document.querySelectorAll('.opblock').length >= 6")
    assert not complaints(page)


def test_lines_that_nobody_recognises_are_named_by_hand(page, bench, service):
    lasers = {450.0: 1.0, 532.0: 1.2, 589.3: 0.7, 650.0: 1.0}
    light = sum(share * deposit(nm, 0.3) for nm, share in lasers.items())
    give(page, jpeg(bench.photograph(np.random.default_rng(4), light, peak=0.5)), "lasers.jpg")
    assert page.execute_script("return document.getElementById('by-hand').open")
    for nm, px in zip(lasers, found_px(page, len(lasers)), strict=True):
        click_plot(page, px)
        assert float(value_of(page, "point-px")) == pytest.approx(px, abs=0.05)
        page.execute_script(
            "document.getElementById('point-nm').value = arguments[0];"
            "document.getElementById('point').requestSubmit()",
            str(nm),
        )
    off = "#point-rows td:nth-child(3)"
    until(page, f"return !document.querySelector('{off}').textContent.includes('\u2013')")
    assert max(abs(float(one.replace("\u2212", "-"))) for one in text(page, off).split()) < 0.2
    assert count(page, "#plot .by-hand") == len(lasers)
    page.execute_script(
        "document.getElementById('point-name').value = 'Lasers';"
        "document.getElementById('point-save').requestSubmit()"
    )
    until(page, "return document.getElementById('sentence').textContent.includes('Lasers')")
    peaks = [float(nm) for nm in text(page, "#peak-rows td:first-child").split()]
    for nm in lasers:
        assert min(abs(peak - nm) for peak in peaks) < 0.5, peaks
    assert not is_shown(page, "by-hand") and not complaints(page)
    address = f"{service.url}/api/v1/calibrations/{value_of(page, 'calibration')}"
    requests.delete(address, headers=service.headers, timeout=10)


def value_of(page, identifier):
    return page.execute_script("return document.getElementById(arguments[0]).value", identifier)


def found_px(page, count):
    """Return the pixels of the highest peaks of what is shown, from left to right."""
    return page.execute_async_script(
        """
        const [count, done] = arguments;
        (async () => {
          const { shown } = await import("/static/web/panel.js");
          const { findPeaks } = await import("/static/web/peaks.js");
          const { points } = shown();
          const px = points.map((point) => point.px);
          const peaks = findPeaks(points.map(({ intensity }) => intensity), px, 2);
          done(peaks.slice(0, count).map((peak) => peak.nm).sort((a, b) => a - b));
        })();
        """,
        count,
    )


def click_plot(page, px):
    """Click the plot where it shows a pixel of the photo."""
    page.execute_async_script(
        """
        const [px, done] = arguments;
        import("/static/web/panel.js").then(({ shown }) => {
          const { points } = shown();
          const plot = document.getElementById("plot");
          plot.setPointerCapture = () => {};
          const svg = plot.querySelector("svg");
          const box = svg.getBoundingClientRect();
          const [low, high] = [points[0].px, points.at(-1).px];
          const x = 56 + ((px - low) / (high - low)) * (svg.viewBox.baseVal.width - 70);
          const clientX = box.left + (x * box.width) / svg.viewBox.baseVal.width;
          const options = { clientX, clientY: box.top + 40, bubbles: true, pointerType: "mouse" };
          for (const kind of ["pointermove", "pointerdown", "pointerup", "click"]) {
            svg.dispatchEvent(new PointerEvent(kind, { ...options, pointerId: 1 }));
          }
          done();
        });
        """,
        px,
    )


def test_each_colour_has_one_line_for_light_and_dark():
    style = (ROOT / "web" / "static" / "web" / "style.css").read_text(encoding="utf-8")
    named = re.findall(r"^\s*(--[\w-]+):", style, re.MULTILINE)
    assert len(named) == len(set(named))
    assert "light-dark(" in style and "prefers-color-scheme" not in style
