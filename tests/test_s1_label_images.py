"""Labelling copies what its tables name, and never undoes what a person did."""

import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import s1_label_images
from lib.curation.crawl_tables import TableRow, read_tables
from lib.files import read_csv
from lib.images.png import write_png
from lib.leftovers import HALF_WRITTEN, own_prefix
from lib.tables import LABELS_COLUMNS, TABLE_COLUMNS

# As the crawler writes it: an index column without a name, quoted fields, a line break in a text.
REAL_TABLE = """,ID,Title,Author,UploadDate,Description,ImageName,ImageXsize,ImageYsize,keyword
0,12500,neon lamp,someone,2013-05-01 10:00:00,None,12500.png,640,480,"['neon', 'lamp']"
1,12499,"CFL, warm white",other,2013-05-01 09:00:00,"two
lines",12499.png,640,480,"['white']"
2,12498,Sun through H2O,other,2013-05-01 08:00:00,None,12498.png,640,480,"['sun', 'h2o']"
3,12497,he ne laser,other,2013-05-01 08:00:00,None,12497.png,640,480,"['he', 'laser', 'ne']"
4,12496,my kitchen,other,2013-05-01 08:00:00,None,12496.png,640,480,"['light']"
5,12495,led,other,2013-05-01 08:00:00,None,12495.png,640,480,['led']
"""


def write_photo(path, seed):
    write_png(path, np.random.default_rng(seed).integers(0, 255, (8, 12, 3), dtype=np.uint8))


@pytest.fixture
def raw(tmp_path):
    """A small crawl: six rows, of which the last has no image, and a file without a row."""
    folder = tmp_path / "RawData"
    table = folder / "DataTable" / "12500-12301-201809180036.csv"
    table.parent.mkdir(parents=True)
    table.write_text(REAL_TABLE, encoding="utf-8")
    for seed in (12500, 12499, 12498, 12497, 12496, 77):
        write_photo(folder / "Image" / "12500-12301" / f"{seed}.png", seed)
    return folder


def add_table(raw, folder, rows, stamp="201901010000"):
    """Add a crawl of (name, title, keywords) rows."""
    lines = [",".join(("", *TABLE_COLUMNS))]
    lines += [
        f'{i},{i},{title},a,d,None,{name},1,1,"{keywords}"'
        for i, (name, title, keywords) in enumerate(rows)
    ]
    (raw / "DataTable" / f"{folder}-{stamp}.csv").write_text("\n".join(lines) + "\n")


def run(raw):
    assert s1_label_images.main(["--input", str(raw)]) == 0
    rows = read_csv(raw / "Image_Labeled" / "labels.csv", LABELS_COLUMNS)
    return {row["image_path"].removeprefix("Image/"): row for row in rows}


def tree(folder):
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*.*g")}


def test_a_real_table_loads_and_each_row_gets_its_source_or_its_reason(raw):
    rows = {Path(name).stem: row for name, row in run(raw).items()}
    assert {name: (row["raw_id"], row["status"]) for name, row in rows.items()} == {
        "12500": ("5", "labelled"),
        "12499": ("1", "labelled"),
        "12498": ("2", "labelled"),
        "12497": ("", "left_out"),
        "12496": ("", "left_out"),
        "12495": ("0", "missing"),
        "77": ("", "left_out"),
    }
    assert "several sources: 5 (neon), 6 (helium), 9 (laser)" in rows["12497"]["reason"]
    assert "no keyword" in rows["12496"]["reason"] and "no table row" in rows["77"]["reason"]
    assert set(tree(raw / "Image_Labeled")) == {"5/12500.png", "1/12499.png", "2/12498.png"}


def test_tables_and_originals_stay_as_they_are(raw):
    before = {p: (p.read_bytes(), p.stat().st_mtime_ns) for p in raw.rglob("*.*")}
    run(raw)
    run(raw)
    assert {p: (p.read_bytes(), p.stat().st_mtime_ns) for p in before} == before


def test_a_second_run_changes_nothing(raw):
    run(raw)
    first = (raw / "Image_Labeled" / "labels.csv").read_bytes()
    run(raw)
    assert (raw / "Image_Labeled" / "labels.csv").read_bytes() == first


def test_moved_deleted_and_added_files_are_respected(raw):
    run(raw)
    labelled = raw / "Image_Labeled"
    (labelled / "4").mkdir()
    (labelled / "1" / "12499.png").rename(labelled / "4" / "12499.png")
    (labelled / "5" / "12500.png").unlink()
    shutil.copy(raw / "Image" / "12500-12301" / "12496.png", labelled / "0-by-hand.png")
    (labelled / "0").mkdir()
    (labelled / "0-by-hand.png").rename(labelled / "0" / "renamed.png")
    write_photo(labelled / "2" / "12498.png", seed=5)
    before = tree(labelled)
    for _ in range(2):
        rows = run(raw)
        assert rows["Image_Labeled/2/12498.png"]["status"] == "added"
        rows = {Path(name).stem: row for name, row in rows.items() if row["table"]}
        assert tree(labelled) == before
        assert (rows["12499"]["raw_id"], rows["12499"]["status"]) == ("4", "moved")
        assert rows["12500"]["status"] == "removed"
        assert (rows["12496"]["raw_id"], rows["12496"]["status"]) == ("0", "moved")
        assert rows["12498"]["reason"] == "changed by hand"


