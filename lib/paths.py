"""Default places, anchored at the root of the checkout or of the installed package."""

import os
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

RAW_DATA = ROOT / "RawData"
LABELED_IMAGES = RAW_DATA / "Image_Labeled"

# What pip installs the program as.
NAME = "spectrum-identify"
INPUT_DATA = ROOT / "InputData"
# Another folder tries networks, or trains them, beside those that ship.
MODELS = Path(os.environ.get("SPECTRUM_MODELS") or ROOT / "models")
DEFAULT_MODEL = MODELS / "default"

IN_CHECKOUT = (ROOT / "pyproject.toml").is_file()


def version() -> str:
    """Return the version of the program, of a checkout as its pyproject.toml says it."""
    if IN_CHECKOUT:
        text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
        own = re.search(r'^version = "(.+)"', text, re.MULTILINE)[1]
        return f"{NAME} {own}"
    from importlib.metadata import version as installed

    return f"{NAME} {installed(NAME)}"


def real_path(path: Path | str) -> Path:
    """Return an absolute path without links; links that go round in a circle stay.

    `Path.resolve` raises an error for those, of another kind in each version of Python.
    """
    return Path(os.path.realpath(path))


def portable(path: Path) -> str:
    """Return a path as other machines find it under their `ROOT`, an absolute one if elsewhere."""
    path = real_path(path)
    return path.relative_to(ROOT).as_posix() if path.is_relative_to(ROOT) else str(path)
