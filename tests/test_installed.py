"""An import that an install has replaced is seen; what is imported as installed is not."""

import numpy as np
import pytest
from conftest import ROOT

from lib.installed import replaced_packages

REQUIREMENTS = (ROOT / "requirements-use.txt", ROOT / "requirements-train.txt")


def test_packages_as_installed_are_not_named():
    import cv2  # noqa: F401, its version lacks the last number of the package's
    import jsonschema  # noqa: F401, warns when asked for its version
    import scipy  # noqa: F401

    assert replaced_packages(REQUIREMENTS) == []


@pytest.mark.slow
@pytest.mark.parametrize("older", ["1.26.4", f"{np.__version__}0"])
def test_an_older_numpy_that_is_imported_is_named_with_both_versions(older, monkeypatch):
    installed = np.__version__
    monkeypatch.setattr(np, "__version__", older)
    assert replaced_packages(REQUIREMENTS) == [
        f"numpy ({older} is imported, {installed} installed)"
    ]
