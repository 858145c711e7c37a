import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from scipy.special import softmax

import s5_freeze_pb
from lib.files import sha256
from lib.paths import ROOT
from lib.taxonomy import CLASSES


def run(*flags):
    return s5_freeze_pb.main([str(flag) for flag in flags])


@pytest.fixture
def own_run(finished_run, tmp_path):
    """A copy of the finished run that a test may change."""
    return shutil.copytree(finished_run, tmp_path / "run")


@pytest.fixture(scope="module")
def card(frozen_model):
    return json.loads((frozen_model / "model.json").read_text())


def test_the_same_run_gives_the_same_bytes(frozen_model, finished_run, tmp_path):
    assert run("--input", finished_run, "--output", tmp_path / "again") == 0
    for path in frozen_model.iterdir():
        assert (tmp_path / "again" / path.name).read_bytes() == path.read_bytes(), path.name


def test_what_travels_with_a_model_names_no_folder_of_the_machine(frozen_model, finished_run):
    own = json.loads((finished_run / "run.json").read_text())
    copy = json.loads((frozen_model / "run.json").read_text())
    for part in ("validation", "test"):
        (before,), (after,) = own["data"][part], copy["data"][part]
        assert Path(before["path"]).is_absolute()
        assert after == before | {"path": Path(before["path"]).name}
    assert str(finished_run.parent) not in (frozen_model / "run.json").read_text()


def test_the_order_in_which_tensorflow_lists_nodes_is_no_part_of_a_graph(frozen_model):
    from lib.training.freezing.formats import read_graph
    from lib.training.freezing.freezer import _same_bytes

    graph = read_graph(frozen_model / "model.pb")
    turned = type(graph)(node=reversed(graph.node), versions=graph.versions)
    assert _same_bytes(turned) == _same_bytes(graph) == (frozen_model / "model.pb").read_bytes()


def test_model_json_keeps_its_contract(frozen_model, card):
    assert card["classes"] == list(CLASSES)
    assert card["input"] == {
        "name": "x_img",
        "pb_tensor": "x_img:0",
        "shape": [15, 480, 3],
        "dtype": "float32",
        "scaling": "RGB / 255",
    }
    assert {name: output["shape"] for name, output in card["outputs"].items()} == {
        "probabilities": [7],
        "logits": [7],
        "features": [16],
    }
    assert card["temperature"] > 0 and card["version"].startswith("tiny-")
    assert {"score", "threshold", "curve"} <= set(card["unknown"])
    assert set(card["files"]) == {"model.keras", "model.pb", "model.tflite"}
    for name, file in card["files"].items():
        assert file["sha256"] == sha256(frozen_model / name)
    assert card["checked"]["max_difference"] <= 1e-5


def test_outputs_are_found_by_the_names_in_model_json(frozen_model, card, crops_folder):
    """Fifth mistake of nnSIC: it looks frozen outputs up as ArgMax_4:0."""
    from lib.training.freezing.formats import graph_predictor, predict_all
    from lib.training.freezing.frozen import known_crops

    crops = known_crops(crops_folder / "test.tfrecord")
    outputs = predict_all(graph_predictor(frozen_model / "model.pb", card), crops.images)
    assert outputs["features"].shape == (len(crops), 16)
    expected = softmax(outputs["logits"] / card["temperature"], axis=1)
    assert outputs["probabilities"] == pytest.approx(expected, abs=1e-6)


def test_the_graph_is_frozen(frozen_model):
    from lib.training.freezing.formats import read_graph

    operations = {node.op for node in read_graph(frozen_model / "model.pb").node}
    assert not operations & {"VarHandleOp", "ReadVariableOp", "VariableV2", "PartitionedCall"}


@pytest.mark.slow
def test_keras_pb_and_tflite_agree_for_the_default_network(tmp_path):
    from lib.tables import CROP_SHAPE
    from lib.training.freezing.freezer import freeze_formats
    from lib.training.freezing.frozen import compare_formats, serving_model
    from lib.training.networks.architectures import compact

    model = serving_model(compact(CROP_SHAPE, 7), temperature=0.7)
    images = np.random.default_rng(0).integers(0, 256, (70, *CROP_SHAPE), dtype=np.uint8)
    interface = freeze_formats(model, tmp_path)
    difference, outputs = compare_formats(model, tmp_path, interface, images)
    assert difference <= 1e-5
    assert outputs["probabilities"].shape == (70, 7)
    for name in ("model.pb", "model.tflite"):
        assert (tmp_path / name).stat().st_size <= 1.5e6


@pytest.mark.parametrize("name", ["graph_predictor", "litert_predictor"])
def test_a_model_that_differs_is_not_written(own_run, name, monkeypatch, capsys):
    from lib.training.freezing import formats

    make = getattr(formats, name)

    def slightly_off(*args):
        predict = make(*args)

        def shifted(images):
            outputs = predict(images)
            return outputs | {"probabilities": outputs["probabilities"] + 1e-4}

        return shifted

    monkeypatch.setattr(formats, name, slightly_off)
    before = sorted(own_run.iterdir())
    assert run("--input", own_run) == 1
    assert "differs from the Keras network by 0.0001 (expected at most" in capsys.readouterr().err
    assert sorted(own_run.iterdir()) == before


def test_a_model_that_gives_no_numbers_is_not_written():
    from lib.errors import DataError
    from lib.training.freezing.agreement import require_agreement

    with pytest.raises(DataError, match="differs"):
        require_agreement(np.full((2, 7), 1 / 7), np.full((2, 7), np.nan), "model.pb", 1.0)


