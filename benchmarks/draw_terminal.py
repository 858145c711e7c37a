"""Draw what a command shows in a terminal, with its colours, as SVG.

Reads:  what the command reads; it finds a folder of photos as photos/
Writes: docs/terminal.svg

    python benchmarks/draw_terminal.py
    python benchmarks/draw_terminal.py --columns 80 --output narrow.svg
    python benchmarks/draw_terminal.py --output calibrated.svg -- calibrate photos/neon.jpg
"""

import argparse
import io
import os
import pty
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.text import Text

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import cli
from lib.errors import DataError
from lib.files import write_bytes
from lib.paths import ROOT

EXAMPLES = ROOT / "web" / "static" / "web" / "examples"
_COMMAND = ("identify", "photos/")


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Parse the command line."""
    parser = cli.make_parser(__doc__)
    parser.add_argument(
        "words",
        nargs="*",
        default=_COMMAND,
        metavar="WORD",
        help="what follows `spectrum`, after -- if it has flags (default: identify photos/)",
    )
    parser.add_argument(
        "--photos",
        type=Path,
        default=EXAMPLES,
        help="what the command finds as photos/ (default: the photos that ship)",
    )
    parser.add_argument(
        "--columns", type=cli.positive_int, default=100, help="(default: %(default)s)"
    )
    parser.add_argument(
        "--output",
        type=Path,
        default=ROOT / "docs" / "terminal.svg",
        help="(default: %(default)s)",
    )
    return parser.parse_args(argv)


def shown(words: list[str], folder: Path, columns: int) -> str:
    """Return what `spectrum` shows in a terminal of this width, with its escape sequences.

    Raises DataError if the command fails.
    """
    environment = os.environ | {"COLUMNS": str(columns), "TERM": "xterm-256color"}
    environment.pop("NO_COLOR", None)
    ours, theirs = pty.openpty()
    # The terminal holds a few kilobytes at most, so it is read while the command runs.
    with (
        open(ours, "rb", buffering=0) as screen,  # noqa: PTH123 - a file descriptor
        subprocess.Popen(
            [sys.executable, ROOT / "spectrum.py", *words],
            cwd=folder,
            env=environment,
            stdout=theirs,
            stderr=theirs,
        ) as command,
    ):
        os.close(theirs)
        pieces = []
        # Linux ends a terminal that nobody writes to any more with an error.
        try:
            while piece := screen.read(65536):
                pieces.append(piece)
        except OSError:
            pass
    if command.returncode:
        raise DataError(f"spectrum {words[0]}: ended with exit code {command.returncode}")
    return b"".join(pieces).decode().replace("\r\n", "\n")


def drawn(text: str, columns: int, title: str) -> str:
    """Return text with escape sequences as SVG, in the fonts of whoever looks at it."""
    console = Console(record=True, width=columns, file=io.StringIO(), force_terminal=True)
    console.print(Text.from_ansi(text), soft_wrap=True)
    svg = console.export_svg(title=title, unique_id="terminal")
    return re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.DOTALL)


def draw(args: argparse.Namespace) -> None:
    """Run the command and draw what it shows."""
    words = list(args.words)
    with tempfile.TemporaryDirectory() as work:
        (Path(work) / "photos").symlink_to(args.photos.resolve())
        text = shown(words, Path(work), args.columns)
    write_bytes(args.output, drawn(text, args.columns, f"spectrum {' '.join(words)}").encode())


def main(argv: list[str] | None = None) -> int:
    """Run the command."""
    args = parse_args(argv)
    return cli.run(lambda: draw(args), verbose=args.verbose)


if __name__ == "__main__":
    sys.exit(main())
