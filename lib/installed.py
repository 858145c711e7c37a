"""Finds packages that a notebook still has imported in the version before an install."""

import re
import sys
from collections import defaultdict
from collections.abc import Iterable
from importlib.metadata import packages_distributions, version
from pathlib import Path


def replaced_packages(requirements: Iterable[Path]) -> list[str]:
    """Return the required packages that are imported in another version than is installed.

    Parameters
    ----------
    requirements : iterable of Path
        Files with one requirement a line.

    Returns
    -------
    list of str
        As "numpy (2.0.2 is imported, 2.4.6 installed)".
    """
    required = {_plain(name) for path in requirements for name in _names(path)}
    distributions = defaultdict(set)
    for module, names in packages_distributions().items():
        distributions[module].update(name for name in names if _plain(name) in required)
    replaced = []
    for module, names in sorted(distributions.items()):
        # Not by getattr: some packages warn of it.
        imported = getattr(sys.modules.get(module), "__dict__", {}).get("__version__")
        installed = sorted(map(version, names))
        # Some modules leave out the last number of their version, as cv2 does.
        if (
            imported
            and installed
            and not any(f"{own}.".startswith(f"{imported}.") for own in installed)
        ):
            replaced.append(f"{module} ({imported} is imported, {installed[0]} installed)")
    return replaced


def _names(path: Path) -> list[str]:
    return re.findall(r"^[A-Za-z][\w.-]*", path.read_text(encoding="utf-8"), re.MULTILINE)


def _plain(name: str) -> str:
    """Return a package's name as the index compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()
