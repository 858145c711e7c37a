"""The command of the installed program: `spectrum identify`, `calibrate`, `measure`, `serve`.

Each subcommand is a script of the checkout with the same flags. The scripts import `lib`, `web` and
`cli` from the folder that they lie in. A wheel keeps that folder together, as the one package
`spectrum_identify` with this file as its `__init__.py`, and the command puts it first on the path,
as Python does with the folder of a script.

Example: spectrum identify lamp.jpg --plot plots
"""

import argparse
import importlib
import sys
from pathlib import Path

# Subcommand: the module whose main() it calls, and what it is good for.
COMMANDS = {
    "identify": ("identify", "name the light source of photos, give their pixels wavelengths"),
    "calibrate": ("calibrate", "make an instrument of photos of lamps"),
    "measure": ("measure", "measure any light with an instrument"),
    "serve": ("s6_serve", "serve the page and the JSON API"),
}


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Parse the subcommand; what follows it is its own."""
    listed = "\n".join(f"  {name:<10} {text}" for name, (_, text) in COMMANDS.items())
    parser = argparse.ArgumentParser(
        prog="spectrum",
        description="From a photo of a spectrum to its light source and its wavelengths.",
        epilog=f"commands:\n{listed}\n\n`spectrum COMMAND --help` lists the flags of each.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("command", choices=tuple(COMMANDS), metavar="COMMAND", help="see below")
    parser.add_argument("rest", nargs=argparse.REMAINDER, metavar="...", help="its flags")
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> int:
    """Run the subcommand; return its exit code."""
    args = parse_args(argv)
    here = str(Path(__file__).resolve().parent)
    if here not in sys.path:
        sys.path.insert(0, here)
    # How the subcommand's help and errors call it.
    sys.argv[0] = f"spectrum {args.command}"
    module, _ = COMMANDS[args.command]
    return importlib.import_module(module).main(args.rest)


if __name__ == "__main__":
    sys.exit(main())
