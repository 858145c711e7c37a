import json
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import keras
import pytest
import tensorflow as tf

import s4_train
from lib.errors import DataError
from lib.training.crops.tfrecord import read_tfrecord
from lib.training.crops.writing import write_tfrecord
from lib.training.runs import distribute
from lib.training.runs.distribute import Team
from lib.training.runs.fitting import read_history
from lib.training.runs.workers import meet, read_tf_config
from tests.support.training_workers import (
    QUIET,
    free_addresses,
    start_worker,
    start_workers,
)

SCRIPT = Path(__file__).with_name("distributed_work.py")


def team_of(workers, index=0):
    return Team(SimpleNamespace(num_replicas_in_sync=workers), index, workers)


def run(*flags):
    return s4_train.main([str(flag) for flag in flags])


def cluster(*addresses, index=0, kind="worker", **more):
    task = {"type": kind, "index": index}
    return json.dumps({"cluster": {"worker": list(addresses), **more}, "task": task})


def test_the_chief_is_the_first_worker():
    assert read_tf_config(cluster("a:1", "b:2", index=1)) == (["a:1", "b:2"], 1)
    named = {"chief": ["c:3"]}
    assert read_tf_config(cluster("a:1", kind="chief", **named)) == (["c:3", "a:1"], 0)
    assert read_tf_config(cluster("a:1", index=0, **named)) == (["c:3", "a:1"], 1)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "TF_CONFIG: not set; expected"),
        ("{", "TF_CONFIG: not valid JSON ("),
        ("[]", "TF_CONFIG: received []; expected"),
        (cluster(), "TF_CONFIG: names no worker; expected"),
        (cluster("a:1", index=1), "has 1 workers, but this is number 1; expected 0 to 0"),
        (cluster("a:1", kind="ps"), "TF_CONFIG: received"),
        (cluster("localhost"), "TF_CONFIG: received"),
    ],
)
def test_a_tf_config_that_names_no_worker_is_one_line(
    text, message, crops_folder, tmp_path, monkeypatch, capsys
):
    monkeypatch.delenv("TF_CONFIG", raising=False)
    if text is not None:
        monkeypatch.setenv("TF_CONFIG", text)
    flags = ("--input", crops_folder, "--output", tmp_path / "run", "--distribute", "multiworker")
    assert run(*flags) == 1
    out, err = capsys.readouterr()
    assert not out and err.startswith("error: ") and err.count("\n") == 1 and message in err
    assert not (tmp_path / "run").exists()


def test_workers_that_do_not_come_are_named():
    addresses = free_addresses(2)
    with pytest.raises(DataError, match=rf"worker 0: worker 1 at {addresses[1]} does not answer"):
        meet(addresses, 0, patience_s=0)


def test_a_port_in_use_is_named():
    with socket.create_server(("", 0)) as other:
        address = f"127.0.0.1:{other.getsockname()[1]}"
        with pytest.raises(DataError, match=f"worker 0: cannot listen at {address}"):
            meet([address], 0)


def test_batches_that_cannot_be_dealt_out_are_refused():
    team_of(4).require_divisible(128)
    with pytest.raises(DataError, match=r"--batch-size 128: .* 3 devices; expected a multiple"):
        team_of(3).require_divisible(128)


def test_mixed_precision_needs_a_gpu(crops_folder, tmp_path, capsys):
    if tf.config.list_physical_devices("GPU"):
        pytest.skip("this machine has a GPU")
    assert run("--input", crops_folder, "--output", tmp_path / "run", "--mixed-precision") == 1
    err = capsys.readouterr().err
    assert err.startswith("error: --mixed-precision: TensorFlow sees no GPU here")
    assert err.count("\n") == 1 and not (tmp_path / "run").exists()


@pytest.mark.thorough
@pytest.mark.slow
def test_a_network_trained_in_half_precision_is_kept_in_single(
    crops_folder, tiny_network, tmp_path, monkeypatch
):
    monkeypatch.setattr(distribute, "_require_half_precision", lambda: None)
    flags = ("--input", crops_folder, "--arch", tiny_network, "--epochs", 2, "--batch-size", 32)
    assert run(*flags, "--output", tmp_path / "half", "--mixed-precision") == 0
    assert run(*flags, "--output", tmp_path / "single") == 0
    half, single = (read_history(tmp_path / name / "history.csv") for name in ("half", "single"))
    assert half[-1]["val_loss"] == pytest.approx(single[-1]["val_loss"], abs=0.05)
    network = keras.models.load_model(tmp_path / "half" / "model.keras")
    assert {layer.compute_dtype for layer in network.layers} == {"float32"}
    record = json.loads((tmp_path / "half" / "run.json").read_text())
    assert record["distribution"]["mixed_precision"]


@pytest.fixture
def flags(crops_folder, tmp_path):
    """Those of a training on four shards, whose every batch has all crops, all upright.

    Then their order has no say, and however they are dealt out, the loss is the same.
    """
    crops = read_tfrecord(crops_folder / "train.tfrecord")
    records = list(zip(crops.images, crops.labels.tolist(), crops.names, strict=True))
    shards = [tmp_path / f"train-{number}.tfrecord" for number in range(4)]
    for number, shard in enumerate(shards):
        write_tfrecord(shard, records[number::4])
    given = ["--input", crops_folder, "--arch", "normalised", "--batch-size", 128, "--no-flip"]
    return [*given, "--learning-rate", 0.01, "--train", *shards]


