"""The live view before there is an instrument: over pixels, for focus and slit, and by hand."""

import pytest
import requests
from live_steps import GREY_CAMERA, LINES_CAMERA, drawn, press, start, until_told
from page_steps import choose, complaints, grave_faults, is_shown, open_page, show, text, until

# Two browsers with a live picture at once starve each other on two cores.
pytestmark = pytest.mark.thorough

# The simulated lines of the camera: nm = 350 + 0.3 px.
PX_OF = {435.83: 286.1, 546.07: 653.57, 611.5: 871.67}


@pytest.fixture
def page(browser, service):
    """The live view without an instrument, before the camera of upright lines."""
    open_page(browser, service.url + "/live")
    until(browser, "return document.getElementById('instrument').options.length > 0")
    choose(browser, "instrument", "")
    browser.execute_script(LINES_CAMERA)
    film(browser, 6)
    return browser


def film(page, width):
    page.execute_script(
        "window.lines = arguments[0].map(([px, rgb], at) =>"
        "({ px, rgb, width: arguments[1] * (1 + at) }))",
        [
            [PX_OF[435.83], (0.3, 0.2, 1)],
            [PX_OF[546.07], (0.2, 1, 0.2)],
            [PX_OF[611.5], (1, 0.3, 0)],
        ],
        width,
    )


def click_plot(page, px):
    """Click the plot at a place of its axis, of a frame 1280 pixels wide."""
    page.execute_script(
        """
        const [plot, chart] = ["plot", "chart"].map((id) => document.getElementById(id));
        plot.setPointerCapture = () => {};
        const box = plot.getBoundingClientRect();
        const clientX = box.left + 58 + (arguments[0] / 1279) * (chart.clientWidth - 72);
        const clientY = box.top + 90;
        const options = { clientX, clientY, bubbles: true, pointerType: "mouse", pointerId: 1 };
        for (const kind of ["pointermove", "pointerdown", "pointerup", "click"]) {
          chart.dispatchEvent(new PointerEvent(kind, options));
        }
        """,
        px,
    )


def set_point(page, nm):
    page.execute_script(
        "document.getElementById('point-nm').value = arguments[0];"
        "document.getElementById('point').requestSubmit()",
        str(nm),
    )


def sharpness(page):
    return float(text(page, "#sharpness").split()[0])


def test_the_width_of_the_narrowest_line_tells_how_sharp_the_picture_is(page):
    start(page)
    until(page, "return /^[0-9]/.test(document.getElementById('sharpness').textContent)")
    assert sharpness(page) == pytest.approx(6, abs=0.5)
    assert text(page, "#peak-place") == "Place (px)" and not is_shown(page, "peak-error")
    film(page, 11)
    drawn(page, 20)
    assert sharpness(page) == pytest.approx(11, abs=0.8)
    assert float(text(page, "#sharpness").split()[-2]) == pytest.approx(6, abs=0.5)
    page.find_element("css selector", ".tip-button").click()
    assert "at half of its height" in text(page, "#sharpness-tip")
    assert page.execute_script(
        "return document.getElementById('sharpness-tip').matches(':popover-open')"
    )
    assert not complaints(page)


@pytest.mark.parametrize("is_turned", [False, True])
def test_the_band_is_found_and_can_be_told(page, is_turned):
    if is_turned:
        page.execute_script("turn()")
    start(page)
    until(page, "return Math.abs(document.getElementById('band-from').value - 300) < 12")
    assert float(value(page, "band-to")) == pytest.approx(380, abs=12)
    page.execute_script("window.row = 500")
    until(page, "return Math.abs(document.getElementById('band-from').value - 500) < 12")
    page.execute_script(
        "for (const [id, value] of [['band-from', 510], ['band-to', 570]]) {"
        "const e = document.getElementById(id); e.value = value;"
        "e.dispatchEvent(new Event('change')); }"
    )
    page.execute_script("window.row = 100")
    drawn(page, 30)
    assert value(page, "band-from") == "510"
    press(page, "band-find")
    until(page, "return Math.abs(document.getElementById('band-from').value - 100) < 12")


