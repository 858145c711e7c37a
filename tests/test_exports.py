"""Exported spectra are read back by the programs that they are for."""

import json
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from test_measuring import flat

from lib.measurement.exports import FORMATS, export
from lib.measurement.measuring import ABSORBANCE, CAMERA, POWER, TRANSMISSION
from lib.recognition.spectrum_files import SPECTRUM_COLUMNS

FACTS = {"quantity": "camera response", "instrument": "néon.jpg", "frames": "1"}


@pytest.fixture
def spectrum():
    made = flat()
    made.intensity[:] = np.linspace(0, 1, len(made.nm))
    # Nothing is known at one place.
    made.intensity[7] = np.nan
    return made


def exported(folder, spectrum, kind):
    path = folder / f"spectrum{FORMATS[kind].suffix}"
    export(path, spectrum, kind, FACTS)
    return path


@pytest.mark.parametrize("kind", FORMATS)
def test_no_file_holds_nan(spectrum, tmp_path, kind):
    path = exported(tmp_path, spectrum, kind)
    assert path.suffix == FORMATS[kind].suffix
    if kind != "fits":
        assert "nan" not in path.read_text(encoding="utf-8").lower().replace("nanometers", "")


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["ecsv", "fits"])
def test_specutils_reads_it(spectrum, tmp_path, kind):
    path = exported(tmp_path, spectrum, kind)
    # In a process of its own: its imports warn of what is none of ours.
    code = (
        "import sys, json; from specutils import Spectrum; s = Spectrum.read(sys.argv[1]);"
        "print(json.dumps([len(s.flux), float(s.spectral_axis[0].to_value('nm')),"
        "float(s.flux[-1].value), float(s.uncertainty.array[0])]))"
    )
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code, str(path)],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    count, first, last, noise = json.loads(done.stdout.splitlines()[-1])
    assert count == len(spectrum.nm) - 1
    assert first == pytest.approx(spectrum.nm[0])
    assert (last, noise) == pytest.approx((1.0, 0.1))


def test_jcamp_reads_it(spectrum, tmp_path):
    import jcamp

    read = jcamp.readfile(str(exported(tmp_path, spectrum, "jcamp")))
    assert read["xunits"] == "NANOMETERS"
    assert read["npoints"] == len(read["x"]) == len(spectrum.nm) - 1
    assert read["x"][0] == pytest.approx(spectrum.nm[0], abs=1e-3)
    assert read["y"][-1] == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("quantity", "units"),
    [
        (CAMERA, "ARBITRARY UNITS"),
        (POWER, "ARBITRARY UNITS"),
        (TRANSMISSION, "TRANSMITTANCE"),
        (ABSORBANCE, "ABSORBANCE"),
    ],
)
def test_jcamp_has_the_standard_s_units_for_each_quantity(spectrum, tmp_path, quantity, units):
    import jcamp

    path = exported(tmp_path, replace(spectrum, quantity=quantity), "jcamp")
    read = jcamp.readfile(str(path))
    assert (read["xunits"], read["yunits"]) == ("NANOMETERS", units)
    assert read["$quantity"] == quantity
    known = np.isfinite(spectrum.intensity)
    assert read["x"] == pytest.approx(spectrum.nm[known], abs=1e-3)
    assert read["y"] == pytest.approx(spectrum.intensity[known], abs=1e-5)
    if units != "ARBITRARY UNITS":
        # It knows what to make of these alone.
        jcamp.calc_xsec(read, skip_nonquant=False)
        absorbed = -np.log10(read["y"][1:]) if quantity == TRANSMISSION else read["y"][1:]
        assert read.get("absorbance", read["y"])[1:] == pytest.approx(absorbed)


@pytest.mark.parametrize("kind", ["ecsv", "fits"])
def test_tables_have_one_layout_with_units(spectrum, tmp_path, kind):
    from astropy.table import QTable

    table = QTable.read(exported(tmp_path, spectrum, kind))
    names = ("spectral_axis", "flux", "wavelength_error", "uncertainty", *"RGB", "mask", "pixel")
    assert tuple(table.colnames) == names and len(names) == len(SPECTRUM_COLUMNS)
    units = [str(table[name].unit) for name in ("spectral_axis", "wavelength_error", "pixel")]
    assert units == ["nm", "nm", "pix"]


def test_spectral_workbench_s_fields_are_there(spectrum, tmp_path):
    path = exported(tmp_path, spectrum, "workbench")
    saved = json.loads(path.read_text(encoding="utf-8"))
    lines = saved["data"]["lines"]
    assert len(lines) == len(spectrum.nm) - 1
    assert all(set(line) == {"wavelength", "r", "g", "b", "average"} for line in lines)
    assert lines[0]["wavelength"] == pytest.approx(spectrum.nm[0], abs=1e-3)


def test_the_csv_has_the_wavelength_first(spectrum, tmp_path):
    path = exported(tmp_path, spectrum, "csv")
    heading, first, *_ = path.read_text().splitlines()
    assert tuple(heading.split(",")) == SPECTRUM_COLUMNS
    assert SPECTRUM_COLUMNS[0] == "nm"
    assert float(first.split(",")[0]) == pytest.approx(spectrum.nm[0], abs=1e-3)
