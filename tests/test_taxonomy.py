import pytest

from lib import taxonomy


def test_classes_stand_in_nnsics_order():
    assert taxonomy.CLASSES == (
        "led",
        "cfl_hg",
        "continuum",
        "neon",
        "helium",
        "hydrogen",
        "nitrogen",
    )


def test_mercury_and_fluorescent_train_one_class():
    assert taxonomy.class_of_raw_id(1) == taxonomy.class_of_raw_id(4) == "cfl_hg"


@pytest.mark.parametrize("raw_id", [9, 10])
def test_lasers_and_argon_train_no_class(raw_id):
    assert taxonomy.class_of_raw_id(raw_id) is None


def test_keywords_match_whole_words_only():
    assert taxonomy.sources_of_words(["heated", "led-lenser", "knee"])[0].raw_id == 0
    assert taxonomy.sources_of_words(["heated", "knee", "sunny"]) == ()


def test_two_sources_in_one_title_are_both_found():
    found = taxonomy.sources_of_words(["Neon and Mercury lamps"])
    assert [source.raw_id for source in found] == [4, 5]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("neon_21411.png", "neon"),
        ("cfl_hg_3.jpg", "cfl_hg"),
        ("CFL-3.jpg", "cfl_hg"),
        ("sun 12.png", "continuum"),
        ("laser_1.png", "unknown"),
        ("unknown", "unknown"),
        ("ledger.png", "unknown"),
        ("12.png", "unknown"),
    ],
)
def test_a_name_begins_with_its_class(name, expected):
    assert taxonomy.class_of_name(name) == expected