def test_the_band_is_dragged_in_the_picture(page):
    start(page)
    page.execute_script(
        """
        const picture = document.getElementById("outline");
        picture.setPointerCapture = () => {};
        const box = picture.getBoundingClientRect();
        for (const [kind, row] of [["down", 305], ["move", 350], ["move", 375], ["up", 375]]) {
          const clientY = box.top + (row / 720) * box.height;
          const options = { clientX: box.left + 50, clientY, pointerId: 1, bubbles: true };
          picture.dispatchEvent(new PointerEvent(`pointer${kind}`, options));
        }
        """
    )
    assert float(value(page, "band-from")) == pytest.approx(305, abs=3)
    assert float(value(page, "band-to")) == pytest.approx(375, abs=3)
    drawn(page, 10)
    assert sharpness(page) == pytest.approx(6, abs=0.5)


def test_points_set_by_hand_make_an_instrument_that_measures(page, service):
    start(page)
    click_plot(page, 290)
    assert float(value(page, "point-px")) == pytest.approx(PX_OF[435.83], abs=0.3)
    set_point(page, 435.83)
    assert "set at least one more" in text(page, "#point-axis")
    click_plot(page, 650)
    set_point(page, 546.07)
    until_told(page, "point-axis", "A third point would show")
    # The lamp's line that lies where the points put it is offered.
    choose(page, "point-lamp", "cfl")
    until(page, "return document.getElementById('point-line').options.length > 5")
    click_plot(page, 875)
    assert float(value(page, "point-nm")) == pytest.approx(611.5, abs=1.5)
    set_point(page, 611.5)
    until(page, "return document.getElementById('point-rows').textContent.includes('+')")
    off = [
        float(one.replace("\u2212", "-"))
        for one in text(page, "#point-rows td:nth-child(3)").split()
    ]
    assert len(off) == 3 and max(map(abs, off)) < 0.3
    page.execute_script(
        "document.getElementById('point-name').value = 'By hand';"
        "document.getElementById('point-save').requestSubmit()"
    )
    until_told(page, "note", 'Saved as "By hand"')
    drawn(page, 20)
    peaks = [float(nm) for nm in text(page, "#peak-rows td:first-child").split()]
    for nm in PX_OF:
        assert min(abs(peak - nm) for peak in peaks) < 0.5, peaks
    assert not is_shown(page, "by-hand") and not complaints(page)
    number = value(page, "instrument")
    address = f"{service.url}/api/v1/calibrations/{number}"
    saved = requests.get(address, headers=service.headers, timeout=10).json()["document"]
    assert (
        saved["photo"] == {"width": 1280, "height": 720} and saved["band"]["axis"] == "horizontal"
    )
    requests.delete(address, headers=service.headers, timeout=10)


def value(page, identifier):
    return page.execute_script("return document.getElementById(arguments[0]).value", identifier)


def test_points_are_dropped_when_the_band_runs_the_other_way(page):
    start(page)
    click_plot(page, 290)
    set_point(page, 435.83)
    assert "set at least one more" in text(page, "#point-axis")
    choose(page, "band-direction", "down")
    until(page, "return !document.getElementById('point-rows').children.length")


def test_points_that_contradict_each_other_are_refused_with_the_reason(page):
    start(page)
    for px, nm in ((290, 435.83), (650, 611.5), (875, 546.07)):
        click_plot(page, px)
        set_point(page, nm)
    until_told(page, "point-note", "grow or fall with the pixels")
    assert not is_shown(page, "point-save")
    page.execute_script("document.querySelector('#point-rows tr:nth-child(3) button').click()")
    until(page, "return !document.getElementById('point-save').hidden")


NEAR = """
const [signs, near, done] = arguments;
import("/static/web/peaks.js").then(({ peakNear }) => {
  const places = Float64Array.from({ length: 400 }, (_, at) => at);
  const bump = (at, middle, height) => height * Math.exp(-0.5 * ((at - middle) / 2.5) ** 2);
  const values = places.map((at) => signs * (40 + bump(at, 100.37, 2) + bump(at, 120, 30)));
  done(peakNear(values, places, near, 6)?.at ?? null);
});
"""


def test_the_peak_that_is_pointed_at_is_taken_not_a_higher_one_beside_it(page):
    assert page.execute_async_script(NEAR, 1, 97) == pytest.approx(100.37, abs=0.05)
    assert page.execute_async_script(NEAR, 1, 60) is None
    # Dark lines are peaks of the light turned round.
    assert page.execute_async_script(NEAR, -1, 97) is None


