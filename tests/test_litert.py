import json
import shutil
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from lib.errors import DataError
from lib.litert import open_network, shipped_network
from lib.paths import MODELS


@pytest.fixture
def own_network(tmp_path):
    """A copy of a shipped network that a test may change."""
    return shutil.copytree(MODELS / "trace", tmp_path / "trace")


def edit_card(folder, **changes):
    path = folder / "trace.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


@pytest.mark.parametrize("name", ["band", "trace", "reader"])
def test_what_ships_is_what_its_card_says_and_answers_one_example_as_many(name):
    network = shipped_network(name)
    ((source, shape),) = network.inputs.items()
    assert source and network.outputs
    examples = np.random.default_rng(0).random((3, *shape), np.float32)
    together = network.predict(examples)
    for number in range(3):
        for output, said in network.predict(examples[number : number + 1]).items():
            assert said[0] == pytest.approx(together[output][number], abs=1e-3)


def test_threads_may_share_a_network():
    network = shipped_network("trace")
    (shape,) = network.inputs.values()
    examples = list(np.random.default_rng(0).random((24, *shape), np.float32))
    expected = [network.run(example) for example in examples]
    with ThreadPoolExecutor(8) as pool:
        assert all(map(np.array_equal, pool.map(network.run, examples), expected))


def test_a_card_that_lists_its_files_is_read_too(own_network):
    digest = json.loads((own_network / "trace.json").read_text())["sha256"]
    edit_card(own_network, sha256=None, files={"trace.tflite": {"sha256": digest}})
    assert open_network(own_network).card["files"]


def change_network(folder):
    data = bytearray((folder / "trace.tflite").read_bytes())
    data[-1] ^= 1
    (folder / "trace.tflite").write_bytes(data)


def lose_network(folder):
    (folder / "trace.tflite").unlink()


def lose_card(folder):
    (folder / "trace.json").unlink()


def forget_hash(folder):
    edit_card(folder, sha256=None)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (change_network, r"trace\.tflite: expected the file with SHA-256"),
        (lose_network, r"trace\.tflite: no such file, but trace\.json names it"),
        (lose_card, r"trace\.json: no such file"),
        (forget_hash, r"trace\.json: says nothing of trace\.tflite"),
    ],
)
def test_a_network_that_is_not_its_card_s_is_refused(own_network, damage, message):
    damage(own_network)
    with pytest.raises(DataError, match=message):
        open_network(own_network)
