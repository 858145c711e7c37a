"""Fill the figures of README and docs from benchmarks/results, and what commands print.

A figure in Markdown stands between two comments, which readers do not see:

    <!--accept.csv; real photos; of the classes: named; value; count-->58<!--/-->

The first names the file, cells that one row alone has (also as `column=cell`), the column, and
the form: `text` (the cell as it is), `1`, `2`, ... (that part of a cell like "0.14, 1.21"), `count`
(the share times column `n`), or a format of Python such as `.2f` or `.0%`. `rows` in place of
column and form counts the rows with these cells. In a JSON file, keys lead to the figure. What a
command prints is the block after

    <!--output of identify.py web/static/web/examples/helium.jpg-->

Reads:  README.md, docs/*.md, benchmarks/results/*.csv and *.json; the model that ships
Writes: README.md and docs/*.md

    python benchmarks/fill_figures.py
"""

import argparse
import csv
import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import cli
from lib.errors import DataError
from lib.files import write_bytes
from lib.paths import ROOT

RESULTS = ROOT / "benchmarks" / "results"
_FIGURE = re.compile(r"<!--(?P<asked>\w+\.(?:csv|json);[^>]*?)-->(?P<figure>[^<]*)<!--/-->")
_OUTPUT = re.compile(r"<!--output of (?P<command>\w+\.py [^>]*?)-->\n```text\n.*?```", re.DOTALL)
_COLUMNS = 100


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Parse the command line."""
    return cli.make_parser(__doc__).parse_args(argv)


def pages() -> list[Path]:
    """Return the Markdown files whose figures are filled in."""
    return [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def filled(text: str, results: Path = RESULTS) -> str:
    """Return Markdown with each marked figure as its table has it.

    Raises DataError where a mark names no file, no row or more than one, no column or no form.
    """
    return _FIGURE.sub(lambda found: _with_figure(found, results), text)


def _with_figure(found: re.Match, results: Path) -> str:
    asked = found["asked"]
    file, *parts = (part.strip() for part in asked.split(";"))
    try:
        figure = (_of_json if file.endswith(".json") else _of_table)(results / file, parts)
    except (OSError, KeyError, TypeError, ValueError, IndexError) as error:
        raise DataError(f"{asked}: no such figure ({error})") from error
    return f"<!--{asked}-->{figure}<!--/-->"


def _of_json(path: Path, parts: list[str]) -> str:
    *keys, last, form = parts
    value = json.loads(path.read_text(encoding="utf-8"))
    for key in keys:
        value = value[key]
    return _written({last: str(value[last])}, last, form)


def _of_table(path: Path, parts: list[str]) -> str:
    counted = parts[-1] == "rows"
    cells = parts[:-1] if counted else parts[:-2]
    with path.open(encoding="utf-8", newline="") as stream:
        rows = [row for row in csv.DictReader(stream) if all(_has(row, cell) for cell in cells)]
    if counted and rows:
        return str(len(rows))
    if len(rows) != 1:
        raise ValueError(f"{len(rows)} rows have these cells; expected one")
    return _written(rows[0], *parts[-2:])


def _has(row: dict[str, str], cell: str) -> bool:
    column, _, value = cell.partition("=")
    return row[column] == value if column in row else cell in row.values()


def _written(row: dict[str, str], column: str, form: str) -> str:
    value = row[column]
    if form == "text":
        return value
    if form.isdigit():
        return value.split(", ")[int(form) - 1]
    if form == "count":
        return str(round(float(value) * int(row["n"])))
    return format(float(value), form).replace("%", " %")


def answered(text: str) -> str:
    """Return Markdown with what each marked command prints now.

    Raises DataError where a command fails.
    """
    return _OUTPUT.sub(_with_output, text)


def _with_output(found: re.Match) -> str:
    command = found["command"]
    done = subprocess.run(
        [sys.executable, *shlex.split(command)],
        cwd=ROOT,
        env=os.environ | {"COLUMNS": str(_COLUMNS)},
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise DataError(f"{command}: {done.stderr.strip()}")
    lines = "\n".join(line.rstrip() for line in done.stdout.splitlines())
    return f"<!--output of {command}-->\n```text\n{lines}\n```"


def fill() -> None:
    """Fill in all pages."""
    for page in pages():
        before = page.read_text(encoding="utf-8")
        after = answered(filled(before))
        if before != after:
            write_bytes(page, after.encode())
            cli.say(f"{page.relative_to(ROOT)}: filled in")


def main(argv: list[str] | None = None) -> int:
    """Run the command."""
    args = parse_args(argv)
    return cli.run(fill, verbose=args.verbose)


if __name__ == "__main__":
    sys.exit(main())
