"""The guards of a change: whole answers compared, figures compared photo by photo."""

import pytest

from benchmarks import accept
from benchmarks.whole_answers import differences, read_dump


@pytest.fixture(autouse=True)
def no_real_data(monkeypatch):
    monkeypatch.delenv("SPECTRA_REAL_DATA", raising=False)


def dumped(path):
    assert accept.main(["--dump", str(path), "--photos", "3", "--jobs", "1"]) == 0
    return read_dump(path)


def test_two_dumps_of_one_checkout_are_the_same_and_a_changed_value_is_told(tmp_path, capsys):
    first = dumped(tmp_path / "first.jsonl")
    changed = {photo: dict(found) for photo, found in first.items()}
    photo = next(photo for photo, found in first.items() if found["result.certainty"])
    changed[photo]["result.certainty"] += 1e-9
    photos, lines = differences(first, changed)
    assert photos == [photo] and lines[0].startswith("result.certainty: 1 of 3 photos")
    assert differences(first, first) == ([], [])
    assert accept.main(["--compare", *[str(tmp_path / "first.jsonl")] * 2]) == 0
    assert "3 of 3 photos have the same answer" in capsys.readouterr().out


def test_a_field_that_one_checkout_lacks_is_told_and_is_no_difference():
    photos, lines = differences({"a": {"x": 1, "old.0": 2}}, {"a": {"x": 1, "new": 2}})
    assert photos == [] and lines == ["only in the first: old.*", "only in the second: new"]
