"""README and docs match the code: commands, flags, columns, pictures and links."""

import re
import shlex
from importlib import import_module
from pathlib import Path

import pytest
from conftest import ROOT
from pydantic import TypeAdapter

import spectrum
from lib.curation.opinions import SUSPECTS_COLUMNS
from lib.curation.places import REJECTED_COLUMNS
from lib.curation.triage import TRIAGE_COLUMNS
from lib.measurement.measured import Measured
from lib.recognition.advice import ADVICE, REASONS, REMARKS
from lib.recognition.identified import Identified
from lib.recognition.instrument_model import InstrumentFile
from lib.tables import CROPS_COLUMNS, LABELS_COLUMNS, SPLITS_COLUMNS

# Files with a table of the fields of a model or an answer.
TABLES = [
    ("docs/identify.md", Identified),
    ("docs/instrument.md", Measured),
    ("docs/instrument.md", InstrumentFile),
]
# Words of README, comments left out: what a person reads before the first answer.
MOST_WORDS = 1500
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
TEXT_OF = {path: path.read_text(encoding="utf-8") for path in PAGES}
README = TEXT_OF[ROOT / "README.md"]
DOCUMENTS = "\n".join(TEXT_OF.values())
COMMANDS = sorted({path.name for path in ROOT.glob("*.py")} - {"cli.py", "__main__.py"})
COMMAND_LINES = [
    match.group(1)
    for block in re.findall(r"```sh\n(.*?)```", DOCUMENTS, re.DOTALL)
    for match in re.finditer(r"python\S* (\w+\.py[^\n#]*)", block)
]
# What README says of the installed command, as the script of a checkout.
SPECTRUM_LINES = re.findall(r"^spectrum (\w+)([^\n#`]*)", DOCUMENTS, re.MULTILINE)


def documented_flags() -> dict[str, set[str]]:
    """Return each command, with the flags that README and docs give it."""
    flags: dict[str, set[str]] = {name: set() for name in COMMANDS}
    for line in COMMAND_LINES:
        script, *words = line.split()
        # A sub-command has a help of its own.
        name = (
            f"{script} {words[0]}" if script in ("s0_simulate.py", "train_shipped.py") else script
        )
        given = {word.split("=")[0] for word in words if word.startswith("--")}
        flags.setdefault(name, set()).update(given)
    return flags


@pytest.mark.parametrize(("command", "flags"), sorted(documented_flags().items()))
def test_every_command_has_a_help_with_the_flags_that_the_documents_give_it(command, flags, capsys):
    script, *words = command.split()
    with pytest.raises(SystemExit) as ended:
        import_module(script.removesuffix(".py")).main([*words, "--help"])
    assert ended.value.code == 0
    told = capsys.readouterr().out
    assert told.startswith("usage:")
    assert flags <= set(re.findall(r"--[a-z-]+", told))


DOCUMENTED_LINES = sorted(
    {
        re.sub(r"\s+#.*|\s+$", "", line)
        for text in TEXT_OF.values()
        for line in re.findall(r"python\S* ((?:benchmarks/)?\w+\.py[^\n`|]*)", text)
    }
)


@pytest.mark.parametrize("line", DOCUMENTED_LINES)
def test_every_command_line_of_the_documents_is_understood(line, capsys):
    script, *words = shlex.split(line)
    module = import_module(script.removesuffix(".py").replace("/", "."))
    try:
        module.parse_args(words)
    except SystemExit:
        pytest.fail(capsys.readouterr().err)


@pytest.mark.parametrize(("command", "words"), SPECTRUM_LINES)
def test_every_line_of_the_installed_command_is_understood(command, words, capsys):
    assert command in spectrum.COMMANDS
    module = import_module(spectrum.COMMANDS[command][0])
    try:
        module.parse_args(shlex.split(words))
    except SystemExit:
        pytest.fail(capsys.readouterr().err)


def test_every_command_is_in_the_table():
    told = re.findall(r"^\| `(\w+\.py)` \|", DOCUMENTS, re.MULTILINE)
    assert set(COMMANDS) == set(told)


def test_readme_is_short():
    words = re.sub(r"<!--.*?-->", "", README, flags=re.DOTALL).split()
    assert len(words) < MOST_WORDS


def test_every_page_is_linked_from_readme():
    assert {f"docs/{path.name}" for path in (ROOT / "docs").glob("*.md")} <= set(
        re.findall(r"\]\(([^)]+)\)", README)
    )


