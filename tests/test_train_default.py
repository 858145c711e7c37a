import pytest

import train_default
from lib.model_card import CARD_NAME, read_card


@pytest.mark.slow
def test_one_command_makes_a_model_from_nothing(tmp_path):
    argv = ["--output", str(tmp_path / "model"), "--work", str(tmp_path / "work"), "--jobs", "1"]
    argv += ["--crops", "150", "--unknown", "40", "--check", "60", "--epochs", "1", "--cuts", "14"]
    argv += ["--teachers", "1", "1"]
    assert train_default.main(argv) == 0
    card = read_card(tmp_path / "model")
    assert card["architecture"] == "compact"
    assert {"model.pb", "model.tflite", "model.keras"} <= set(card["files"])


def test_a_shipped_model_is_not_replaced_unasked(tmp_path, capsys):
    (tmp_path / CARD_NAME).write_text("{}")
    assert train_default.main(["--output", str(tmp_path), "--work", str(tmp_path / "work")]) == 1
    assert "already exists" in capsys.readouterr().err
    assert not (tmp_path / "work").exists()
