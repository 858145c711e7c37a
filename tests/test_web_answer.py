"""What the page makes of an answer: one screen, one plot of several photos, paper, and a link."""

import io
import json

import numpy as np
import pytest
from page_steps import (
    choose,
    complaints,
    count,
    downloaded,
    give,
    give_all,
    is_shown,
    open_page,
    show,
    text,
    until,
)
from PIL import Image
from selenium.webdriver.support.color import Color

from lib.api import identify
from web.views.examples import FOLDER


@pytest.fixture
def page(browser, service):
    yield open_page(browser, service.url)
    show(browser, width=1280)


def example(name: str) -> bytes:
    return (FOLDER / f"{name}.jpg").read_bytes()


def strip_of(name: str) -> bytes:
    """The rows through a photo's middle: a band photo, 40 times as wide as high."""
    with Image.open(FOLDER / f"{name}.jpg") as photo:
        middle = photo.height // 2
        rows = photo.crop((0, middle - 40, photo.width, middle + 40)).resize((1920, 48))
    written = io.BytesIO()
    rows.save(written, "PNG")
    return written.getvalue()


def rows_of(page, selector: str) -> list[list[str]]:
    return page.execute_script(
        "return [...document.querySelectorAll(arguments[0])]"
        ".map((row) => [...row.children].map((cell) => cell.textContent))",
        selector,
    )


@pytest.mark.parametrize("kind", ["photo", "strip"])
def test_answer_photo_and_plot_share_a_laptops_screen(page, kind):
    show(page, width=1280, height=800)
    give(page, strip_of("fluorescent") if kind == "strip" else example("fluorescent"))
    for place in ("#source", "#sentence", "#photo", "#plot svg"):
        top, bottom = page.execute_script(
            "const box = document.querySelector(arguments[0]).getBoundingClientRect();"
            "return [box.top, box.bottom]",
            place,
        )
        assert 0 <= top < bottom <= 800, place


def test_a_strip_is_shown_as_wide_as_the_page_and_no_higher_than_itself(page):
    give(page, strip_of("neon"))
    width, height = page.execute_script(
        "const box = document.querySelector('#photo .frame').getBoundingClientRect();"
        "return [box.width, box.height]"
    )
    assert width > 1000 and height == pytest.approx(width * 48 / 1920, abs=1)
    below = "return document.querySelector('#photo').getBoundingClientRect().height"
    assert page.execute_script(below) < 100


def test_each_overlaid_curve_has_its_peaks_in_its_colour(page):
    give_all(page, {name: example(name) for name in ("neon", "helium")})
    curves, labels = page.execute_script(
        """
        const read = (selector, name) => [...new Set([...document.querySelectorAll(selector)]
          .map((shape) => shape.getAttribute(name)))];
        return [read("#plot path[stroke-linejoin]", "stroke"), read("#plot .peak-label", "fill")];
        """
    )
    assert len(curves) == 2 and set(labels) == set(curves)
    values = [float(nm) for nm in text(page, "#plot .peak-label").split()]
    assert min(abs(nm - 667.8) for nm in values) < 1.5, "helium's red line"
    assert min(abs(nm - 640.2) for nm in values) < 1.5, "neon's strongest line"


def test_legends_tell_photos_of_one_name_and_of_long_names_apart(page):
    long = "spectrum of the new lamp, taken in the dark lab, exposure "
    page.execute_async_script(
        """
        const [names, done] = arguments;
        import("/static/web/labels.js").then(({ distinct }) => {
          window.told = distinct(names);
          done();
        });
        """,
        ["lamp.jpg", "lamp.jpg", f"{long}1.jpg", f"{long}2.jpg"],
    )
    told = page.execute_script("return window.told")
    assert len(set(told)) == 4 and told[:2] == ["lamp.jpg", "lamp.jpg (2)"]
    assert all(len(name) <= 32 for name in told)


def test_a_photo_without_wavelengths_is_not_ticked_for_a_plot_over_wavelengths(page):
    give_all(page, {name: example(name) for name in ("neon", "led")})
    boxes = "return [...document.querySelectorAll('#shot-rows input')].map((e) => e[arguments[0]])"
    assert page.execute_script(boxes, "checked") == [True, False]
    assert page.execute_script(boxes, "disabled") == [True, True]
    assert count(page, "#plot path[stroke-linejoin]") == 1


def test_red_green_and_blue_have_a_legend(page):
    give(page, example("neon"))
    page.execute_script("document.getElementById('channels').click()")
    words = text(page, "#plot text")
    assert all(channel in words for channel in ("Red", "Green", "Blue"))


