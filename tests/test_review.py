"""The review page in a real browser, and the way from its decisions to the folders and back."""

import csv
import json
import shutil
import subprocess
import sys
import time

import numpy as np
import pytest

import s1_label_images
from lib.curation.pages import PhotoNotes
from lib.curation.places import review_folder
from lib.curation.triage import CATEGORIES, TRIAGE_COLUMNS
from lib.files import read_csv
from lib.images.png import write_png
from lib.paths import ROOT
from lib.simulation.photos.photos import simulate_photo
from lib.tables import LABELS_COLUMNS, TABLE_COLUMNS

HOSTILE_TITLE = "neon </script><script>document.title='owned'</script> <b>lamp</b>"


@pytest.fixture(scope="module")
def heap(tmp_path_factory):
    """A crawl of eight photos: spectra, a copy, a black frame, a broken file, a hostile title."""
    raw = tmp_path_factory.mktemp("heap") / "RawData"
    images = raw / "Image" / "800-701"
    photos = [
        simulate_photo(np.random.default_rng([8, i]), lamp, quality=0).image
        for i, lamp in enumerate(("neon", "neon", "neon", "mercury", "white_led"))
    ]
    photos += [np.ascontiguousarray(photos[0][:, ::-1]), np.zeros((60, 80, 3), np.uint8)]
    titles = [HOSTILE_TITLE, "neon", "neon", "mercury", "led", "neon again", "neon", "neon"]
    for number, photo in enumerate(photos):
        write_png(images / f"{700 + number}.png", photo)
    (images / "707.png").write_bytes((images / "706.png").read_bytes()[:40])
    table = raw / "DataTable" / "800-701-202001010000.csv"
    table.parent.mkdir()
    with table.open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["", *TABLE_COLUMNS])
        for number, title in enumerate(titles):
            name = f"{700 + number}.png"
            writer.writerow([number, 1, title, "a", "d", "None", name, 1, 1, "[]"])
    return raw


@pytest.fixture
def raw(heap, tmp_path):
    """A fresh copy of the heap."""
    return shutil.copytree(heap, tmp_path / "RawData")


def run(raw, *arguments, model=None):
    flags = ["--input", str(raw), "--jobs", "1", *(["--model", str(model)] if model else [])]
    return s1_label_images.main([*map(str, arguments), *flags])


def photos_of(page):
    text = page.read_text(encoding="utf-8")
    return json.loads(
        text.split('<script id="photos" type="application/json">')[1].split("</scr")[0]
    )


def tree(folder):
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*.*g")}


def test_a_review_shows_every_photo_and_gives_every_file_one_category(raw, frozen_model, capsys):
    assert run(raw) == 0
    assert "groups of near duplicates: 1 (-v lists them)" in capsys.readouterr().out
    assert run(raw, "review", model=frozen_model) == 0
    out = capsys.readouterr().out
    pages = sorted(review_folder(raw / "Image_Labeled").glob("*.html"))
    assert [page.stem for page in pages] == ["0-led", "4-mercury", "5-neon"]
    cards = {card["photo"]: card for page in pages for card in photos_of(page)}
    assert set(cards) == {
        p.relative_to(raw / "Image_Labeled").as_posix()
        for p in (raw / "Image_Labeled").glob("*/*.png")
    }
    assert cards["5/700.png"]["like"] == ["5/705.png"]
    assert cards["5/706.png"]["status"] == "no_band" and cards["5/707.png"]["status"] == "error"
    assert cards["5/700.png"]["title"] == HOSTILE_TITLE
    rows = read_csv(raw / "Image_Review" / "triage.csv", TRIAGE_COLUMNS)
    assert len(rows) == 8 and {row["category"] for row in rows} <= set(CATEGORIES)
    counted = {row["image_path"][-7:-4]: row["category"] for row in rows}
    assert counted["706"] == "no spectrum" and counted["707"] == "unreadable"
    assert "near duplicate" in (counted["700"], counted["705"])
    assert "in all                8" in out


