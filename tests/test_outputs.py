"""What a command may replace, and what the outputs of photos are called."""

import os
from pathlib import Path

import pytest

from lib.errors import DataError
from lib.images.folders import list_photos
from lib.outputs import is_own, output_names, own_path, require_replaceable, short_name


def write(path: Path, text: str) -> None:
    with own_path(path) as temporary:
        temporary.write_text(text)


def test_what_this_program_made_may_be_replaced_until_somebody_changes_it(tmp_path):
    path = tmp_path / "a.txt"
    for text in ("one", "two", "one"):
        require_replaceable([path, None, tmp_path / "absent"])
        write(path, text)
        assert is_own(path)
    path.write_text("one, and a remark")
    with pytest.raises(DataError, match=r"a\.txt: exists already.*--overwrite"):
        require_replaceable([path])
    require_replaceable([path], overwrite=True)


def test_the_first_of_several_is_named_and_the_others_counted(tmp_path):
    paths = [tmp_path / name for name in ("a", "b", "c")]
    for path in paths[1:]:
        path.touch()
    with pytest.raises(DataError, match=r"b \(and 1 more\): exists already"):
        require_replaceable(paths)


def test_a_file_stays_own_where_its_writer_was_killed_at_the_last_moment(tmp_path, monkeypatch):
    path = tmp_path / "a.txt"
    write(path, "one")

    def killed(self, target):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(Path, "replace", killed)
        with pytest.raises(KeyboardInterrupt):
            write(path, "two")
    assert path.read_text() == "one" and is_own(path)


def test_nothing_is_entered_twice_or_torn(tmp_path):
    ledger = tmp_path / ".made-by-spectrum"
    ledger.write_text("# heading\n0123")
    write(tmp_path / "a.txt", "one")
    size = ledger.stat().st_size
    write(tmp_path / "a.txt", "one")
    assert ledger.stat().st_size == size and is_own(tmp_path / "a.txt")


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such files")
def test_a_device_has_no_ledger():
    write(Path(os.devnull), "one")
    assert not Path(os.devnull).with_name(".made-by-spectrum").exists()


def test_pictures_of_this_program_are_no_photos_and_are_said(tmp_path, caplog):
    write(tmp_path / "plots" / "a.png", "drawn")
    (tmp_path / "plots" / "b.png").write_text("theirs")
    (tmp_path / "c.png").write_text("theirs")
    assert [path.name for path in list_photos(tmp_path)] == ["c.png", "b.png"]
    assert "skipped 1 picture" in caplog.text and "a.png" in caplog.text


def test_photos_of_one_stem_have_outputs_of_their_own():
    paths = [Path(name) for name in ("x-2.jpg", "x.jpeg", "X.jpg", "x_pysa.jpg", "overview.jpg")]
    names = output_names(paths, taken=["overview"], endings=("", "_pysa"))
    assert names == ["x-2", "x", "X-3", "x_pysa-2", "overview-2"]
    assert output_names([Path(name) for name in ("a.jpg", "a-2.jpg", "a.png")]) == [
        "a",
        "a-2",
        "a-3",
    ]


def test_a_long_name_is_shortened_and_stays_the_only_one(tmp_path):
    names = [f"{'ö' * 100}{end}" for end in ("a", "b")]
    shortened = [short_name(name) for name in names]
    assert len(set(shortened)) == 2
    assert all(len(os.fsencode(name)) <= 120 and name.startswith("ööö") for name in shortened)
    assert short_name("lamp") == "lamp"


def test_two_outputs_of_one_place_are_refused(tmp_path):
    (tmp_path / "a").mkdir()
    table, again = tmp_path / "x.csv", tmp_path / "a" / ".." / "x.csv"
    with pytest.raises(DataError, match="two outputs"):
        require_replaceable([table, None, again], overwrite=True)
