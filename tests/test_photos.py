"""Simulated photos: what is asked for is drawn, and the truth is where the light is."""

import cv2
import numpy as np
import pytest

from lib.simulation.crawl.retouch import CHANGES, retouch
from lib.simulation.instrument.grating import Grating, Prism
from lib.simulation.instrument.projection import Projection
from lib.simulation.photos import light
from lib.simulation.photos.difficulty import DIFFICULTIES, FAMILIES, PLAIN, Difficulty, draw_setting
from lib.simulation.photos.layout import Layout, Slit
from lib.simulation.photos.photos import simulate_photo, simulate_scene
from lib.simulation.scenes.scenes import PAINTERS
from lib.taxonomy import CLASSES

# Nothing but the spectrum, so that a line's centroid can be measured.
CLEAR = {
    "dark": False,
    "saturated": False,
    "overlay": False,
    "light_leak": False,
    "cluttered": False,
    "second_order": False,
}
HELIUM_D3_NM = 587.562


def photo(*key, **options):
    return simulate_photo(np.random.default_rng(key), **options)


def line_error_px(image, box, nm):
    """Distance along the centre line from where the truth puts a line to its measured centroid.

    None for a line that does not show.
    """
    start, stop = (box.x0, box.x1) if box.axis == "horizontal" else (box.y0, box.y1)
    pixels = np.arange(start, stop)
    values = box.nm_at(pixels)
    rising = np.argsort(values)
    expected = np.interp(nm, values[rising], pixels[rising], left=np.nan, right=np.nan)
    reach = max(4.0, 0.04 * (stop - start))
    if not start + reach < expected < stop - reach:
        return None
    along = np.arange(expected - reach, expected + reach, 0.25, dtype=np.float32)
    across = np.polynomial.polynomial.polyval(along, box.centre_line).astype(np.float32)
    grey = image.astype(np.float32).sum(axis=2)
    grey = grey if box.axis == "horizontal" else np.ascontiguousarray(grey.T)
    strip = cv2.remap(grey, along[None], across[None], cv2.INTER_LINEAR)[0]
    strip = np.clip(strip - np.percentile(strip, 20), 0, None)
    if not strip.any():
        return None
    strip[strip < 0.4 * strip.max()] = 0
    return abs((along * strip).sum() / strip.sum() - expected)


@pytest.mark.slow
@pytest.mark.parametrize("change", [None, *CHANGES])
def test_the_truth_puts_a_helium_line_where_the_light_is(change):
    errors = []
    for i in range(48 if change is None else 12):
        rng = np.random.default_rng([3, i])
        taken = simulate_photo(rng, "helium", quality=0, thumbnail=False, large=False, **CLEAR)
        if change:
            taken = retouch(rng, taken, change)
        errors += [line_error_px(taken.image, box, HELIUM_D3_NM) for box in taken.truth.boxes]
    errors = [error for error in errors if error is not None]
    assert len(errors) > 4
    assert np.median(errors) < 0.25
    assert np.percentile(errors, 80) < 0.8


@pytest.mark.parametrize("lamp", [*CLASSES, "sodium_low", "laser"])
def test_light_stands_out_inside_the_box_and_not_beside_it(lamp):
    for i in range(4):
        taken = photo(5, i, lamp=lamp, tilted=False, oblique=False, **CLEAR)
        grey = taken.image.max(axis=2).astype(float)
        inside = np.zeros(grey.shape, bool)
        for box in taken.truth.boxes:
            inside[box.y0 : box.y1, box.x0 : box.x1] = True
        assert np.sort(grey[inside])[-9:].mean() > np.median(grey) + 12


@pytest.mark.parametrize("lamp", ["flame_lithium", "coloured_led"])
def test_a_box_is_drawn_about_a_line_and_not_about_its_haze(lamp, monkeypatch):
    blur, lengths = light.blur, []
    for share in (0.0, 8.0):

        def hazy(*arguments, share=share):
            image, halo = blur(*arguments)
            return image, np.float32(share) * halo

        monkeypatch.setattr(light, "blur", hazy)
        photos = [photo(11, i, lamp=lamp, tilted=False, **CLEAR) for i in range(6)]
        boxes = [taken.truth.boxes[0] for taken in photos]
        lengths.append([max(box.x1 - box.x0, box.y1 - box.y0) for box in boxes])
    # In a camera's dark tones a little light more shows more.
    assert all(longer < 1.15 * shorter + 2 for shorter, longer in zip(*lengths, strict=True))