def test_groups_of_the_review_reach_labels_csv(raw):
    run(raw)
    labels = read_csv(raw / "Image_Labeled" / "labels.csv", LABELS_COLUMNS)
    group = {row["image_path"][-7:-4]: row["group"] for row in labels}
    assert group["700"] == group["705"]
    assert len(set(group.values())) == 7
    run(raw, "--exact-only")
    again = read_csv(raw / "Image_Labeled" / "labels.csv", LABELS_COLUMNS)
    assert again == labels


def test_suspicion_is_between_0_and_1_and_sorts_the_page(raw, frozen_model):
    run(raw)
    run(raw, "review", model=frozen_model)
    cards = photos_of(raw / "Image_Review" / "5-neon.html")
    judged = [card["suspicion"] for card in cards if card["status"] == "ok"]
    assert judged == sorted(judged, reverse=True) and 0 <= min(judged) <= max(judged) <= 1
    order = ("ok", "error", "no_band")
    places = [order.index(card["status"]) for card in cards]
    assert places == sorted(places) and set(places) == {0, 1, 2}


def test_a_review_keeps_the_notes_and_pages_of_a_person(raw, frozen_model, capsys):
    run(raw)
    assert run(raw, "review", model=frozen_model) == 0
    folder = raw / "Image_Review"
    (folder / "my-own.html").write_text("theirs")
    suspects = (folder / "suspects.csv").read_text()
    (folder / "suspects.csv").write_text(f"{suspects}a note\n")
    assert run(raw, "review", model=frozen_model) == 1
    assert "suspects.csv: exists already" in capsys.readouterr().err
    assert run(raw, "review", "--overwrite", model=frozen_model) == 0
    assert (folder / "suspects.csv").read_text() == suspects
    assert (folder / "my-own.html").read_text() == "theirs"
    assert run(raw, "review", model=frozen_model) == 0


def test_a_review_without_a_model_folder_is_refused(raw, tmp_path, capsys):
    run(raw)
    assert run(raw, "review", model=tmp_path) == 1
    assert "model.json" in capsys.readouterr().err


def test_a_reviewer_decides_downloads_applies_and_undoes(raw, frozen_model, browser, tmp_path):
    run(raw)
    run(raw, "review", model=frozen_model)
    labelled = raw / "Image_Labeled"
    before = tree(raw)
    labels = (labelled / "labels.csv").read_bytes()
    page = raw / "Image_Review" / "5-neon.html"
    decisions = decide_in_browser(browser, page, tmp_path)
    rows = {row["photo"]: row for row in read_csv(decisions, ("photo", "decision"))}
    assert sorted(row["decision"] for row in rows.values()) == [
        "accept",
        "move",
        "reject",
        "reject",
    ]
    assert run(raw, "apply", decisions) == 0
    for photo, row in rows.items():
        name = photo.split("/")[1]
        there = {
            "accept": labelled / photo,
            "move": labelled / "6" / name,
            "reject": raw / "Image_Rejected" / row["reason"] / name,
        }[row["decision"]]
        assert there.exists(), (photo, row)
    applied = {
        row["image_path"][-7:]: row["status"]
        for row in read_csv(labelled / "labels.csv", LABELS_COLUMNS)
    }
    assert sorted(applied.values()).count("rejected") == 2 and "moved" in applied.values()
    assert sorted(tree(raw).values()) == sorted(before.values())
    assert run(raw, "undo") == 0
    assert tree(raw) == before
    assert (labelled / "labels.csv").read_bytes() == labels


