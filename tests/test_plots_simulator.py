import numpy as np

from lib.lines import line_list
from lib.plots.simulator import class_rows, lamp_page


def test_the_page_of_lamps_names_the_strongest_lines_well_apart():
    nm = np.linspace(340, 1060, 200)
    lines = line_list("mercury")
    table = {"mercury": (lines.nm, lines.intensity, lines.names)}
    spectra = {"mercury": np.exp(-(((nm - 546) / 20) ** 2)), "flat": np.ones_like(nm)}
    figure = lamp_page(nm, spectra, table, columns=2)
    named, plain = figure.axes
    texts = [text.get_text() for text in named.texts]
    assert "Hg 546.1" in texts and "Hg 435.8" in texts
    # Of the yellow pair, 2 nm apart, one.
    assert sum(text in texts for text in ("Hg 577.0", "Hg 579.1")) == 1
    assert not plain.texts


def test_classes_are_drawn_one_row_each():
    crops = {name: np.zeros((3, 15, 480, 3), np.uint8) for name in ("led", "neon")}
    figure = class_rows(crops, headings=["a", "b", "c"])
    assert len(figure.axes) == 6
    assert [ax.get_title() for ax in figure.axes[:3]] == ["a", "b", "c"]
    assert figure.axes[3].get_ylabel() == "neon"
