"""Shared fixtures: the optional folder of real spectra."""

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real spectra, or a skip where the machine has none."""
    folder = Path(os.environ.get("SPECTRA_REAL_DATA", ROOT.parent / "shared" / "real"))
    if not (folder / "photos.csv").exists():
        pytest.skip("no real spectra here: set SPECTRA_REAL_DATA to a folder that holds photos.csv")
    return folder
