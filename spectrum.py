"""The command of the installed program: `spectrum identify`, `calibrate`, `measure`, `serve`.

Each subcommand is a script of the checkout with the same flags. The scripts import `lib`, `web` and
`cli` from the folder that they lie in. A wheel keeps that folder together, as the one package
`spectrum_identify` with this file as its `__init__.py`, and the command puts it first on the path,
as Python does with the folder of a script.

`python -m spectrum_identify` is the same command.

Programs import the functions of `lib.api` from here; their own modules may be called anything but
`lib`.

Examples:
    spectrum identify lamp.jpg --plot plots
    from spectrum_identify import calibrate, identify, measure
"""

import argparse
import importlib
import sys
from pathlib import Path

# Subcommand: the module whose main() it calls, and what it is good for.
COMMANDS = {
    "identify": ("identify", "name the lamp in photos, and give each pixel its wavelength"),
    "calibrate": ("calibrate", "make an instrument file from photos of lamps"),
    "measure": ("measure", "measure any light with an instrument"),
    "serve": ("s6_serve", "serve the page and the JSON API"),
}


# What programs import: of `lib.api`.
_DOOR = ("DataError", "calibrate", "identify", "load_instrument", "measure", "save_instrument")


def __getattr__(name: str) -> object:
    """Return a function of `lib.api`, imported when it is asked for."""
    if name not in _DOOR:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    here = Path(__file__).resolve().parent
    sys.path.insert(0, str(here))
    try:
        api = importlib.import_module("lib.api")
    finally:
        # Names of the importing program stay its own.
        sys.path.remove(str(here))
    return getattr(api, name)


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Parse the subcommand; what follows it is its own."""
    listed = "\n".join(f"  {name:<10} {text}" for name, (_, text) in COMMANDS.items())
    parser = argparse.ArgumentParser(
        prog="spectrum",
        description="From a photo of a spectrum to its light source and its wavelengths.",
        epilog=f"commands:\n{listed}\n\n`spectrum COMMAND --help` lists the flags of each.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="store_true", help="print the version")
    parser.add_argument("command", nargs="?", metavar="COMMAND", help="see below")
    parser.add_argument("rest", nargs=argparse.REMAINDER, metavar="...", help="its flags")
    args = parser.parse_args(argv)
    if args.command is None and not args.version:
        parser.print_help()
        parser.exit(2)
    if args.command is not None and args.command not in COMMANDS:
        from lib.guesses import did_you_mean

        meant = did_you_mean(args.command, COMMANDS)
        parser.exit(
            2,
            f"spectrum: error: no command {args.command!r}{meant} "
            f"(commands: {', '.join(COMMANDS)})\n",
        )
    return args


def main(argv: list[str] | None = None) -> int:
    """Run the subcommand; return its exit code."""
    here = str(Path(__file__).resolve().parent)
    if here not in sys.path:
        sys.path.insert(0, here)
    args = parse_args(argv)
    if args.version:
        from lib.paths import version

        print(version())
        return 0
    # How the subcommand's help and errors call it.
    sys.argv[0] = f"spectrum {args.command}"
    module, _ = COMMANDS[args.command]
    return importlib.import_module(module).main(args.rest)


if __name__ == "__main__":
    sys.exit(main())