@pytest.mark.slow
def test_boxes_lie_in_the_frame_and_wavelengths_are_of_light():
    for i in range(40):
        taken = photo(7, i, large=False)
        height, width = taken.image.shape[:2]
        assert taken.truth.boxes
        for box in taken.truth.boxes:
            assert 0 <= box.x0 < box.x1 <= width and 0 <= box.y0 < box.y1 <= height
            assert box.blue_end in (box.blue_side, "none")
            ends = (box.x0, box.x1 - 1) if box.axis == "horizontal" else (box.y0, box.y1 - 1)
            nm = box.nm_at(np.linspace(*ends, 50))
            assert nm.min() > 340 and nm.max() < 1060
            rises = box.blue_side in ("left", "top")
            assert np.all((np.diff(nm) > 0) == rises)


@pytest.mark.parametrize("name", DIFFICULTIES)
def test_each_difficulty_can_be_forced_on_and_off(name):
    rng = np.random.default_rng(1)
    for _ in range(20):
        assert name in draw_setting(rng, Difficulty(**{name: True})).on
        assert name not in draw_setting(rng, Difficulty(**{name: False})).on


def test_plain_photos_show_no_difficulty():
    assert draw_setting(np.random.default_rng(0), PLAIN).on == frozenset()


def test_difficulties_that_exclude_each_other_are_refused():
    with pytest.raises(ValueError, match="small and oversized"):
        photo(0, small=True, oversized=True)
    with pytest.raises(ValueError, match="zero order"):
        photo(0, mirrored=True, zero_order=False)
    with pytest.raises(ValueError, match="no such lamp"):
        photo(0, lamp="unobtainium")


@pytest.mark.slow
def test_difficulties_show_in_the_truth():
    vertical = photo(
        1, lamp="daylight", vertical=True, oblique=False, reversed=True, mirrored=False
    )
    assert vertical.truth.axis == "vertical"
    assert vertical.truth.boxes[0].blue_side == "bottom"
    mirrored = photo(2, lamp="triphosphor", mirrored=True, half_slit=False)
    assert {box.order for box in mirrored.truth.boxes} == {1, -1}
    assert len({box.blue_side for box in mirrored.truth.boxes}) == 2
    assert mirrored.truth.zero_order
    halved = photo(3, half_slit=True, strip=False)
    assert {box.part for box in halved.truth.boxes} == {"whole", "half"}
    oblique = photo(4, oblique=True, tilted=False)
    assert 10 < abs(oblique.truth.angle_deg) < 42
    assert photo(5, large=True).image.shape[:2] in ((4000, 3000), (3000, 4000))
    assert max(photo(6, thumbnail=True).image.shape[:2]) <= 400
    assert photo(7, lamp="daylight", saturated=True, monochrome=False).truth.saturated


@pytest.mark.slow
def test_bent_and_small_spectra_are_in_the_picture():
    """Far from a small spectrum its bent trace runs off any frame; its light must be cast still."""
    for number in range(12):
        bent = vars(PLAIN) | {"small": True, "curved": True}
        shown = photo(8, number, lamp="daylight", quality=0, **bent)
        box = shown.truth.boxes[0]
        inside = shown.image[box.y0 : box.y1, box.x0 : box.x1].max(axis=2)
        assert np.percentile(inside, 90) > np.percentile(shown.image.max(axis=2), 50) + 8, number


def test_direction_is_known_from_colour_alone():
    assert photo(1, lamp="laser", light_leak=False).truth.blue_end == "none"
    grey = photo(2, lamp="daylight", monochrome=True, overlay=False, quality=0)
    assert grey.truth.blue_end == "none"
    assert np.ptp(grey.image.astype(int), axis=2).max() <= 2
    assert photo(3, lamp="daylight", monochrome=False).truth.blue_end != "none"