def test_freezing_in_the_run_folder_keeps_the_network(own_run, capsys):
    assert run("--input", own_run) == 0
    out = capsys.readouterr().out
    assert "largest difference in probability" in out and "test crops; the table is in" in out
    assert {"model.pb", "model.tflite", "model.json"} <= {path.name for path in own_run.iterdir()}
    assert run("--input", own_run) == 1
    assert "model.json: already exists; give --overwrite" in capsys.readouterr().err
    assert run("--input", own_run, "--overwrite") == 0


def test_the_frozen_report_is_the_run_s(finished_run, card):
    record = json.loads((finished_run / "run.json").read_text())
    assert card["test"]["confusion"] == record["test"]["confusion"]
    assert card["test"]["ece"] == pytest.approx(record["test"]["ece"], abs=1e-3)
    assert card["test"]["coverage"] == pytest.approx(record["test"]["coverage"])


def unfinish(folder):
    record = json.loads((folder / "run.json").read_text())
    (folder / "run.json").write_text(json.dumps(record | {"finished": False}))


def lose_record(folder):
    (folder / "run.json").unlink()


def lose_network(folder):
    (folder / "model.keras").unlink()


def break_network(folder):
    (folder / "model.keras").write_bytes(b"no zip file")


def lose_test_file(folder):
    record = json.loads((folder / "run.json").read_text())
    record["data"]["test"][0]["path"] = "gone/test.tfrecord"
    (folder / "run.json").write_text(json.dumps(record))


def change_test_file(folder):
    record = json.loads((folder / "run.json").read_text())
    record["data"]["test"][0]["sha256"] = "0" * 64
    (folder / "run.json").write_text(json.dumps(record))


def spoil_temperature(folder):
    record = json.loads((folder / "run.json").read_text())
    (folder / "run.json").write_text(json.dumps(record | {"temperature": 0}))


def spoil_data(folder):
    record = json.loads((folder / "run.json").read_text())
    (folder / "run.json").write_text(json.dumps(record | {"data": []}))


def lie_in_the_way(folder):
    (folder / "model.tflite").write_bytes(b"of another program")


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (unfinish, "run.json: expected a finished run"),
        (lose_record, "run.json: no such file"),
        (lose_network, "model.keras: no such file"),
        (break_network, "model.keras: not readable as a Keras network"),
        (lose_test_file, "gone/test.tfrecord: no such file"),
        (spoil_temperature, "run.json: temperature: input should be greater than 0; received 0"),
        (spoil_data, "run.json: data: input should be"),
        (lie_in_the_way, "model.tflite: already exists; give --overwrite"),
        (change_test_file, "has changed since the training; expected its test file"),
    ],
)
def test_bad_input_is_one_line_and_writes_nothing(own_run, damage, message, capsys):
    damage(own_run)
    before = sorted(own_run.iterdir())
    assert run("--input", own_run) == 1
    err = capsys.readouterr().err
    assert err.startswith("error: ") and err.count("\n") == 1 and message in err
    assert sorted(own_run.iterdir()) == before


def test_a_network_of_other_classes_is_refused(tmp_path):
    from lib.errors import DataError
    from lib.training.freezing.frozen import load_network
    from lib.training.networks.architectures import nnsic_lenet

    nnsic_lenet((15, 480, 3), 5).save(tmp_path / "model.keras")
    with pytest.raises(DataError, match=r"expected input and output shapes .*received"):
        load_network(tmp_path / "model.keras")


def test_inspect_lists_inputs_outputs_and_operations(frozen_model, capsys):
    assert run("--inspect", frozen_model / "model.pb") == 0
    out = capsys.readouterr().out
    assert "x_img:0  float32 (n, 15, 480, 3)" in out
    assert "Identity_2:0" in out and "MatMul" in out


@pytest.mark.parametrize("content", [b"", b"not a graph at all", None])
def test_inspect_refuses_another_file(tmp_path, content, capsys):
    if content is not None:
        (tmp_path / "model.pb").write_bytes(content)
    assert run("--inspect", tmp_path / "model.pb") == 1
    assert "model.pb" in capsys.readouterr().err


def test_a_stage_before_its_time_names_the_one_to_run_first(tmp_path, capsys):
    import s2_preprocess
    import s3_to_tfrecord
    import s4_train

    nothing = str(tmp_path / "nothing")
    for main, first in (
        (s2_preprocess.main, "s1_label_images.py"),
        (s3_to_tfrecord.main, "s2_preprocess.py"),
        (s4_train.main, "s3_to_tfrecord.py"),
        (s5_freeze_pb.main, "s4_train.py"),
    ):
        assert main(["--input", nothing]) == 1
        error = capsys.readouterr().err
        assert error.count("\n") == 1 and f"run this first: python {first}" in error.replace(
            f"{ROOT}/", ""
        )
    assert not list(tmp_path.iterdir())


def test_a_model_far_below_use_is_frozen_with_a_warning(own_run, tmp_path, capsys):
    record = json.loads((own_run / "run.json").read_text())
    assert run("--input", own_run, "--output", tmp_path / "frozen") == 0
    told = capsys.readouterr()
    accuracy = json.loads((tmp_path / "frozen" / "model.json").read_text())["test"]["accuracy"]
    assert record["finished"]
    assert ("expected 85 % of a model for use" in told.err) == (accuracy < 0.85)