def test_a_picture_that_gives_no_axis_is_to_be_named_by_hand(page):
    start(page)
    page.execute_script(
        "document.getElementById('calibration-name').value = 'In vain';"
        "document.getElementById('lamp').value = 'led';"
        "document.getElementById('calibrate').requestSubmit()"
    )
    until_told(page, "calibrated", "named by hand")


def test_what_the_pointer_reads_off_is_written_beside_it(page):
    start(page)
    press(page, "freeze")
    ink = "return inkOf([26, 28, 34])"
    page.execute_script(INK_OF)
    before = page.execute_script(ink)
    click_plot(page, 653)
    assert page.execute_script(ink) > before + 1000
    assert "653 px" in text(page, "#reading") or "654 px" in text(page, "#reading")


# Pixels of the chart that have about a colour: their number, or the highest row with five of them.
INK_OF = """
const pixelsOf = (rgb) => {
  const chart = document.getElementById("chart");
  const { data } = chart.getContext("2d").getImageData(0, 0, chart.width, chart.height);
  const rows = new Map();
  for (let at = 0; at < data.length; at += 4) {
    const isOther = (level, channel) => Math.abs(data[at + channel] - level) > 12;
    if (data[at + 3] < 200 || rgb.some(isOther)) continue;
    const row = Math.floor(at / 4 / chart.width);
    rows.set(row, (rows.get(row) ?? 0) + 1);
  }
  return rows;
};
window.inkOf = (rgb) => [...pixelsOf(rgb).values()].reduce((sum, count) => sum + count, 0);
window.topOf = (rgb) =>
  Math.min(...[...pixelsOf(rgb)].filter(([, count]) => count > 300).map(([row]) => row));
"""


def test_peaks_are_held_until_it_is_switched_off(page):
    page.execute_script(GREY_CAMERA)
    page.execute_script("film(160)")
    page.execute_script(INK_OF)
    start(page)
    drawn(page, 10)
    mark = "return topOf([52, 67, 184])"
    assert page.execute_script(mark) is None
    press(page, "peak-hold")
    drawn(page, 10)
    held = page.execute_script(mark)
    page.execute_script("film(60)")
    drawn(page, 20)
    assert page.execute_script(mark) == pytest.approx(held, abs=2)
    press(page, "peak-hold")
    drawn(page, 10)
    assert page.execute_script(mark) is None


def test_the_waterfall_shows_what_was_before_beneath_what_is(page):
    start(page)
    assert not is_shown(page, "waterfall")
    press(page, "falls")
    drawn(page, 10)
    film(page, 30)
    drawn(page, 10)
    earlier_beneath = """
      const { width, height } = document.getElementById("waterfall");
      const { data } = document.getElementById("waterfall").getContext("2d")
        .getImageData(0, 0, width, height);
      const lit = Array(height).fill(0);
      for (let at = 0; at < width * height; at += 1) {
        if (data[4 * at] > 60) lit[Math.floor(at / width)] += 1;
      }
      return lit.some((count) => count > 4 && lit[1] > 2 * count);
    """
    until(page, earlier_beneath)


def test_a_dark_that_is_dropped_is_no_longer_said_to_be_taken(page):
    start(page)
    press(page, "dark")
    until_told(page, "note", "Dark taken")
    press(page, "band-find")
    assert "Dark taken" not in text(page, "#note") and "dropped" in text(page, "#note")
    assert text(page, "#dark") == "Take dark"


@pytest.mark.parametrize(("width", "dark"), [(1280, False), (390, True)])
def test_the_plot_comes_first_and_nothing_is_gravely_at_fault(page, width, dark):
    show(page, width=width, dark=dark)
    start(page)
    click_plot(page, 290)
    set_point(page, 435.83)
    page.execute_script("scrollTo({ top: 0, behavior: 'instant' })")
    tops = page.execute_script(
        "return ['plot', 'start', 'dark', 'instrument', 'picture']"
        ".map((id) => document.getElementById(id).getBoundingClientRect().top)"
    )
    assert tops == sorted(tops) and tops[0] < 250 and tops[1] < 844
    assert grave_faults(page) == []
    assert page.execute_script("return document.documentElement.scrollWidth <= innerWidth")
