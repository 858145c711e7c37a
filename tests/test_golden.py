"""The chain's whole answers for small photos that are kept, beside what it said before.

After a change that is meant: python tests/golden_answers.py, and look at the diff.
"""

import json

import numpy as np
import pytest
from golden_answers import ANSWERS, answer, paths

from lib.paths import DEFAULT_MODEL
from lib.recognition.name.classifier import Classifier

KEPT = json.loads(ANSWERS.read_text())
# Processors sum in other orders: places and wavelengths may differ by so much.
PX, NM = 2, 0.3


@pytest.fixture(scope="module")
def classifier():
    return Classifier(DEFAULT_MODEL)


@pytest.mark.parametrize("path", paths(), ids=lambda path: path.stem)
def test_the_answer_is_the_one_that_was_kept(path, classifier):
    said, before = answer(path, classifier), KEPT[path.name]
    for name in ("status", "source", "reason_code", "lamp"):
        assert said.get(name) == before.get(name), name
    if before["band"] is not None:
        for name, value in before["band"].items():
            assert said["band"][name] == pytest.approx(value, abs=PX), name
    if "nm" in before:
        assert np.interp(before["px"], said["px"], said["nm"]) == pytest.approx(
            before["nm"], abs=NM
        )
