"""A simulated crawl: the form of the real one, planted faults, the same bytes each time."""

import csv
import json
from collections import Counter

import cv2
import numpy as np
import pytest

from lib.curation.crawl_tables import read_tables
from lib.errors import DataError
from lib.files import read_csv, sha256
from lib.images.reading import read_image
from lib.simulation.crawl import captions
from lib.simulation.crawl.crawl import FAULT_RATES, plan
from lib.simulation.crawl.downloads import TRUTH_COLUMNS, write_downloads
from lib.simulation.lamps.catalogue import LAMPS
from lib.taxonomy import RAW_SOURCES, class_of_raw_id, sources_of_words

COUNT = 60
MANY_FAULTS = dict.fromkeys(FAULT_RATES, 0.05)


@pytest.fixture(scope="module")
def downloads(tmp_path_factory):
    folder = tmp_path_factory.mktemp("RawData")
    write_downloads(folder, COUNT, 5, rates=MANY_FAULTS)
    return folder


@pytest.fixture(scope="module")
def truth(downloads):
    return read_csv(downloads / "truth.csv", TRUTH_COLUMNS)


def contents(folder):
    return {p.relative_to(folder): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_tables_have_the_crawlers_form(downloads, truth):
    rows = read_tables(downloads / "DataTable")
    assert sorted(row.image_path for row in rows) == sorted(row["image_path"] for row in truth)
    for table in (downloads / "DataTable").iterdir():
        assert (downloads / "Image" / table.name[:-17]).is_dir()
        with table.open(newline="") as stream:
            header, first, *_ = csv.reader(stream)
        assert header == [
            *("", "ID", "Title", "Author", "UploadDate", "Description"),
            *("ImageName", "ImageXsize", "ImageYsize", "keyword"),
        ]
        assert first[0] == "0" and first[1] == first[6].partition(".")[0]
        assert first[9].startswith("['") and first[9].endswith("']")


def test_every_fault_is_planted_at_its_rate(truth):
    faults = Counter(row["fault"] for row in truth)
    assert {name: faults[name] for name in FAULT_RATES} == dict.fromkeys(FAULT_RATES, 3)


def test_titles_name_the_lamp_but_for_planted_faults(downloads, truth):
    named = {row.image_path: row.sources for row in read_tables(downloads / "DataTable")}
    for row in truth:
        raw_ids = tuple(source.raw_id for source in named[row["image_path"]])
        assert raw_ids == tuple(sorted(map(int, row["titled_raw_ids"].split())))
        classes = {class_of_raw_id(raw_id) for raw_id in raw_ids}
        if row["fault"] == "two_classes":
            assert len(classes) == 2
        elif row["fault"] in ("wrong_label", "non_spectrum"):
            assert len(classes) == 1 and row["class"] not in classes
        elif row["fault"] == "no_class":
            assert not raw_ids
        elif row["class"]:
            assert classes == {row["class"]}


def test_files_are_what_the_truth_says(downloads, truth):
    for row in truth:
        path = downloads / row["image_path"]
        assert path.exists() == (row["fault"] != "missing")
        if row["fault"] == "not_an_image":
            with pytest.raises(DataError):
                read_image(path)
        elif row["fault"] not in ("missing", "truncated"):
            height, width = read_image(path).shape[:2]
            for x0, y0, x1, y1 in json.loads(row["boxes"]):
                assert 0 <= x0 < x1 <= width and 0 <= y0 < y1 <= height
        if row["fault"] == "non_spectrum":
            assert row["boxes"] == "[]" and not row["class"]


def test_exact_duplicates_are_the_same_file_and_near_ones_are_not(downloads, truth):
    digest = {row["image_path"]: downloads / row["image_path"] for row in truth}
    digest = {name: sha256(path) for name, path in digest.items() if path.exists()}
    exact = [row for row in truth if row["fault"] == "exact_duplicate"]
    near = [row for row in truth if row["fault"] == "near_duplicate"]
    for row in exact:
        assert digest[row["image_path"]] == digest[row["duplicate_of"]]
    for row in near:
        assert row["change"] and digest[row["image_path"]] != digest[row["duplicate_of"]]
    empty_or_error_pages = sum(row["fault"] == "not_an_image" for row in truth)
    assert len(set(digest.values())) >= len(digest) - len(exact) - empty_or_error_pages


def test_duplicates_copy_faultless_rows_within_and_across_folders():
    heap = plan(2000, 0, FAULT_RATES)
    copies = [row for row in heap if row.duplicate_of]
    assert len(copies) == 160
    assert all(heap[row.source].fault == "" for row in copies)
    across = sum(heap[row.source].folder != row.folder for row in copies)
    assert 20 < across < 140


@pytest.mark.slow
def test_the_same_seed_gives_the_same_bytes_in_any_number_of_processes(downloads, tmp_path):
    write_downloads(tmp_path, COUNT, 5, rates=MANY_FAULTS, jobs=2)
    assert contents(tmp_path) == contents(downloads)


@pytest.mark.slow
def test_a_present_heap_is_kept_without_overwrite_and_replaced_with_it(tmp_path):
    write_downloads(tmp_path, 6, 1, rates={})
    mine = tmp_path / "Image" / "mine" / "1.jpg"
    mine.parent.mkdir()
    mine.write_bytes(b"real")
    before = contents(tmp_path)
    with pytest.raises(DataError, match="already exists"):
        write_downloads(tmp_path, 4, 2, rates={})
    assert contents(tmp_path) == before
    rows = write_downloads(tmp_path, 4, 2, rates={}, overwrite=True)
    images = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*.[jp][pn]g")}
    assert images == {row["image_path"] for row in rows} | {"Image/mine/1.jpg"}
    assert mine.read_bytes() == b"real"


def test_an_interrupted_run_leaves_nothing_in_place(tmp_path, monkeypatch):
    def fail(*_args):
        raise KeyboardInterrupt

    monkeypatch.setattr("lib.simulation.crawl.downloads.table_row", fail)
    with pytest.raises(KeyboardInterrupt):
        write_downloads(tmp_path, 4, 1)
    assert contents(tmp_path) == {}


@pytest.mark.parametrize(
    ("rates", "message"),
    [({"gremlins": 0.1}, "gremlins"), ({"missing": 1.2}, "add up"), ({"missing": -0.1}, "add up")],
)
def test_impossible_fault_rates_are_refused(tmp_path, rates, message):
    with pytest.raises(DataError, match=message):
        write_downloads(tmp_path, 4, 1, rates=rates)


def test_phrases_name_their_own_raw_source_only():
    assert set(captions.PHRASES) == {source.raw_id for source in RAW_SOURCES}
    for raw_id, phrases in captions.PHRASES.items():
        for phrase in phrases:
            words = phrase.replace("_", " ")
            assert [source.raw_id for source in sources_of_words([words])] == [raw_id], phrase
            assert captions.keywords_of(phrase), phrase
    for phrase in (*captions.NAMELESS, *sum(captions.NAMED_KINDS.values(), ())):
        assert not sources_of_words([phrase.replace("_", " ")]), phrase
    assert set(captions.NAMED_KINDS) <= {lamp.kind for lamp in LAMPS.values()}


def test_near_duplicates_look_like_their_originals(downloads, truth):
    def small(name):
        image = read_image(downloads / name).mean(axis=2).astype(np.float32)
        return cv2.resize(image, (32, 32), interpolation=cv2.INTER_AREA).ravel()

    for row in truth:
        if row["change"] in ("recompressed", "brightened", "rescaled"):
            likeness = np.corrcoef(small(row["image_path"]), small(row["duplicate_of"]))[0, 1]
            assert likeness > 0.9
