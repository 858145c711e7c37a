"""Lamps by their classes, their lines and their common names."""

import pytest

from lib.errors import DataError
from lib.lines import available_line_lists
from lib.recognition.axis.axis import NoAxis
from lib.recognition.axis.line_lists import known_lamps, line_lists_of
from lib.taxonomy import CLASSES, MAX_LAMPS


@pytest.mark.parametrize(
    ("name", "lists"),
    [
        ("Neon", ("neon",)),
        ("hg", ("mercury",)),
        ("CFL", ("cfl",)),
        ("sun", ("fraunhofer",)),
        ("ar", ("argon",)),
        ("h", ("hydrogen",)),
        ("mercury+argon", ("mercury+argon",)),
        ("hg + ar", ("mercury+argon",)),
        ("neon+Neon+ne+" * 1000 + "neon", ("neon",)),
        ("flame_copper", ("flame_copper",)),
    ],
)
def test_common_names_stand_for_line_lists(name, lists):
    assert line_lists_of(name) == lists


def test_a_class_of_several_lamps_is_tried_as_each():
    assert {"cfl", "mercury"} <= set(line_lists_of("cfl_hg"))
    assert "cfl+argon" in line_lists_of("cfl_hg+argon")


def test_every_class_and_list_is_known():
    assert {*CLASSES, *available_line_lists()} == set(known_lamps())
    for name in known_lamps():
        if name != "led":
            assert line_lists_of(name)


def test_the_number_of_lamps_is_bounded_in_one_line():
    names = known_lamps()[: MAX_LAMPS + 1]
    with pytest.raises(DataError, match=f"^{MAX_LAMPS + 1} lamps joined by \\+; expected at most"):
        line_lists_of("+".join(names))
    assert len(line_lists_of("+".join(["cfl_hg", "hg", "cfl"] * 1000))) <= 3


def test_an_led_has_no_lines():
    with pytest.raises(NoAxis, match="no lines"):
        line_lists_of("led")


@pytest.mark.parametrize("name", ["unobtainium", "mercury+unobtainium", "", "laser"])
def test_unknown_lamps_are_named_with_what_is_known(name):
    with pytest.raises(DataError, match=r"expected one of .*neon"):
        line_lists_of(name)