@pytest.mark.slow
def test_every_class_and_the_unknown_lamps_are_drawn():
    seen = {photo(9, i, thumbnail=True).truth.class_name for i in range(80)}
    assert seen == {*CLASSES, None}
    assert photo(9, 1, lamp="krypton", thumbnail=True).truth.kind == "krypton"


def test_the_same_seed_gives_the_same_photo():
    first, second = photo(4, 2), photo(4, 2)
    assert np.array_equal(first.image, second.image) and first.truth == second.truth
    assert not np.array_equal(first.image, photo(4, 3).image[: first.image.shape[0]])


@pytest.mark.parametrize("kind", PAINTERS)
def test_scenes_of_every_kind_hold_no_box(kind):
    for i, thumbnail in enumerate((True, False)):
        rng = np.random.default_rng([8, i])
        scene = simulate_scene(rng, kind, thumbnail=thumbnail)
        assert scene.image.dtype == np.uint8 and scene.image.shape[2] == 3
        assert scene.truth.kind == kind and scene.truth.boxes == () and scene.truth.lamp is None
        assert scene.truth.blue_end == "none" and scene.truth.angle_deg is None


def test_family_rates_name_known_difficulties():
    for family in FAMILIES.values():
        assert set(family.rates) <= set(DIFFICULTIES)


def test_a_grating_spreads_light_as_its_equation_says():
    grating = Grating(period_nm=1000.0, focal_px=500.0, turn_rad=0.0)
    assert grating.offset_px(500.0) == pytest.approx(500 * np.tan(np.radians(30)))
    assert grating.offset_px(500.0, -1) == pytest.approx(-grating.offset_px(500.0))
    assert grating.offset_px(300.0, 2) == pytest.approx(grating.offset_px(600.0))
    assert grating.offset_px(1200.0) == np.inf and grating.nm_at(1e9) == pytest.approx(1000)
    turned = Grating(740.0, 1.0, 0.8).spread(300.0, (400.0, 700.0))
    assert np.ptp(turned.offset_px([400.0, 700.0])) == pytest.approx(300)
    assert turned.nm_at(turned.offset_px([405.0, 655.0])) == pytest.approx([405.0, 655.0])


def test_projection_goes_to_the_photo_and_back():
    place = Projection(200.0, 150.0, 400.0, 2.0, keystone=1e-3, bend=1e-4)
    x, y = place.from_slit(np.array([350.0, 500.0]), np.array([-12.0, 9.0]))
    u, v = place.to_slit(x, y)
    assert u + v == pytest.approx([338.0, 509.0], abs=3)
    straight = Projection(200.0, 150.0, 400.0, 2.0)
    u, v = straight.to_slit(*straight.from_slit(350.0, -12.0))
    assert (u, v) == pytest.approx((350.0, -12.0))
    assert straight.blue_end == "top"


@pytest.mark.parametrize("anchor_y", [30.0, 5000.0])
def test_a_slit_throws_its_light_where_it_lies_and_none_beside_the_frame(anchor_y):
    layout = Layout(Prism(200.0), Projection(50.0, anchor_y, 400.0, 0.0), Slit(5.0, 1.0), 300.0)
    u = light.sample_positions(340.0, 460.0)
    v = np.linspace(-9, 9, 73)
    opening = np.float32(np.abs(v) < 5)
    picture = np.zeros((60, 100, 3), np.float32)
    slit = light.slit_image(picture.shape, 1, layout, u, v, opening)
    for _ in range(2):
        slit.cast(picture, np.float32([0.1, 0.2, 0.3]) * np.ones((len(u), 1), np.float32))
    rows = np.arange(60)
    inside, outside = np.abs(rows - anchor_y) < 4, np.abs(rows - anchor_y) > 6
    assert (picture[outside] == 0).all()
    assert picture[inside] == pytest.approx(np.broadcast_to([0.2, 0.4, 0.6], picture[inside].shape))
