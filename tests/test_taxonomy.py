import pytest

from lib import taxonomy


def test_classes_are_put_in_words():
    assert [taxonomy.in_words(name) for name in ("led", "neon")] == ["LED", "neon lamp"]


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
        ("0", True),
        ("10", True),
        ("11", False),
        ("cfl_hg", True),
        ("Laser 2", True),
        ("mercry", False),
        ("unknown", True),
        ("", False),
    ],
)
def test_a_folder_is_known_by_number_class_or_keyword(name, expected):
    assert taxonomy.is_folder_name(name) is expected


def test_the_list_of_folder_names_is_of_names_that_are_known():
    listed = taxonomy.folder_names().split(";")[0].split(", ")
    assert len(listed) == len(taxonomy.RAW_SOURCES)
    assert all(taxonomy.is_folder_name(part) for entry in listed for part in entry.split())


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