def same_losses(one, two):
    """Compare the histories of two runs."""
    one, two = (read_history(run_dir / "history.csv") for run_dir in (one, two))
    assert one[-1]["loss"] < one[0]["loss"] - 0.1
    for name in ("step", "loss", "val_loss"):
        assert [row[name] for row in two] == pytest.approx([row[name] for row in one], rel=2e-3)


def ended(processes):
    """Wait for processes; return their exit codes and what each said, TensorFlow's log aside."""
    said = [process.communicate(timeout=400) for process in processes]
    log = re.compile(r"^(WARNING: All log messages|[IWEF]\d{4} ).*\n", re.MULTILINE)
    said = [(out, log.sub("", err)) for out, err in said]
    return [process.returncode for process in processes], said


@pytest.mark.slow
def test_two_workers_train_as_one_process_does(flags, tmp_path, monkeypatch):
    from distributed_work import normalised

    from lib.training.networks.architectures import ARCHITECTURES

    monkeypatch.setitem(ARCHITECTURES, "normalised", normalised)
    flags += ["--epochs", 6]
    assert run(*flags, "--output", tmp_path / "one") == 0
    codes, said = ended(start_workers([*flags, "--output", tmp_path / "two"], 2, script=SCRIPT))
    assert codes == [0, 0], said
    assert said[1] == ("", ""), "only the chief speaks"
    same_losses(tmp_path / "one", tmp_path / "two")
    assert {path.name for path in (tmp_path / "one").iterdir()} == {
        path.name for path in (tmp_path / "two").iterdir()
    }
    records = [json.loads((tmp_path / name / "run.json").read_text()) for name in ("one", "two")]
    assert records[0]["data"] == records[1]["data"] and "distribution" not in records[0]
    assert records[1]["distribution"] == {"workers": 2, "devices": 2, "mixed_precision": False}


@pytest.mark.slow
@pytest.mark.thorough
def test_two_devices_of_one_machine_train_as_one_does(flags, tmp_path):
    flags += ["--epochs", 6]
    ways = {"one": [], "two": ["--distribute", "mirrored"]}
    for name, way in ways.items():
        command = [sys.executable, SCRIPT, "--cpus", 2, *flags, *way, "--output", tmp_path / name]
        codes, said = ended([subprocess.Popen([*map(str, command)], **QUIET)])
        assert codes == [0], said
    same_losses(tmp_path / "one", tmp_path / "two")
    record = json.loads((tmp_path / "two" / "run.json").read_text())
    assert record["distribution"]["devices"] == 2


@pytest.mark.slow
@pytest.mark.thorough
def test_a_killed_worker_ends_the_run_in_one_line_and_it_is_resumed(flags, tmp_path):
    victim = 1
    flags += ["--epochs", 20, "--patience", 20, "--output", tmp_path / "run"]
    workers = start_workers(flags, 2, script=SCRIPT)
    assert workers[0].stdout.readline().startswith("epoch 1,")
    workers[victim].send_signal(signal.SIGKILL)
    codes, said = ended(workers)
    assert codes[victim] == -signal.SIGKILL and codes[1 - victim] == 1
    assert said[1 - victim][1] == (
        f"error: worker {1 - victim}: another of the 2 workers is gone; its own output says why. "
        "Start all of them again, with --resume if there is a run\n"
    )
    done = len(read_history(tmp_path / "run" / "history.csv"))
    assert 1 <= done < 20
    codes, said = ended(start_workers([*flags, "--resume"], 2, script=SCRIPT))
    assert codes == [0, 0], said
    assert said[0][0].startswith(f"epoch {done + 1},")
    assert [row["epoch"] for row in read_history(tmp_path / "run" / "history.csv")] == [
        *range(1, 21)
    ]


@pytest.mark.slow
@pytest.mark.thorough
def test_a_shard_cut_short_is_named_by_every_worker(flags, tmp_path):
    shard = tmp_path / "train-2.tfrecord"
    shard.write_bytes(shard.read_bytes()[:-9])
    codes, said = ended(start_workers([*flags, "--output", tmp_path / "run"], 2, script=SCRIPT))
    assert codes == [1, 1]
    errors = sorted(err for _, err in said)
    assert errors[0].startswith(f"error: {shard}: cut short, damaged or no TFRecord file")
    assert errors[0] == errors[1] and errors[0].count("\n") == 1
    assert not (tmp_path / "run").exists()


@pytest.mark.slow
@pytest.mark.thorough
def test_workers_with_other_flags_are_refused(flags, tmp_path):
    addresses = free_addresses(2)
    flags += ["--output", tmp_path / "run"]
    workers = [
        start_worker([*flags, "--seed", index], addresses, index, script=SCRIPT) for index in (0, 1)
    ]
    codes, said = ended(workers)
    assert codes == [1, 1]
    for _, err in said:
        assert err.startswith("error: worker 1: has other flags or files than worker 0")
    assert not (tmp_path / "run").exists()
