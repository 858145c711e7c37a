"""The door for Python programs, and the answers that come out of it."""

import re
import subprocess
import sys

import numpy as np
import pytest
from conftest import ROOT
from pydantic import TypeAdapter

import spectrum
from lib import api
from lib.errors import DataError
from lib.files import json_text
from lib.images.png import write_png
from lib.images.reading import read_image
from lib.recognition.advice import ADVICE, REMARKS
from lib.recognition.identified import IdentifiedLight
from lib.simulation.lamps.catalogue import LAMPS
from lib.simulation.lamps.spectra import deposit
from lib.simulation.photos.bench import draw_bench

EXAMPLES = ROOT / "web" / "static" / "web" / "examples"
HELIUM = EXAMPLES / "helium.jpg"
README_PROGRAM = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text("utf-8"), re.S)


@pytest.fixture(scope="module")
def bench(tmp_path_factory):
    """Photos of an instrument: of a neon lamp, and of a laser of 532 nm."""
    folder = tmp_path_factory.mktemp("bench")
    rng = np.random.default_rng(6)
    made = draw_bench(np.random.default_rng(15), vertical=False, curved=False, tilted=False)
    write_png(folder / "neon.jpg", made.photograph(rng, LAMPS["neon"].draw(rng)))
    write_png(folder / "laser.jpg", made.photograph(rng, deposit(532.0, 1.0)))
    (folder / "lamp.jpg").write_bytes(HELIUM.read_bytes())
    return folder


def test_the_program_in_readme_runs(bench, monkeypatch, capsys, tmp_path):
    (program,) = README_PROGRAM
    assert len(program.splitlines()) <= 10
    for photo in bench.iterdir():
        (tmp_path / photo.name).write_bytes(photo.read_bytes())
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(sys.modules, "spectrum_identify", spectrum)
    exec(compile(program, "README", "exec"), {})
    said = capsys.readouterr().out.splitlines()
    assert said[0].startswith("ok helium 0.9")
    assert any(re.match(r"53[12]\.\d ± \d\.\d nm", line) for line in said)
    assert (tmp_path / "instrument.json").is_file()


def test_what_is_imported_once_installed_is_the_door():
    assert set(spectrum._DOOR) == set(api.__all__)
    assert spectrum.identify is api.identify
    with pytest.raises(AttributeError, match="nothing_of_ours"):
        _ = spectrum.nothing_of_ours


@pytest.mark.parametrize("of", [str, lambda path: path, lambda path: path.read_bytes(), read_image])
def test_a_photo_is_a_path_its_content_or_an_array(of):
    answer = api.identify(of(HELIUM))
    assert answer.source == "helium" and answer.wavelength.lamp == "helium"
    assert len(answer.spectrum.nm) == len(answer.spectrum.rgb)


@pytest.mark.parametrize(
    "call",
    [
        lambda: api.identify(EXAMPLES / "none.jpg"),
        lambda: api.identify(b"no photo"),
        lambda: api.identify(np.zeros((5, 5))),
        lambda: api.identify(HELIUM, lamp="candle"),
        lambda: api.calibrate(HELIUM, lamp=["neon", "neon"]),
        lambda: api.calibrate(EXAMPLES / "rainbow.jpg"),
        lambda: api.measure(HELIUM, EXAMPLES / "none.json"),
    ],
)
def test_what_cannot_be_done_is_one_line(call):
    with pytest.raises(DataError) as caught:
        call()
    assert "\n" not in str(caught.value)


def test_an_instrument_is_given_by_itself_or_by_its_file(bench, tmp_path):
    instrument = api.calibrate(bench / "neon.jpg", lamp="neon")
    api.save_instrument(tmp_path / "instrument.json", instrument)
    laser = bench / "laser.jpg"
    assert api.measure(laser, instrument) == api.measure(laser, str(tmp_path / "instrument.json"))
    assert api.identify(laser, instrument=instrument).wavelength.source == "neon.jpg"


@pytest.mark.parametrize("photo", ["helium", "rainbow", "daylight"])
def test_an_answer_is_what_its_class_says(photo):
    said = api.identify(EXAMPLES / f"{photo}.jpg").to_json()
    shape = TypeAdapter(IdentifiedLight)
    assert shape.validate_json(json_text(said), strict=True).to_json() == said


def test_the_certainty_stands_beside_what_it_had_to_reach():
    answer = api.identify(HELIUM)
    assert answer.certainty >= answer.threshold > 0
    stricter = api.identify(HELIUM, min_precision=0.995)
    assert stricter.threshold is None or stricter.threshold > answer.threshold
    told = api.identify(HELIUM, lamp="neon")
    assert (told.certainty, told.threshold) == (None, None)
    assert api.identify(EXAMPLES / "rainbow.jpg").certainty is None


def test_a_doubt_that_refuses_nothing_is_a_remark():
    answer = api.identify(EXAMPLES / "led.jpg")
    assert answer.saturated and answer.status == "ok"
    # One channel ends below full scale as well.
    codes = [remark.code for remark in answer.remarks]
    assert codes == ["overexposed", "clipped_below_full_scale"]


def test_clipped_lines_are_no_doubt_about_a_lamp_that_has_its_wavelengths():
    answer = api.identify(HELIUM)
    assert answer.saturated and answer.source == "helium" and answer.wavelength
    assert not answer.remarks


@pytest.mark.parametrize("codes", [REMARKS, ADVICE])
def test_codes_are_words_for_programs(codes):
    assert all(re.fullmatch("[a-z_]+", code) and meaning for code, meaning in codes.items())


def test_no_answer_needs_pydantic():
    code = (
        "import sys, lib.recognition.identified, lib.measurement.measured\n"
        "assert 'pydantic' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)
