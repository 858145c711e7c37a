"""The table of identify: columns that hold, whole remarks, colour on terminals alone."""

import io
import re

import pytest

from lib.measurement.measured_table import MeasurementTable
from lib.recognition.advice import REASONS, REMARKS, REMARKS_IN_SHORT
from lib.recognition.answer_table import AnswerTable, sureness_of
from lib.terminal import shortened

AXIS = {"range_nm": [456.6, 679.5], "uncertainty_nm": 0.118, "lines": [{}] * 21}


def answer(**changes) -> dict:
    return {
        "photo": "lamp.jpg",
        "status": "ok",
        "reason": None,
        "source": "neon",
        "certainty": 0.996,
        "lamp": None,
        "between": [],
        "reason_code": None,
        "advice": [],
        "remarks": [],
        "wavelength": AXIS,
        **changes,
    }


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def terminal(monkeypatch):
    """A terminal with 90 columns that shows colours."""
    for name in ("NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "90")
    return Terminal()


def test_range_error_and_number_of_lines_stand_under_their_headings():
    table = AnswerTable(["lamp.jpg"], io.StringIO())
    header, row = table.header(), table.row(answer())
    for name, entry in (("range nm", "457-680"), ("± nm", "0.12"), ("lines", "21")):
        assert row[: header.index(name) + len(name)].endswith(entry)
    assert header.split()[0] == "photo" and row.startswith("lamp.jpg  Neon")


def test_long_paths_keep_the_columns_and_a_line_each_away_from_a_terminal():
    long = "a folder/" * 30 + "lamp.jpg"
    table = AnswerTable(["lamp.jpg", long], io.StringIO())
    rows = [table.row(answer()), table.row(answer(photo=long))]
    assert rows[0].index("Neon") == rows[1].index("Neon")
    assert rows[1].startswith(long)
    assert not any("\n" in row or row.endswith(" ") for row in rows)


def test_a_photo_that_is_overexposed_says_so_beside_its_reason():
    table = AnswerTable(["lamp.jpg"], io.StringIO())
    remarks = [{"code": "overexposed", "text": "overexposed"}]
    assert table.row(answer(remarks=remarks)).endswith("overexposed")
    row = table.row(answer(remarks=remarks, wavelength=None, reason_code="no_lines"))
    assert row.endswith("no lines, overexposed")


def test_light_clipped_at_any_level_is_overexposed_and_counted_once():
    table = AnswerTable(["a.jpg", "b.jpg", "c.jpg"], io.StringIO())
    full = {"code": "overexposed", "text": "overexposed"}
    below = {"code": "clipped_below_full_scale", "text": "light is clipped at 92% of full scale"}
    for photo, remark in (("a.jpg", full), ("b.jpg", below)):
        assert table.row(answer(photo=photo, remarks=[remark])).endswith("overexposed")
    (note,) = table.notes()
    assert note.startswith("overexposed (2 photos): Peaks are clipped")
    unknown = answer(
        photo="c.jpg",
        status="unknown",
        source=None,
        wavelength=None,
        reason_code="clipped",
        remarks=[full],
    )
    assert table.row(unknown).endswith(" too overexposed")


def test_what_a_note_means_and_what_to_do_is_said_once_for_all_photos():
    table = AnswerTable(["a.jpg", "b.jpg"], io.StringIO())
    for photo in ("a.jpg", "b.jpg"):
        advice = ["Expose longer.", "Keep other light out."]
        row = table.row(
            answer(photo=photo, wavelength=None, reason_code="few_lines", advice=advice)
        )
        assert row.endswith("too few lines")
    (note,) = table.notes()
    assert note.startswith("too few lines (2 photos): ") and note.endswith(" Expose longer.")


def test_a_lamp_that_is_named_with_wavelengths_needs_no_note():
    table = AnswerTable(["lamp.jpg"], io.StringIO())
    lamp = {"name": "sodium", "title": "Sodium lamp", "probability": 0.987}
    row = table.row(
        answer(status="unknown", source=None, lamp=lamp, certainty=0.01, reason_code="other_lamp")
    )
    assert "Sodium" in row and "0.99" in row and "0.01" not in row and not table.notes()


def test_the_flag_that_follows_an_advice_stands_beside_it():
    table = AnswerTable(["lamp.jpg"], io.StringIO())
    table.row(answer(wavelength=None, reason_code="unconfirmed_axis", advice=["Name it."]))
    assert table.notes()[0].endswith("Name it (--lamp).")


def test_the_closing_line_counts_names_and_wavelengths():
    table = AnswerTable(["a.jpg", "b.jpg"], io.StringIO())
    table.row(answer(photo="a.jpg"))
    table.row(answer(photo="b.jpg", status="no_band", source=None, wavelength=None))
    assert table.summary() == "2 photos: 1 named, 1 with wavelengths, 1 without a spectrum"


def test_every_reason_and_remark_has_few_words():
    assert set(REMARKS_IN_SHORT) == set(REMARKS)
    words = [*REMARKS_IN_SHORT.values(), *(one.short for one in REASONS.values())]
    assert max(map(len, words)) <= 20
    assert all(one.text.endswith(".") and one.advice for one in REASONS.values())


@pytest.mark.parametrize(("width", "shown"), [(20, "a/long/name/lamp.jpg"), (9, "a/lo….jpg")])
def test_a_long_name_loses_its_middle(width, shown):
    assert shortened("a/long/name/lamp.jpg", width) == shown


@pytest.mark.parametrize("columns", ["80", "100", "120"])
def test_a_terminal_gets_colour_and_one_line_a_photo_within_its_width(
    terminal, monkeypatch, columns
):
    monkeypatch.setenv("COLUMNS", columns)
    photo = "photos/" * 20 + "lamp.jpg"
    table = AnswerTable([photo], terminal)
    remarks = [{"code": "several_bands", "text": "2 spectra"}]
    row = table.row(answer(photo=photo, reason_code="unconfirmed_axis", remarks=remarks))
    assert "\x1b[" in row
    plain = re.sub(r"\x1b\[[0-9;]*m", "", row)
    assert len(plain) <= int(columns) and "\n" not in plain
    assert re.match(r"photos.*…", plain) and "457-680" in plain
    assert all(len(line) <= int(columns) for note in table.notes() for line in note.splitlines())


def test_no_colour_is_written_to_a_file():
    table = AnswerTable(["lamp.jpg"], io.StringIO())
    assert "\x1b" not in table.header() + table.row(answer())


def test_brackets_in_a_name_are_no_markup():
    name = "[red]lamp[/] :star: \\[1].jpg"
    assert AnswerTable([name], io.StringIO()).row(answer(photo=name)).startswith(name)


def test_wide_letters_count_as_what_they_take():
    names = ["ネオン.jpg", "lamp.jpg"]
    table = AnswerTable(names, io.StringIO())
    wide, narrow = (table.row(answer(photo=name)) for name in names)
    # Three letters of two columns each.
    assert narrow.index("Neon") - wide.index("Neon") == 3


def test_a_name_gives_the_terminal_no_commands():
    name = "a\x1b]0;title\x07\n\u202egpj.lamp\udcff\u2028é.jpg"
    answer_of_it = answer(
        photo=name, status="error", source=None, reason=f"{name}: unreadable", wavelength=None
    )
    table = AnswerTable([name, "b" * 60], io.StringIO())
    (line,) = table.row(answer_of_it).splitlines()
    shown = r"a\x1b]0;title\x07\n\u202egpj.lamp\udcff\u2028é.jpg"
    assert line.startswith(shown) and line.endswith("unreadable")
    measured = {"photo": name, "status": "error", "reason": name}
    assert len(MeasurementTable([name], io.StringIO()).row(measured).splitlines()) == 1


@pytest.mark.parametrize(
    ("status", "source", "lamp", "sure"),
    [
        ("ok", "neon", None, 0.93),
        ("unknown", None, {"name": "sodium_low", "probability": 0.9}, 0.9),
        ("unknown", None, None, None),
    ],
)
def test_how_sure_is_said_of_the_lamp_that_is_named(status, source, lamp, sure):
    answer = {"status": status, "source": source, "lamp": lamp, "certainty": 0.93}
    assert sureness_of(answer) == sure