def decide_in_browser(browser, page, downloads):
    """Accept one photo, move one, reject two by keyboard, reload, and save the decisions."""
    from selenium.webdriver.common.by import By
    from selenium.webdriver.common.keys import Keys

    browser.execute_cdp_cmd(
        "Browser.setDownloadBehavior", {"behavior": "allow", "downloadPath": str(downloads)}
    )
    browser.get(page.as_uri())
    assert browser.title == "Review 5 neon"
    browser.execute_script("localStorage.clear()")
    browser.refresh()
    cards = browser.find_elements(By.CSS_SELECTOR, ".card")
    assert len(cards) == 6
    titles = [card.find_element(By.CSS_SELECTOR, ".title").text for card in cards]
    assert HOSTILE_TITLE in titles
    for bar in browser.find_elements(By.CSS_SELECTOR, ".bar"):
        suspicion = float(bar.get_attribute("title").split()[1].rstrip("%")) / 100
        level = bar.find_element(By.CSS_SELECTOR, "i").size["width"]
        assert level == pytest.approx(suspicion * bar.size["width"], abs=1.5)
    body = browser.find_element(By.TAG_NAME, "body")
    for keys in ("a", "m", "6", "r", "x", "5", Keys.HOME):
        target = browser.switch_to.active_element if keys in "65" else body
        target.send_keys(keys)
    # Taken back and decided anew; then the page is closed and opened again.
    body.send_keys("u", "a")
    browser.refresh()
    text = browser.find_element(By.ID, "counts").text
    assert "4 decided: 1 accepted, 1 moved, 2 rejected" in text
    browser.find_element(By.ID, "save").click()
    saved = downloads / "decisions-5-neon.csv"
    deadline = time.monotonic() + 10
    while not saved.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    severe = [entry for entry in browser.get_log("browser") if entry["level"] == "SEVERE"]
    assert not severe
    return saved


def test_thousands_of_photos_do_not_choke_the_page(tmp_path, browser):
    from lib.curation.analysis import AnalysisStore, analyse_all
    from lib.curation.opinions import Opinion
    from lib.curation.pages import write_pages

    write_png(tmp_path / "photo.png", simulate_photo(np.random.default_rng(1), "neon").image)
    store = AnalysisStore(tmp_path / "analysis")
    analyse_all({"content": tmp_path / "photo.png"}, store)
    opinions = [
        Opinion(f"5/{i:05}.png", "content", "ok", "", 1 - i / 1500, (("neon", 0.9), ("led", 0.1)))
        for i in range(1500)
    ]
    notes = {"content": PhotoNotes("neon lamp", "neon")}
    pages = write_pages(opinions, tmp_path / "Image_Labeled", store, {}, notes)
    assert [page.stem for page in pages] == ["5-neon-part1", "5-neon-part2"]
    start = time.perf_counter()
    browser.get(pages[0].as_uri())
    cards = browser.execute_script("return document.querySelectorAll('.card').length")
    assert 8 <= cards <= 60
    body = browser.find_element("tag name", "body")
    body.send_keys("p")
    assert browser.title == "Review 5 neon part1"
    body.send_keys("n")
    assert browser.title == "Review 5 neon part2"
    assert browser.find_element("id", "page").text == "page 2 of 2"
    browser.execute_script("scrollTo(0, document.body.scrollHeight)")
    time.sleep(0.2)
    last = browser.execute_script(
        "return [...document.querySelectorAll('.card')].map(c => c.dataset.photo).sort().pop()"
    )
    assert last == "5/01499.png"
    assert time.perf_counter() - start < 20


@pytest.mark.slow
@pytest.mark.thorough
def test_a_review_killed_at_any_moment_ends_with_the_same_bytes(raw, frozen_model, tmp_path):
    undisturbed = shutil.copytree(raw, tmp_path / "undisturbed" / "RawData")
    command = [sys.executable, "s1_label_images.py", "--jobs", "1", "--input"]
    review = ["review", "--model", str(frozen_model)]
    for extra in ([], review):
        subprocess.run([*command, str(undisturbed), *extra], cwd=ROOT, check=True)
    for delay_s in (0.7, 1.5):
        for extra in ([], review):
            running = subprocess.Popen([*command, str(raw), *extra], cwd=ROOT)
            time.sleep(delay_s)
            running.kill()
            running.wait()
    for extra in ([], review):
        subprocess.run([*command, str(raw), *extra], cwd=ROOT, check=True)
    everything = {
        root: {
            p.relative_to(root).as_posix(): p.read_bytes() for p in root.rglob("*.*") if p.is_file()
        }
        for root in (raw, undisturbed)
    }
    assert everything[raw] == everything[undisturbed]
