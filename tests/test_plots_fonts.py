"""Names in any script are drawn in what fonts there are, and boxed where there is none."""

import numpy as np
import pytest
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen
from matplotlib import font_manager

from lib.plots import fonts, sheets
from lib.plots.spectrum import spectrum_figure

# A letter of an area that Unicode leaves to everybody: no font of a system has it.
LETTER = "\uf8a7"


@pytest.fixture
def installed(tmp_path, monkeypatch):
    """A font that is installed on the system and has one letter, a square."""
    pen = TTGlyphPen(None)
    pen.moveTo((0, 0))
    for corner in ((0, 700), (700, 700), (700, 0)):
        pen.lineTo(corner)
    pen.closePath()
    glyphs = {".notdef": TTGlyphPen(None).glyph(), "square": pen.glyph()}
    builder = FontBuilder(1000, isTTF=True)
    builder.setupGlyphOrder(list(glyphs))
    builder.setupCharacterMap({ord(LETTER): "square"})
    builder.setupGlyf(glyphs)
    builder.setupHorizontalMetrics(dict.fromkeys(glyphs, (800, 0)))
    builder.setupHorizontalHeader(ascent=800, descent=-200)
    builder.setupNameTable({"familyName": "Square of a Test", "styleName": "Regular"})
    builder.setupOS2()
    builder.setupPost()
    builder.save(tmp_path / "square.ttf")
    kept = list(font_manager.fontManager.ttflist)
    font_manager.fontManager.addfont(tmp_path / "square.ttf")
    monkeypatch.setattr(fonts, "_INSTALLED", ("No Such Font", "Square of a Test"))
    forget()
    yield
    font_manager.fontManager.ttflist = kept
    forget()


def forget():
    for remembered in (fonts.families, fonts.files, fonts._drawable_letter):
        remembered.cache_clear()


def test_a_letter_that_only_an_installed_font_has_is_drawn_in_it(installed):
    assert fonts.drawable(f"a{LETTER}.jpg") == f"a{LETTER}.jpg"
    pieces = [piece for piece, _ in fonts.runs(f"a{LETTER}.jpg")]
    assert pieces == ["a", LETTER, ".jpg"]
    tile = sheets.draw_tile(None, None, None, "none", (LETTER,))
    assert (tile[:16, 4:14] < 100).all(axis=2).sum() > 30
    figure = spectrum_figure(np.ones((9, 3)), np.ones((15, 9, 3), np.uint8), title=LETTER)
    figure.draw_without_rendering()


def test_what_no_font_has_is_a_box():
    assert fonts.drawable(f"a{LETTER}\t.jpg") == "a□□.jpg"


def test_scripts_of_matplotlibs_own_font_stay():
    text = "лампа ртути, λάμπα, مصباح.jpg"
    assert fonts.drawable(text) == text and len(fonts.runs(text)) == 1


def test_joiners_and_bytes_that_are_no_text_do_no_harm():
    assert "□" not in fonts.drawable("a\u200d\ufe0f")
    assert fonts.drawable("latin\udcff") == "latin\\udcff"
