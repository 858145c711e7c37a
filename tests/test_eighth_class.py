"""CONTRIBUTING's recipe for a new class, followed to the letter in a copy, from s0 to an answer."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
CLASS = """    LampClass("krypton", "Krypton lamp", "Lines from green on", ("krypton",), 0.05),
)
CLASSES ="""
RAW = """    RawSource(11, ("krypton", "kr"), "krypton"),
)
"""
LAMP = """    _known("krypton", 11, partial(discharge.draw_rare_gas, gas="krypton")),
)
"""


def edit(path, before, after):
    text = path.read_text()
    assert text.count(before) == 1, (path, before)
    path.write_text(text.replace(before, after))


@pytest.fixture
def copy(tmp_path):
    """A copy of the project with krypton, otherwise of no class, as a class of its own."""
    copy = tmp_path / "copy"
    ignored = shutil.ignore_patterns("*.pyc", "__pycache__", ".*", "InputData", "RawData", "tests")
    shutil.copytree(ROOT, copy, ignore=ignored)
    taxonomy, lamps = (
        copy / "lib" / name for name in ("taxonomy.py", "simulation/lamps/catalogue.py")
    )
    edit(taxonomy, ")\nCLASSES =", CLASS)
    edit(
        taxonomy,
        'RawSource(10, ("argon", "ar"), None, "argon"),\n)\n',
        RAW.join(['RawSource(10, ("argon", "ar"), None, "argon"),\n', ""]),
    )
    edit(lamps, '    _unknown("krypton", "krypton", _rare_gas("krypton"), held_out=True),\n', "")
    edit(
        lamps,
        '_known("nitrogen", 8, discharge.draw_nitrogen),\n)\n',
        LAMP.join(['_known("nitrogen", 8, discharge.draw_nitrogen),\n', ""]),
    )
    return copy


@pytest.mark.slow
def test_a_class_is_added_by_the_recipe_and_goes_through_every_stage(copy):
    def run(command, *argv):
        done = subprocess.run(
            [sys.executable, command, *map(str, argv)],
            cwd=copy,
            capture_output=True,
            text=True,
            timeout=600,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    # First, as every photo is read.
    on = ("--start", "models/reader", "--crops", 64, "--epochs", 1, "--rate", 1e-5)
    run("train_shipped.py", "reader", *on, "--jobs", 1, "--overwrite")
    # A seed with three photos of krypton among few.
    run("s0_simulate.py", "photos", "--count", 24, "--seed", 5, "--jobs", 1)
    run("s1_label_images.py", "--jobs", 1)
    run("s2_preprocess.py", "--jobs", 1)
    labelled = sorted((copy / "RawData" / "Image_Labeled" / "11").iterdir())
    assert labelled
    crops = copy / "InputData" / "simulated.tfrecord"
    run("s0_simulate.py", "crops", "--count", 200, "--output", crops, "--jobs", 1)
    parts = ("--train", crops, "--validation", crops, "--test", crops)
    run("s4_train.py", *parts, "--epochs", 1, "--output", "models/eight")
    run("s5_freeze_pb.py", "--input", "models/eight")
    photo = labelled[0].relative_to(copy)
    answer = json.loads(run("identify.py", photo, "--model", "models/eight", "--json"))
    assert "krypton" in answer["probabilities"]
    told = run("identify.py", photo, "--model", "models/eight", "--lamp", "krypton", "--json")
    assert json.loads(told)["class_id"] == 7
