import csv
import json
import re
import shutil

import numpy as np
import pytest

import cli
import s4_train
from lib.taxonomy import CLASSES


def run(*flags):
    return s4_train.main([str(flag) for flag in flags])


def test_a_run_folder_holds_everything_that_was_promised(finished_run):
    names = {path.name for path in finished_run.iterdir()}
    assert {
        "model.keras",
        "last.keras",
        "history.csv",
        "run.json",
        "curves.png",
        "confusion.png",
        "confusion.csv",
        "reliability.png",
        "coverage.png",
        "report.html",
        "logs",
    } == names


def test_run_json_says_what_the_training_was_made_of(finished_run, crops_folder):
    record = json.loads((finished_run / "run.json").read_text())
    assert record["finished"] and record["architecture"] == record["config"]["arch"] == "tiny"
    assert record["config"]["batch_size"] == 32 and record["config"]["seed"] == 0
    assert {"tensorflow", "keras", "numpy", "python"} <= set(record["versions"])
    (train,) = record["data"]["train"]
    assert train["crops"] == 128 == sum(train["labels"].values())
    assert train["labels"]["unknown"] > 0 and len(train["sha256"]) == 64
    assert record["steps"] == 8 and record["temperature"] > 0
    known = 64 - record["data"]["test"][0]["labels"]["unknown"]
    for part in ("validation", "test"):
        report = record[part]
        assert {"accuracy", "weighted_precision", "weighted_recall", "weighted_f1"} <= set(report)
        assert set(report["per_class"]) == set(CLASSES)
        assert set(report["per_class"]["led"]) == {
            "precision",
            "recall",
            "f1",
            "specificity",
            "support",
        }
    assert record["test"]["n"] == known


def test_the_threshold_is_fitted_and_not_fixed(finished_run):
    """Fifth mistake of nnSIC: its unknown is a fixed 0.2143, which never refused anything."""
    record = json.loads((finished_run / "run.json").read_text())
    unknown = record["unknown"]
    assert record["validation"]["coverage"] == pytest.approx(0.95, abs=0.02)
    assert unknown["score"] == "largest_logit" and 0 < unknown["threshold"] < 1
    thresholds = [point["threshold"] for point in unknown["curve"]]
    assert thresholds == sorted(thresholds, reverse=True)


def test_the_confusion_table_equals_the_report(finished_run):
    record = json.loads((finished_run / "run.json").read_text())
    with (finished_run / "confusion.csv").open() as stream:
        rows = list(csv.reader(stream))
    assert rows[0] == ["true", *CLASSES] and [row[0] for row in rows[1:]] == list(CLASSES)
    assert np.array(rows)[1:, 1:].astype(int).tolist() == record["test"]["confusion"]


@pytest.mark.slow
def test_each_epoch_the_report_and_the_next_command_are_printed(
    crops_folder, tiny_network, tmp_path, capsys
):
    flags = ("--arch", tiny_network, "--steps", 2, "--output", tmp_path / "run")
    assert run("--input", crops_folder, *flags) == 0
    out, err = capsys.readouterr()
    first, *_, last = out.splitlines()
    number = r"\d+\.\d{4}"
    assert re.fullmatch(
        rf"epoch 1, \d+ s: loss {number}, accuracy {number}; "
        rf"validation loss {number}, accuracy {number}",
        first,
    )
    assert "weighted" in out and "accuracy" in out
    assert last == f"next: python s5_freeze_pb.py --input {tmp_path / 'run'}"
    # TensorFlow warns of retracing where one process trains many networks, as only tests do.
    assert not [line for line in err.splitlines() if "retracing" not in line]


def test_an_existing_run_is_kept(finished_run, crops_folder, capsys):
    assert run("--input", crops_folder, "--arch", "tiny", "--output", finished_run) == 1
    assert "already exists; give --overwrite" in capsys.readouterr().err


def test_only_a_run_folder_is_overwritten(crops_folder, tiny_network, tmp_path, capsys):
    (tmp_path / "precious.txt").write_text("mine")
    flags = ("--arch", tiny_network, "--output", tmp_path, "--overwrite")
    assert run("--input", crops_folder, *flags) == 1
    assert "it is no run folder" in capsys.readouterr().err
    assert (tmp_path / "precious.txt").read_text() == "mine"


