"""Several spectra in one photo on the page, and options that are one photo's, in a real browser."""

import pytest
from page_steps import (
    choose,
    complaints,
    count,
    give,
    give_all,
    open_page,
    text,
    until,
    wait_for_answer,
)
from selenium.webdriver import ActionChains, Keys

from tests.support.browser import jpeg
from tests.support.rows import photo_of_rows
from web.views.examples import FOLDER as EXAMPLES_FOLDER


@pytest.fixture(scope="module")
def lamp_photo():
    """The simulated photo of a fluorescent lamp that the page offers."""
    return (EXAMPLES_FOLDER / "fluorescent.jpg").read_bytes()


@pytest.fixture(scope="module")
def two_lamps():
    """Mercury above neon."""
    return jpeg(photo_of_rows(("mercury", -85, -33), ("neon", 33, 85)))


@pytest.fixture
def page(browser, service):
    """The start page, in a window of a laptop's width and light colours."""
    return open_page(browser, service.url)


def click(page, selector):
    page.execute_script("document.querySelector(arguments[0]).click()", selector)


def test_a_click_into_the_photo_chooses_one_of_its_spectra(page, two_lamps):
    give(page, two_lamps)
    first = text(page, "#source")
    assert count(page, "#photo .band-choice") == 2
    assert "shows several spectra" in text(page, "#advice")
    assert count(page, '#photo .band-choice[aria-pressed="true"]') == 1
    other = page.find_element("css selector", '#photo .band-choice[aria-pressed="false"]')
    wanted = other.text
    ActionChains(page).move_to_element(other).click().perform()
    until(page, f"return document.querySelector('#photo .band-choice[aria-pressed=\"true\"]')"
          f"?.textContent === '{wanted}'")  # fmt: skip
    wait_for_answer(page)
    assert {first, text(page, "#source")} == {"Neon lamp", "Fluorescent or mercury lamp"}
    assert "shows several spectra" not in text(page, "#advice")
    # By keys, too.
    page.execute_script("document.querySelector('.band-choice[aria-pressed=\"false\"]').focus()")
    ActionChains(page).send_keys(Keys.ENTER).perform()
    until(page, f"return document.getElementById('source').textContent === '{first}'")
    assert not complaints(page)


def test_a_box_drawn_around_a_spectrum_chooses_it(page, two_lamps):
    give(page, two_lamps)
    frame = page.find_element("css selector", "#photo .frame")
    height, width = frame.size["height"], frame.size["width"]
    drag = ActionChains(page).move_to_element_with_offset(frame, -0.49 * width, 0.02 * height)
    drag.click_and_hold().move_by_offset(0.97 * width, 0.3 * height).release().perform()
    until(page, "return document.getElementById('source').textContent === 'Neon lamp'")
    assert count(page, "#photo .band-drawn") == 0


def test_a_lamp_named_for_one_photo_is_not_taken_for_the_next(page, lamp_photo):
    give(page, lamp_photo)
    choose(page, "lamp", "continuum")
    wait_for_answer(page)
    assert text(page, "#eyebrow") == "Light source, as you named it"
    give(page, lamp_photo)
    assert text(page, "#source") == "Fluorescent or mercury lamp"
    assert page.execute_script("return document.getElementById('lamp').value") == ""
    assert "was named for the photo before" in text(page, "#drop-note")


def test_a_lamp_is_named_for_the_photo_in_view_alone(page, lamp_photo):
    give_all(page, {"one.jpg": lamp_photo, "two.jpg": lamp_photo})
    click(page, "#shot-rows li:nth-child(2) .name")
    choose(page, "lamp", "continuum")
    wait_for_answer(page)
    assert text(page, "#source") == "Continuous light"
    assert text(page, '#shot-rows [aria-current="true"]') == "two.jpg"
    click(page, "#shot-rows li:nth-child(1) .name")
    assert text(page, "#source") == "Fluorescent or mercury lamp"
    assert page.execute_script("return document.getElementById('lamp').value") == ""
