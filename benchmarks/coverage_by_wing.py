"""How much of each wing the tests run through, from what coverage.py has recorded.

Code that runs in other processes alone (a browser's server, workers of a pool) counts as not run.

    python -m pytest --cov --cov-report=json && python benchmarks/coverage_by_wing.py
"""

import json
import sys
from collections import Counter
from pathlib import Path, PurePath

REPORT = Path(__file__).resolve().parent.parent / "coverage.json"


def wing_of(path: PurePath) -> str:
    """Return the part of the house that a file belongs to: a wing of lib, its ground floor, ..."""
    if path.parts[0] != "lib":
        return path.parts[0] if len(path.parts) > 1 else "commands"
    return "/".join(path.parts[:2]) if len(path.parts) > 2 else "lib"


def table(files: dict[str, dict]) -> list[str]:
    """Return the lines of the table, a wing a line, from the "files" of coverage's report."""
    statements, run = Counter(), Counter()
    for name, file in files.items():
        for wing in (wing_of(PurePath(name.replace("\\", "/"))), "all"):
            statements[wing] += file["summary"]["num_statements"]
            run[wing] += file["summary"]["covered_lines"]
    wings = [*sorted(statements.keys() - {"all"}), "all"]
    return [f"{'wing':<16}{'statements':>12}{'run':>8}"] + [
        f"{wing:<16}{statements[wing]:>12}{run[wing] / max(statements[wing], 1):>8.1%}"
        for wing in wings
    ]


if __name__ == "__main__":
    if not REPORT.is_file():
        sys.exit(f"error: {REPORT}: no such file; expected the JSON report of pytest --cov")
    print("\n".join(table(json.loads(REPORT.read_text(encoding="utf-8"))["files"])))