def test_the_address_is_one_marked_line_for_the_owner():
    (line,) = re.findall(r"^git clone .*$", DOCUMENTS, re.MULTILINE)
    assert "ADDRESS" in line and "For the owner" in README


@pytest.mark.parametrize(
    ("file", "columns"),
    [
        ("labels.csv", LABELS_COLUMNS),
        ("crops.csv", CROPS_COLUMNS),
        ("splits.csv", SPLITS_COLUMNS),
        ("suspects.csv", SUSPECTS_COLUMNS),
        ("triage.csv", TRIAGE_COLUMNS),
        ("rejected.csv", REJECTED_COLUMNS),
    ],
)
def test_documented_columns_are_the_codes(file, columns):
    row = re.search(rf"^\| `{re.escape(file)}` \| (.*) \|$", DOCUMENTS, re.MULTILINE)
    assert tuple(re.findall(r"`(\w+)`", row.group(1))) == columns


def test_pictures_and_files_exist():
    for path, text in TEXT_OF.items():
        for target in re.findall(r"\]\((?!https?:|#)([^)#]+)[^)]*\)", text):
            assert (path.parent / target).exists(), f"{path.name}: {target}"


def test_every_picture_is_shown_somewhere():
    drawn = {
        path.name for path in (ROOT / "docs").iterdir() if path.suffix in (".png", ".gif", ".svg")
    }
    shown = {Path(target).name for target in re.findall(r"!\[[^]]*\]\(([^)]+)\)", DOCUMENTS)}
    assert drawn == shown


def test_make_targets_exist():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in set(re.findall(r"^make (\w+)", DOCUMENTS, re.MULTILINE)):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


def test_the_licence_section_says_whether_there_is_one():
    (section,) = re.findall(r"^## Licence\n(.*?)(?=^## |\Z)", README, re.MULTILINE | re.DOTALL)
    assert ("None yet" in section) == (not list(ROOT.glob("LICEN[CS]E*")))


def test_every_export_format_is_documented():
    from lib.measurement.exports import FORMATS
    from lib.recognition.spectrum_files import SPECTRUM_COLUMNS

    text = (ROOT / "docs" / "instrument.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| `(\w+)` \| `(\.\w+)`", text, re.MULTILINE))
    assert rows == {name: form.suffix for name, form in FORMATS.items()}
    assert all(f"`{column}`" in text for column in SPECTRUM_COLUMNS)


def meanings(shape: type) -> dict[str, str]:
    """Return the meaning of each field, with the fields of the parts that it holds."""
    schema = TypeAdapter(shape).json_schema(mode="serialization")
    return _meanings(schema, schema.get("$defs", {}))


def _meanings(schema: dict, parts: dict) -> dict[str, str]:
    found = {}
    for name, field in schema["properties"].items():
        # What is a part stands as a reference, alone, in a list, or beside null.
        held = re.findall(r"#/\$defs/(\w+)", str(field))
        inner = [
            f"`{name}` ({meaning})" if meaning else f"`{name}`"
            for part in held
            for name, meaning in _meanings(parts[part], parts).items()
        ]
        text = " ".join(field.get("description", "").split())
        found[name] = ": ".join(filter(None, (text, ", ".join(inner))))
    return found


@pytest.mark.parametrize(("file", "shape"), TABLES)
def test_tables_of_fields_say_what_the_classes_say(file, shape):
    rows = "\n".join(f"| `{name}` | {meaning} |" for name, meaning in meanings(shape).items())
    # Where this fails, these rows are to take the table's place.
    assert f"|---|---|\n{rows}\n\n" in (ROOT / file).read_text(encoding="utf-8"), rows


def test_every_code_is_documented():
    rows = "\n".join(f"| `{code}` | {meaning} |" for code, meaning in REMARKS.items())
    page = TEXT_OF[ROOT / "docs" / "identify.md"]
    assert f"|---|---|\n{rows}\n\n" in page, rows
    reasons = "\n".join(
        f"| `{code}` | {reason.short} | {reason.text} |" for code, reason in REASONS.items()
    )
    assert f"|---|---|---|\n{reasons}\n\n" in page, reasons
    assert all(f"`{code}`" in page for code in ADVICE)


def test_every_reason_for_no_axis_has_its_help_in_readme():
    section = re.search(r"^## When there is no wavelength axis\n(.*?)^## ", README, re.M | re.S)
    assert set(ADVICE) <= set(re.findall(r"`(\w+)`", section.group(1)))
