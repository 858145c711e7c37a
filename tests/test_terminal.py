"""The table of identify: columns that hold, whole remarks, colour on terminals alone."""

import io

import pytest

from lib.terminal import AnswerTable, MeasurementTable

AXIS = {"range_nm": [456.6, 679.5], "uncertainty_nm": 0.118, "lines": [{}] * 21}


def answer(**changes) -> dict:
    return {
        "photo": "lamp.jpg",
        "status": "ok",
        "reason": None,
        "source": "neon",
        "certainty": 0.996,
        "lamp": None,
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
    for name, entry in (("range nm", "457-680"), ("error nm", "0.12"), ("lines", "21")):
        assert row[: header.index(name) + len(name)].endswith(entry)
    assert header.split()[0] == "photo" and row.startswith("lamp.jpg  neon")


def test_long_paths_keep_the_columns_and_a_line_each_away_from_a_terminal():
    long = "a folder/" * 30 + "lamp.jpg"
    table = AnswerTable(["lamp.jpg", long], io.StringIO())
    rows = [table.row(answer()), table.row(answer(photo=long))]
    assert rows[0].index("neon") == rows[1].index("neon")
    assert rows[1].startswith(long)
    assert not any("\n" in row or row.endswith(" ") for row in rows)


def test_a_photo_that_is_overexposed_says_so_beside_its_reason():
    table = AnswerTable(["lamp.jpg"], io.StringIO())
    remarks = [{"code": "overexposed", "text": "overexposed"}]
    assert table.row(answer(remarks=remarks)).endswith("overexposed")
    row = table.row(answer(remarks=remarks, wavelength=None, reason="no wavelength axis: no lines"))
    assert row.endswith("overexposed; no wavelength axis: no lines")


def test_one_sentence_of_advice_stands_where_a_name_or_an_axis_is_missing():
    table = AnswerTable(["lamp.jpg"], io.StringIO())
    advice = ["Expose longer.", "Keep other light out."]
    row = table.row(answer(wavelength=None, reason="few lines", advice=advice))
    assert row.endswith("few lines. Expose longer.")
    assert "Expose" not in table.row(answer(advice=advice))


def test_a_terminal_gets_colour_and_lines_within_its_width(terminal):
    photo = "photos/" * 20 + "lamp.jpg"
    row = AnswerTable([photo], terminal).row(answer(photo=photo, reason="some words " * 12))
    assert "\x1b[" in row
    plain = row.replace("\x1b[32m", "").replace("\x1b[0m", "")
    assert max(map(len, plain.splitlines())) <= 90


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
    assert narrow.index("neon") - wide.index("neon") == 3


def test_a_name_gives_the_terminal_no_commands():
    name = "a\x1b]0;title\x07\n\u202egpj.lamp\udcff\u2028é.jpg"
    answer_of_it = answer(photo=name, status="error", source=None, reason=f"{name}: unreadable")
    table = AnswerTable([name, "b" * 60], io.StringIO())
    (line,) = table.row(answer_of_it).splitlines()
    shown = r"a\x1b]0;title\x07\n\u202egpj.lamp\udcff\u2028é.jpg"
    assert line.startswith(shown) and f"{shown}: unreadable" in line
    measured = {"photo": name, "status": "error", "reason": name}
    assert len(MeasurementTable([name], io.StringIO()).row(measured).splitlines()) == 1