@pytest.mark.slow
def test_overwriting_leaves_nothing_of_the_older_run(crops_folder, tiny_network, tmp_path):
    flags = ("--input", crops_folder, "--arch", tiny_network, "--output", tmp_path / "run")
    assert run(*flags, "--epochs", 1) == 0
    (tmp_path / "run" / "model.tflite").write_bytes(b"of the older run")
    assert run(*flags, "--epochs", 1, "--overwrite") == 0
    assert not (tmp_path / "run" / "model.tflite").exists()


@pytest.fixture
def interrupted(monkeypatch):
    """End a run after its training, as Ctrl-C would."""
    from lib.training.runs import run as runs

    def end(*flags):
        with monkeypatch.context() as patch:
            patch.setattr(runs, "load_network", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
            assert run(*flags) == cli.INTERRUPTED

    return end


@pytest.mark.slow
def test_the_second_of_two_runs_into_one_folder_ends_in_one_line(
    crops_folder, tiny_network, tmp_path, monkeypatch, capsys
):
    from lib.training.runs import classifier

    flags = ("--input", crops_folder, "--arch", tiny_network, "--epochs", 1)
    flags += ("--output", tmp_path / "run")
    train, second = classifier.train, []

    def start_another(*args, **options):
        for more in ((), ("--overwrite",), ("--resume",)):
            second.append((run(*flags, *more), capsys.readouterr().err))
        return train(*args, **options)

    monkeypatch.setattr(classifier, "train", start_another)
    assert run(*flags) == 0
    line = f"error: {tmp_path / 'run'}: another process is writing it; wait for its end, or name "
    assert second == [(1, f"{line}another folder\n")] * 3
    assert json.loads((tmp_path / "run" / "run.json").read_text())["finished"]


@pytest.mark.slow
def test_an_overwritten_run_stays_until_the_new_one_is_finished(
    crops_folder, tiny_network, tmp_path, interrupted
):
    folder = tmp_path / "run"
    flags = ("--input", crops_folder, "--arch", tiny_network, "--epochs", 1, "--output", folder)
    assert run(*flags) == 0
    before = {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}
    new = (*flags, "--seed", 7)
    interrupted(*new, "--overwrite")
    assert before == {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}
    assert run(*new, "--resume") == 0
    record = json.loads((folder / "run.json").read_text())
    assert record["finished"] and record["config"]["seed"] == 7
    assert {path.name for path in tmp_path.iterdir()} == {"run", ".run.lock"}


@pytest.mark.slow
def test_a_run_killed_while_it_was_put_in_place_is_there_at_the_next_start(
    crops_folder, tiny_network, tmp_path, capsys
):
    folder = tmp_path / "run"
    flags = ("--input", crops_folder, "--arch", tiny_network, "--epochs", 1, "--output", folder)
    assert run(*flags) == 0
    shutil.copytree(folder, tmp_path / ".run-old")
    folder.rename(tmp_path / ".run-new")
    assert run(*flags) == 1
    assert "already exists; give --overwrite" in capsys.readouterr().err
    assert json.loads((folder / "run.json").read_text())["finished"]
    assert not (tmp_path / ".run-new").exists() and not (tmp_path / ".run-old").exists()


@pytest.mark.slow
@pytest.mark.thorough
def test_a_new_start_forgets_an_interrupted_one(crops_folder, tiny_network, tmp_path, interrupted):
    folder = tmp_path / "run"
    flags = ("--input", crops_folder, "--arch", tiny_network, "--epochs", 1, "--output", folder)
    assert run(*flags) == 0
    interrupted(*flags, "--seed", 7, "--overwrite")
    assert run(*flags, "--seed", 8, "--overwrite") == 0
    assert json.loads((folder / "run.json").read_text())["config"]["seed"] == 8
    assert not (tmp_path / ".run-new").exists()


@pytest.mark.slow
def test_with_a_scratch_each_file_of_a_run_is_written_to_its_folder_once(
    crops_folder, tiny_network, tmp_path, monkeypatch
):
    from lib.training.runs import classifier

    drive, scratch, seen = tmp_path / "drive", tmp_path / "scratch", []
    train = classifier.train

    def look_after_each_epoch(*args, on_epoch, **options):
        return train(*args, on_epoch=lambda row: seen.append([*drive.rglob("*")]), **options)

    monkeypatch.setattr(classifier, "train", look_after_each_epoch)
    flags = ("--input", crops_folder, "--arch", tiny_network, "--epochs", 2, "--scratch", scratch)
    flags += ("--output", drive / "run")
    assert run(*flags) == 0
    assert seen == [[], []]
    assert [path.name for path in drive.iterdir()] == ["run"]
    assert {"model.keras", "last.keras", "run.json"} <= {
        path.name for path in (drive / "run").iterdir()
    }
    assert not [path for path in scratch.rglob("*") if path.suffix != ".lock"]


@pytest.mark.thorough
@pytest.mark.slow
def test_a_run_in_a_scratch_is_resumed_and_replaces_the_older_one_at_its_end(
    crops_folder, tiny_network, tmp_path, interrupted
):
    folder, scratch = tmp_path / "drive" / "run", tmp_path / "scratch"
    flags = ("--input", crops_folder, "--arch", tiny_network, "--epochs", 1, "--output", folder)
    flags += ("--scratch", scratch)
    assert run(*flags) == 0
    interrupted(*flags, "--seed", 7, "--overwrite")
    assert json.loads((folder / "run.json").read_text())["config"]["seed"] == 0
    assert run(*flags, "--seed", 7, "--resume") == 0
    record = json.loads((folder / "run.json").read_text())
    assert record["finished"] and record["config"]["seed"] == 7
    assert [path.name for path in folder.parent.iterdir()] == ["run"]


def test_with_a_scratch_too_only_a_run_folder_is_overwritten(
    crops_folder, tiny_network, tmp_path, capsys
):
    folder, scratch = tmp_path / "mine", tmp_path / "scratch"
    folder.mkdir()
    (folder / "precious.txt").write_text("mine")
    flags = ("--input", crops_folder, "--arch", tiny_network, "--output", folder, "--overwrite")
    assert run(*flags, "--scratch", scratch) == 1
    assert "it is no run folder" in capsys.readouterr().err
    assert run(*flags, "--scratch", folder / "scratch") == 1
    assert "lies in the run's folder" in capsys.readouterr().err
    assert [path.name for path in folder.iterdir()] == ["precious.txt"]


@pytest.mark.slow
def test_real_simulated_and_unknown_crops_train_together(crops_folder, tiny_network, tmp_path):
    from lib.training.crops.writing import write_tfrecord

    other, unknown = tmp_path / "other.tfrecord", tmp_path / "unknown.tfrecord"
    image = np.full((15, 480, 3), 99, np.uint8)
    write_tfrecord(other, [(image, 3, "a")] * 5)
    write_tfrecord(unknown, [(image, -1, "b")] * 4)
    flags = ["--arch", tiny_network, "--epochs", 1, "--outliers", unknown]
    flags += ["--train", crops_folder / "train.tfrecord", other, "--output", tmp_path / "run"]
    assert run("--input", crops_folder, *flags) == 0
    record = json.loads((tmp_path / "run" / "run.json").read_text())
    assert [entry["crops"] for entry in record["data"]["train"]] == [128, 5, 4]
    assert record["steps"] == 2


def test_fine_tuning_starts_from_a_frozen_model(frozen_model, crops_folder, tmp_path):
    flags = ["--arch", "tiny", "--init", frozen_model, "--epochs", 1, "--learning-rate", 0]
    flags += ["--train", crops_folder / "train.tfrecord"]
    assert run("--input", crops_folder, *flags, "--output", tmp_path / "tuned") == 0
    tuned = json.loads((tmp_path / "tuned" / "run.json").read_text())
    start = json.loads((frozen_model / "model.json").read_text())
    assert tuned["test"]["confusion"] == start["test"]["confusion"]
    assert tuned["config"]["init"] == str(frozen_model)


@pytest.mark.parametrize(
    ("arch", "folder", "message"),
    [
        ("resnet", "run", "no network 'resnet'"),
        ("compact", "run", "holds a tiny; expected a compact"),
        ("tiny", "taken", "already exists; give --overwrite"),
    ],
)
def test_nothing_is_simulated_for_a_start_that_is_refused(
    arch, folder, message, frozen_model, crops_folder, tmp_path, capsys
):
    data = shutil.copytree(crops_folder, tmp_path / "data")
    (tmp_path / "taken").mkdir()
    before = sorted(data.iterdir())
    flags = ["--input", data, "--init", frozen_model, "--arch", arch]
    assert run(*flags, "--output", tmp_path / folder) == 1
    assert message in capsys.readouterr().err
    assert sorted(data.iterdir()) == before


@pytest.mark.slow
def test_teachers_replace_the_labels(
    finished_run, frozen_model, crops_folder, tiny_network, tmp_path
):
    from lib.files import sha256
    from lib.training.crops.tfrecord import read_tfrecord
    from lib.training.crops.writing import write_tfrecord

    crops = read_tfrecord(crops_folder / "train.tfrecord")
    wrong = tmp_path / "wrong.tfrecord"
    write_tfrecord(wrong, ((image, 0, f"{i}.png") for i, image in enumerate(crops.images)))
    flags = ("--arch", tiny_network, "--epochs", 4, "--batch-size", 16, "--learning-rate", 0.01)
    flags += ("--train", wrong, "--teachers", finished_run, frozen_model)
    assert run("--input", crops_folder, *flags, "--output", tmp_path / "run") == 0
    record = json.loads((tmp_path / "run" / "run.json").read_text())
    assert record["config"]["teachers"] == [str(finished_run), str(frozen_model)]
    assert record["data"]["teachers"] == [sha256(finished_run / "model.keras")] * 2
    answers = np.sum(record["test"]["confusion"], axis=0)
    assert answers[0] < answers.sum(), "taught by labels, it would know but the first class"


@pytest.mark.thorough
@pytest.mark.slow
def test_data_in_the_run_s_own_folder_are_not_deleted(crops_folder, tiny_network, tmp_path, capsys):
    folder = tmp_path / "run"
    flags = ("--input", crops_folder, "--arch", tiny_network, "--epochs", 1, "--output", folder)
    assert run(*flags) == 0
    inside = folder / "data" / "train.tfrecord"
    inside.parent.mkdir()
    shutil.copy(crops_folder / "train.tfrecord", inside)
    assert run(*flags, "--train", inside, "--overwrite") == 1
    assert "lies in the run's folder" in capsys.readouterr().err
    assert inside.exists() and (folder / "model.keras").exists()


@pytest.mark.thorough
@pytest.mark.slow
@pytest.mark.parametrize("flag", ["--init", "--teachers"])
def test_what_a_training_starts_from_is_not_overwritten(
    flag, crops_folder, tiny_network, tmp_path, capsys
):
    folder = tmp_path / "run"
    flags = ("--input", crops_folder, "--arch", tiny_network, "--epochs", 1, "--output", folder)
    assert run(*flags) == 0
    before = (folder / "model.keras").read_bytes()
    assert run(*flags, flag, folder, "--overwrite") == 1
    assert "not replaced, as this training starts from it" in capsys.readouterr().err
    assert (folder / "model.keras").read_bytes() == before


def test_what_is_taught_is_the_teachers_mean_opinion(finished_run, crops_folder):
    from lib.training.freezing.frozen import load_network
    from lib.training.networks.config import TrainConfig
    from lib.training.runs.classifier import predict_logits, predictions, soft_targets

    path = crops_folder / "train.tfrecord"
    labels, logits = predict_logits(load_network(finished_run / "model.keras"), path)
    assert soft_targets(TrainConfig(), [path]) is None
    said = predictions([finished_run, finished_run], [path])[path]
    assert said.shape == (128, 7) and said.dtype == np.float32
    # predict_logits leaves the unknown lamps out, which are taught like any other.
    assert len(labels) < 128
    odds = np.exp(logits - logits.max(axis=1, keepdims=True))
    expected = odds / odds.sum(axis=1, keepdims=True)
    found = [np.abs(said - row).max(axis=1).min() for row in expected]
    assert max(found) < 1e-5


def test_of_a_rehearsed_file_what_the_start_says_is_taught_and_of_others_their_labels(
    finished_run, crops_folder
):
    from lib.training.crops.tfrecord import read_tfrecord
    from lib.training.networks.config import TrainConfig
    from lib.training.runs.classifier import predictions, soft_targets

    own, simulated = (crops_folder / f"{name}.tfrecord" for name in ("train", "test"))
    config = TrainConfig(init=str(finished_run), rehearsed=[str(simulated)])
    said = soft_targets(config, [own, simulated])
    labels = read_tfrecord(own).labels
    known = labels >= 0
    assert (said[own].argmax(axis=1)[known] == labels[known]).all()
    assert set(np.unique(said[own][known])) == {0, 1}
    np.testing.assert_array_equal(
        said[simulated], predictions([finished_run], [simulated])[simulated]
    )


@pytest.mark.slow
def test_an_interrupted_run_is_resumed(crops_folder, tiny_network, tmp_path, interrupted, capsys):
    flags = ["--input", crops_folder, "--arch", tiny_network, "--epochs", 2]
    flags += ["--output", tmp_path / "run"]
    interrupted(*flags)
    assert not json.loads((tmp_path / "run" / "run.json").read_text())["finished"]
    assert run(*flags, "--seed", 5, "--resume") == 1
    assert "cannot resume with another config (seed)" in capsys.readouterr().err
    assert run(*flags, "--resume") == 0
    assert json.loads((tmp_path / "run" / "run.json").read_text())["finished"]
    assert run(*flags, "--resume") == 1
    assert "nothing to resume" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--train", "{tmp}/none.tfrecord"], "none.tfrecord: no such file"),
        (["--validation", "{tmp}/cut.tfrecord"], "cut.tfrecord: cut short"),
        (["--test", "{tmp}/unknown.tfrecord"], "unknown.tfrecord: expected crops of the classes"),
        (["--outliers", "{crops}/test.tfrecord"], "expected only unknown lamps (label -1)"),
        (["--arch", "resnet"], "no network 'resnet'; expected one of compact, nnsic_m4"),
        (["--init", "{tmp}"], "model.keras: no such file"),
        (["--teachers", "{model}", "{tmp}"], "model.keras: no such file"),
        (
            ["--init", "{model}", "--arch", "compact", "--train", "{crops}/train.tfrecord"],
            "holds a tiny; expected a compact",
        ),
        (["--resume"], "no training was begun here; leave out --resume"),
    ],
)
def test_bad_input_is_one_line_and_writes_nothing(
    flags, message, crops_folder, frozen_model, tmp_path, capsys
):
    from lib.training.crops.writing import write_tfrecord

    data = (crops_folder / "test.tfrecord").read_bytes()
    (tmp_path / "cut.tfrecord").write_bytes(data[:-9])
    write_tfrecord(tmp_path / "unknown.tfrecord", [(np.zeros((15, 480, 3), np.uint8), -1, "x")])
    places = {"tmp": tmp_path, "crops": crops_folder, "model": frozen_model}
    flags = ["--arch", "tiny", *(flag.format(**places) for flag in flags)]
    assert run("--input", crops_folder, "--output", tmp_path / "run", *flags) == 1
    err = capsys.readouterr().err
    assert err.startswith("error: ") and err.count("\n") == 1 and message in err
    assert not (tmp_path / "run").exists()


def test_an_interrupted_run_is_offered_to_be_resumed(finished_run, crops_folder, tmp_path, capsys):
    record = json.loads((finished_run / "run.json").read_text())
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "run.json").write_text(json.dumps(record | {"finished": None}))
    assert run("--input", crops_folder, "--arch", "tiny", "--output", tmp_path / "run") == 1
    assert "go on with it by --resume" in capsys.readouterr().err


def test_a_report_is_one_page_with_curves_a_table_and_crops(finished_run):
    page = (finished_run / "report.html").read_text(encoding="utf-8")
    assert page.count("data:image/png;base64,") > 4
    assert "Fluorescent or mercury" in page and "The crops to look at" in page
    assert 'src="http' not in page and 'href="http' not in page
