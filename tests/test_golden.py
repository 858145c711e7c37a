"""Whole answers to small photos that are kept: the right ones hold, misses find no new faults.

After a change that is meant: python tests/golden_answers.py, and look at what it prints.
"""

import pytest
from golden_answers import FOLDER, answer, differences, faults, load, truth_of

from lib.images.reading import read_image
from lib.paths import DEFAULT_MODEL
from lib.recognition.name.classifier import Classifier

KEPT = load()
RIGHT = [name for name, photo in KEPT.items() if not photo["amiss"]]
MISSES = [name for name, photo in KEPT.items() if photo["amiss"]]


@pytest.fixture(scope="module")
def classifier():
    return Classifier(DEFAULT_MODEL)


@pytest.mark.parametrize("name", RIGHT)
def test_a_right_answer_is_the_one_that_was_kept(name, classifier):
    said, _ = answer(read_image(FOLDER / name), classifier)
    assert differences(KEPT[name]["answer"], said) == []


@pytest.mark.parametrize("name", MISSES)
def test_a_miss_is_not_wrong_in_a_new_way(name, classifier):
    _, result = answer(read_image(FOLDER / name), classifier)
    assert faults(truth_of(KEPT[name]), result) <= set(KEPT[name]["amiss"])


def test_a_changed_answer_is_told_and_the_noise_of_processors_is_not():
    name = next(name for name in RIGHT if "nm" in KEPT[name]["answer"])
    before = KEPT[name]["answer"]
    assert differences(before, before | {"nm": [nm + 0.2 for nm in before["nm"]]}) == []
    for change in (
        {"nm": [nm + 0.4 for nm in before["nm"]]},
        {"source": "another"},
        {"blue_end": "none"},
        {"certainty": before["certainty"] - 0.05},
        {"band": [place + 3 for place in before["band"]]},
    ):
        (told,) = differences(before, before | change)
        assert told.startswith(next(iter(change)))
