import numpy as np
import pytest

from lib.errors import DataError
from lib.files import read_csv
from lib.lines import DATA, LINE_COLUMNS, available_line_lists, line_list

# Air wavelengths (nm) from the NIST Atomic Spectra Database.
NIST_AIR_NM = {
    "mercury": [404.656, 407.783, 435.833, 546.074, 576.960, 579.066],
    "hydrogen": [656.279, 486.135, 434.047, 410.174],
    "helium": [388.865, 447.148, 471.315, 492.193, 501.568, 587.562, 667.815, 706.519, 728.135],
    "neon": [540.056, 585.249, 614.306, 640.225, 650.653, 692.947, 703.241, 743.890],
    "sodium": [588.995, 589.592],
    "argon": [696.543, 763.511, 811.531],
    "krypton": [557.029, 587.091, 760.155],
    "xenon": [467.123, 823.164, 881.941],
    "cfl": [435.833, 546.074, 487.7, 542.4, 611.6],
}


@pytest.mark.parametrize("lamp", NIST_AIR_NM)
def test_key_lines_are_in_air_wavelengths(lamp):
    lines = line_list(lamp)
    for nm in NIST_AIR_NM[lamp]:
        assert np.abs(lines.nm - nm).min() < 0.01


@pytest.mark.parametrize("lamp", available_line_lists())
def test_every_row_is_ordered_positive_named_and_sourced(lamp):
    lines = line_list(lamp)
    assert (np.diff(lines.nm) >= 0).all()
    assert (lines.intensity > 0).all() and (lines.fwhm_nm > 0).all()
    assert lines.nm.min() > 335 and lines.nm.max() < 1060
    for row in read_csv(DATA / f"{lamp}.csv", LINE_COLUMNS):
        assert row["name"] and row["source"]


def test_a_missing_list_is_refused_by_name():
    with pytest.raises(DataError, match="unobtainium"):
        line_list("unobtainium")


def test_a_selection_keeps_names_with_their_lines():
    lines = line_list("hydrogen")
    strong = lines.select(lines.intensity > 90)
    assert strong.names == ("H I",) and strong.nm[0] == 656.279
