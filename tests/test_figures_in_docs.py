"""Figures in README and docs are those of benchmarks/results, by one command."""

import re

import pytest
from conftest import ROOT

from benchmarks.fill_figures import answered, filled, pages
from lib.errors import DataError

TABLE = "part,figure,value,n\nreal,named,0.7436,78\nreal,error,0.219,26\nother,named,0.5,10\n"


@pytest.fixture
def results(tmp_path):
    (tmp_path / "a.csv").write_text(TABLE)
    (tmp_path / "b.csv").write_text('what,value\nlights,"0.14, 1.21"\n')
    (tmp_path / "c.json").write_text('{"label": {"recall": 0.9531, "found": "150 of 150"}}')
    return tmp_path


@pytest.mark.parametrize("page", pages(), ids=lambda page: page.name)
def test_figures_are_those_of_the_tables(page):
    text = page.read_text(encoding="utf-8")
    # Where this fails: python benchmarks/fill_figures.py
    assert filled(text) == text


@pytest.mark.slow
def test_what_readme_shows_of_a_command_is_what_it_prints():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    # Where this fails: python benchmarks/fill_figures.py
    assert "<!--output of " in readme and answered(readme) == readme


@pytest.mark.parametrize(
    ("asked", "figure"),
    [
        ("a.csv; real; named; value; count", "58"),
        ("a.csv; real; named; n; text", "78"),
        ("a.csv; real; named; value; .0%", "74 %"),
        ("a.csv; real; error; value; .2f", "0.22"),
        ("b.csv; lights; value; 2", "1.21"),
        ("a.csv; part=other; n; text", "10"),
        ("a.csv; part=real; rows", "2"),
        ("c.json; label; recall; .1%", "95.3 %"),
        ("c.json; label; found; text", "150 of 150"),
    ],
)
def test_a_figure_takes_the_form_that_its_mark_asks_for(results, asked, figure):
    text = f"| of <!--{asked}-->old<!--/--> photos |"
    assert filled(text, results) == f"| of <!--{asked}-->{figure}<!--/--> photos |"


@pytest.mark.parametrize(
    "asked",
    [
        "c.csv; real; named; value; count",
        "a.csv; named; value; count",
        "a.csv; real; nothing; value; count",
        "a.csv; real; named; share; count",
        "a.csv; real; named; value; nonsense",
        "b.csv; lights; value; 3",
        "a.csv; part=unreal; rows",
        "c.json; label; precision; .1%",
        "d.json; label; recall; .1%",
    ],
)
def test_a_mark_that_names_no_figure_is_refused(results, asked):
    with pytest.raises(DataError, match=re.escape(asked)):
        filled(f"<!--{asked}-->58<!--/-->", results)


def test_results_of_the_tables_are_not_typed_in_readme():
    # Of Results every number is filled in, but for the confidence level that intervals state.
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    (section,) = re.findall(
        r"^## How well it does\n(.*?)(?=^## )", readme, re.MULTILINE | re.DOTALL
    )
    typed = re.sub(r"<!--[^>]*-->[^<]*<!--/-->", "", section)
    assert re.findall(r"\d+(?:\.\d+)?", re.sub(r"95 %|`[^`]*`", "", typed)) == []