def test_new_downloads_join_without_touching_the_old(raw):
    run(raw)
    write_photo(raw / "Image" / "other" / "12500.png", seed=1)
    add_table(raw, "other", [("12500.png", "neon", "['neon']")])
    rows = run(raw)
    assert rows["other/12500.png"]["status"] == "labelled"
    # The name is in use, so the new photo carries its crawl's name.
    assert {"5/12500.png", "5/other-12500.png"} <= set(tree(raw / "Image_Labeled"))


def test_exact_duplicates_are_found_across_folders_and_copied_once(raw, capsys):
    (raw / "Image" / "other").mkdir()
    shutil.copy(raw / "Image/12500-12301/12500.png", raw / "Image/other/900.png")
    add_table(raw, "other", [("900.png", "neon again", "['neon']")])
    rows = run(raw)
    assert rows["other/900.png"]["status"] == "duplicate"
    assert rows["other/900.png"]["group"] == rows["12500-12301/12500.png"]["group"]
    assert "groups of exact duplicates: 1 (-v lists them)" in capsys.readouterr().out
    groups = [row["group"] for row in rows.values() if row["group"]]
    assert len(set(groups)) == len(groups) - 1
    assert len(tree(raw / "Image_Labeled")) == 3


def test_the_same_image_under_two_labels_is_left_out(raw):
    (raw / "Image" / "other").mkdir()
    shutil.copy(raw / "Image/12500-12301/12500.png", raw / "Image/other/900.png")
    add_table(raw, "other", [("900.png", "helium", "['helium']")])
    rows = run(raw)
    for name in ("other/900.png", "12500-12301/12500.png"):
        assert rows[name]["status"] == "left_out"
        assert rows[name]["reason"] == "the same image is labelled as 5, 6"


def test_keywords_are_counted(raw, capsys):
    add_table(raw, "12500-12301", [("12500.png", "neon", "['neon', 'lamp']")], "202001010000")
    run(raw)
    out = capsys.readouterr().out
    (row,) = [line for line in out.splitlines() if line.startswith("5 neon")]
    assert "neon 2" in row
    assert "lamp 2" in out


def test_a_killed_first_run_is_completed_by_the_next(raw):
    whole = raw.with_name("whole")
    shutil.copytree(raw, whole)
    run(whole)
    partial = raw / "Image_Labeled" / "5"
    partial.mkdir(parents=True)
    shutil.copy(raw / "Image/12500-12301/12500.png", partial / "12500.png")
    with subprocess.Popen([sys.executable, "-c", ""]) as killed:
        killed.wait()
    machine = own_prefix(HALF_WRITTEN).rsplit("-", 2)[0]
    leftover = partial / f"{machine}-{killed.pid}-k3j_x9ab.png"
    leftover.write_bytes(b"half")
    run(raw)
    assert not leftover.exists()
    assert tree(raw / "Image_Labeled") == tree(whole / "Image_Labeled")
    assert (raw / "Image_Labeled/labels.csv").read_bytes() == (
        whole / "Image_Labeled/labels.csv"
    ).read_bytes()


def test_a_person_s_hidden_files_stay(raw):
    run(raw)
    own = [
        raw / "Image_Labeled" / ".my-settings",
        raw / "Image_Labeled" / "5" / ".notes-20240101.txt",
    ]
    for path in own:
        path.touch()
    run(raw)
    assert all(path.exists() for path in own)


@pytest.mark.parametrize(
    ("spoil", "expected"),
    [
        (lambda raw: shutil.rmtree(raw / "DataTable"), "run this first: "),
        (lambda raw: shutil.rmtree(raw / "Image"), "no image; expected Image/<folder>/"),
        (lambda raw: table(raw).write_text("a,b\n1,2\n"), "missing column(s) ID, Title"),
        (lambda raw: table(raw).write_bytes(b"\xff\xfe\x00bad"), "not readable as CSV"),
        (lambda raw: table(raw).rename(raw / "DataTable/notes.csv"), "not a table's name"),
        (lambda raw: replace(raw, "['led']", "led"), "row 6: keyword 'led'; expected a list"),
        (lambda raw: replace(raw, "['led']", "['led', 3]"), "missing column|keyword"),
        (lambda raw: replace(raw, "12495.png", "../12495.png"), "expected a plain file name"),
    ],
)
def test_bad_input_gives_one_line_and_writes_nothing(raw, spoil, expected, capsys):
    spoil(raw)
    assert s1_label_images.main(["--input", str(raw)]) == 1
    error = capsys.readouterr().err
    assert error.startswith("error: ") and error.count("\n") == 1
    assert any(part in error for part in expected.split("|"))
    assert not (raw / "Image_Labeled").exists()


def table(raw):
    return raw / "DataTable" / "12500-12301-201809180036.csv"


def replace(raw, old, new):
    table(raw).write_text(table(raw).read_text().replace(old, new))


def test_titles_count_by_whole_word_without_digits():
    def sources(title, *keywords):
        row = TableRow("t", "Image/f/x.png", title, keywords)
        return [source.raw_id for source in row.sources]

    assert sources("Compact CFL/LED bulb") == [0, 1]
    assert sources("H2O absorption") == []
    assert sources("untitled", "hg") == [4]
    assert sources("H-alpha of the Sun") == [2, 7]
    assert sources("sunset shell the") == []


def test_a_table_saved_again_by_pandas_still_loads(raw):
    replace(raw, ",ID,", "Unnamed: 0,ID,")
    assert len(read_tables(raw / "DataTable")) == 6
