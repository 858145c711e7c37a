import csv

import numpy as np
import pytest

from lib.recognition.band import BandProfile
from lib.recognition.spectrum_files import (
    SPECTRUM_COLUMNS,
    write_spectrum_csv,
    write_spectrum_pysa,
    write_spectrum_text,
)
from tests.test_instrument import AXIS


@pytest.fixture
def profile():
    rgb = np.arange(60, dtype=np.float32).reshape(20, 3)
    position = np.arange(50.0, 70.0)
    # Blue last: files must run by rising wavelength all the same.
    return BandProfile(rgb[::-1], np.zeros(20, bool), position[::-1])


def test_the_csv_has_a_row_a_pixel_by_rising_wavelength(tmp_path, profile):
    write_spectrum_csv(tmp_path / "s.csv", profile, AXIS)
    with (tmp_path / "s.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    assert tuple(rows[0]) == SPECTRUM_COLUMNS
    assert (SPECTRUM_COLUMNS[0], SPECTRUM_COLUMNS[-1]) == ("nm", "pixel")
    nm = [float(row["nm"]) for row in rows]
    assert len(rows) == 20
    assert nm == sorted(nm)
    first = rows[0]
    assert float(first["pixel"]) == 50.0
    assert nm[0] == pytest.approx(AXIS.nm_at(50.0), abs=1e-3)
    mean = (float(first["R"]) + float(first["G"]) + float(first["B"])) / 3
    assert float(first["intensity"]) == pytest.approx(mean, abs=0.01)


def test_the_text_file_is_read_by_numpy(tmp_path, profile):
    write_spectrum_text(tmp_path / "s.txt", profile, AXIS)
    table = np.loadtxt(tmp_path / "s.txt")
    assert table.shape == (20, 2)
    assert (np.diff(table[:, 0]) > 0).all()


def test_the_pysa_file_has_two_columns_and_no_heading(tmp_path, profile):
    write_spectrum_pysa(tmp_path / "s.csv", profile, AXIS)
    table = np.loadtxt(tmp_path / "s.csv", delimiter=",")
    assert table.shape == (20, 2)
    assert table[0, 0] == pytest.approx(AXIS.nm_at(50.0), abs=1e-3)
