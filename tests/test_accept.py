"""The guards of a change: whole answers compared, and figures compared photo by photo."""

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from benchmarks import accept
from benchmarks.acceptance import figures
from benchmarks.acceptance.answers import KNOWN_CROPS, SEED, UNKNOWN_CROPS, photo_answer
from benchmarks.acceptance.whole_answers import differences, read_dump
from benchmarks.cases import Case, simulated_case
from lib.paths import DEFAULT_MODEL


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


def change(name, before, after):
    kept, now = (
        figures.values_of({"part": "p", "photo": i, name: v} for i, v in enumerate(values))
        for values in (before, after)
    )
    return figures.changes(kept, now)["p", name]


def test_photos_lost_beyond_chance_are_a_fall_and_as_many_won_as_lost_are_none():
    right = [True] * 60
    assert change("named", right, [False] * 8 + [True] * 52).fell
    assert not change("named", right, [False] * 3 + [True] * 57).fell
    swapped = change("named", [True, False] * 30, [False, True] * 30)
    assert not swapped.fell and len(swapped.lost) == len(swapped.won) == 30
    # More wrong names are a fall too.
    assert change("wrong_name", [False] * 60, [True] * 8 + [False] * 52).fell


def test_a_number_falls_when_most_photos_get_worse_by_more_than_a_trifle():
    errors = np.linspace(0.1, 1.0, 40)
    assert change("marks_nm", errors, 1.2 * errors).fell
    assert not change("marks_nm", errors, 1.001 * errors).fell
    assert not change("marks_nm", errors, 0.8 * errors).fell
    assert not change("cost", errors, 1.2 * errors).fell
    assert change("cost", errors, 1.3 * errors).fell


def test_the_kinds_never_met_are_scored_by_the_area_under_the_roc_curve():
    rng = np.random.default_rng(0)
    known, unknown = rng.random(50).round(2), rng.random(70).round(2) ** 2
    answers = [
        {"part": part, "photo": i, "certainty": value}
        for part, values in ((KNOWN_CROPS, known), (UNKNOWN_CROPS, unknown))
        for i, value in enumerate(values)
    ]
    (values,) = figures.values_of(answers).values()
    truth = [1] * len(known) + [0] * len(unknown)
    area = roc_auc_score(truth, np.concatenate([known, unknown]))
    assert figures.value_of("auroc", values.values()) == pytest.approx(area)


def test_answers_that_are_kept_fail_a_version_that_lost_some(tmp_path, monkeypatch, capsys):
    def run(named, *flags):
        answers = [{"part": "p", "photo": f"{i}", "named": i < named} for i in range(40)]
        monkeypatch.setattr(accept, "photo_answers", lambda *_: answers)
        monkeypatch.setattr(accept, "crop_answers", lambda *_: [])
        return accept.main(["--results", str(tmp_path), *flags])

    assert run(36, "--keep") == 0 and run(36) == 0 and run(38) == 0
    capsys.readouterr()
    assert run(20) == 1
    captured = capsys.readouterr()
    assert "lost 16, won 0, FELL" in captured.out and "fell beyond noise: p" in captured.err
    assert "36" in (tmp_path / "accept_answers.csv").read_text()
    kept = (tmp_path / "accept.csv").read_text().splitlines()
    assert kept[1].startswith("p,of the classes: named,0.9,40,")


def test_a_photo_is_judged_by_the_truth_of_its_kind():
    model = DEFAULT_MODEL
    nothing = Case("dark", np.zeros((120, 160, 3), np.uint8), [], overlap=0.7)
    answer = photo_answer("p", nothing, model)
    assert answer["no_spectrum"] is True and "named" not in answer and "axis" not in answer
    answer = photo_answer("p", simulated_case(SEED, 2), model)
    assert answer["band"] and answer["direction"] and answer["named"] and answer["axis"]
    assert not answer["wrong_name"] and not answer["far_axis"] and answer["marks_nm"] < 1