def test_lines_are_listed_with_what_the_axis_misses_them_by(page, downloads_to):
    give(page, example("fluorescent"))
    page.execute_script("document.getElementById('save-json').click()")
    axis = json.loads(downloaded(downloads_to, "json").read_text())["wavelength"]
    rows = rows_of(page, "#line-rows tr")
    assert len(rows) == len(axis["lines"])
    for row, line in zip(rows, axis["lines"], strict=True):
        off = np.polynomial.polynomial.polyval(line["px"], axis["coefficients"]) - line["nm"]
        assert float(row[3].replace("\u2212", "-")) == pytest.approx(off, abs=0.006)
    assert "root mean square" in text(page, "#line-note")


@pytest.fixture
def downloads_to(browser, tmp_path):
    behaviour = {"behavior": "allow", "downloadPath": str(tmp_path)}
    browser.execute_cdp_cmd("Browser.setDownloadBehavior", behaviour)
    return tmp_path


def test_the_page_says_the_numbers_that_the_terminal_says(page):
    give(page, example("helium"), name="helium.jpg")
    axis = identify(FOLDER / "helium.jpg").wavelength
    low, high = axis.range_nm
    said = text(page, "#sentence")
    assert f"{low:.0f} to {high:.0f} nm, ± {axis.uncertainty_nm:.2f} nm" in said


def test_a_saved_plot_says_which_photo_which_lamp_and_how_sure(page):
    give(page, example("helium"), name="bench 3.jpg")
    words = page.execute_async_script(
        """
        const done = arguments[0];
        const drawn = XMLSerializer.prototype.serializeToString;
        XMLSerializer.prototype.serializeToString = function (svg) {
          done([...svg.querySelectorAll("text")].map((text) => text.textContent));
          return drawn.call(this, svg);
        };
        document.getElementById("save-png").click();
        """
    )
    assert "bench 3.jpg: Helium lamp" in words
    assert any(word.startswith("Wavelengths in air, known from ") for word in words)


def test_paper_shows_the_answer_alone_in_ink(page):
    show(page, width=1000, dark=True)
    give(page, example("neon"))
    show(page, width=1000, dark=True, media="print")
    ink = "getComputedStyle(document.querySelector('#plot text')).fill"
    until(page, f"return {ink} === 'rgb(86, 91, 102)'")
    ground = page.execute_script("return getComputedStyle(document.body).backgroundColor")
    assert Color.from_string(ground).hex == "#ffffff"
    shown = {
        name: page.execute_script(
            "return document.querySelector(arguments[0]).checkVisibility()", name
        )
        for name in (".top", "#ask", "#keep", "footer", "#verdict, .verdict", "#plot", "#lines")
    }
    assert [name for name, seen in shown.items() if seen] == [
        "#verdict, .verdict",
        "#plot",
        "#lines",
    ]


def test_a_link_keeps_the_answer_and_the_server_nothing(page, service):
    give(page, example("fluorescent"), name="kept.jpg")
    before = [text(page, f"#{name}") for name in ("source", "sentence", "line-rows", "peak-rows")]
    path = "return document.querySelector('#plot path').getAttribute('d')"
    drawn = page.execute_script(path)
    page.execute_script("document.getElementById('keep-link').click()")
    until(page, "return location.hash.startsWith('#answer=')")
    address = page.execute_script("return location.href")
    assert len(address) < 40_000
    events = len(service.events())
    page.get("about:blank")
    page.get(address)
    until(page, "return !document.getElementById('result').hidden")
    assert [
        text(page, f"#{name}") for name in ("source", "sentence", "line-rows", "peak-rows")
    ] == before
    assert page.execute_script(path) == drawn
    assert count(page, "#photo .band-line") == 1 and "kept.jpg" in text(page, "#photo figcaption")
    # What needs the photo is not offered.
    assert not is_shown(page, "calibrate") and not is_shown(page, "by-hand")
    choose(page, "lamp", "neon")
    assert text(page, "#source") == before[0]
    seen = service.events()[events:]
    assert not [event for event in seen if event.get("method") == "POST"]
    assert not [event for event in seen if "answer" in json.dumps(event)]
    give(page, example("neon"))
    assert "#" not in page.execute_script("return location.href")
    assert not complaints(page)


def test_a_damaged_link_is_refused_in_words(page, service):
    page.get("about:blank")
    page.get(service.url + "/#answer=bm90aGluZw")
    until(page, "return !document.getElementById('refusal').hidden")
    assert text(page, "#refusal-title") == "This link holds no answer that can be read"
    assert not is_shown(page, "result")
