"""What every command shares: its parser, its log on stderr, its exit codes."""

import argparse
import errno
import importlib
import importlib.util
import io
import logging
import os
import re
import shlex
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from lib.errors import DataError
from lib.extras import how_to_install
from lib.guesses import did_you_mean
from lib.paths import DEFAULT_MODEL, real_path, version
from lib.printable import printable

if TYPE_CHECKING:
    from lib.images.tone import Tone
    from lib.recognition.find.choice import Choice

log = logging.getLogger("cli")

BACKENDS = ("processes", "dask")
# As shells report a program that Ctrl-C has ended.
INTERRUPTED = 130

# TensorFlow reports a missing GPU as an error; what really fails comes as an exception.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")


def report_exception(kind, error, traceback) -> None:
    """Say in one line what is not installed, or that Ctrl-C was pressed; others as Python does.

    After an interrupt Python itself ends the process as Ctrl-C does.
    """
    if issubclass(kind, KeyboardInterrupt):
        print("error: interrupted", file=sys.stderr)
        return
    package = (getattr(error, "name", None) or "").partition(".")[0]
    here = Path(__file__).parent
    ours = (here / package).is_dir() or (here / f"{package}.py").is_file()
    if not isinstance(error, ModuleNotFoundError) or ours:
        sys.__excepthook__(kind, error, traceback)
        return
    print(f"error: {how_to_install(package)}", file=sys.stderr)


# Here and not in `run`: a command imports for a second before it runs. What takes long to import
# comes after this module.
sys.excepthook = report_exception


def require(package: str) -> None:
    """Raise ModuleNotFoundError for a package that a long command would miss only at its end."""
    if importlib.util.find_spec(package) is None:
        raise ModuleNotFoundError(f"No module named {package!r}", name=package)


class _Parser(argparse.ArgumentParser):
    """A parser whose errors are one line, which names what was probably meant.

    It refuses shared flags which need each other and stand alone.
    """

    def error(self, message: str) -> NoReturn:
        """Print one line to stderr and exit with code 2."""
        chosen = re.search(r"invalid choice: '([^']*)' \(choose from (.*)\)", message)
        unknown = re.search(r"unrecognized arguments: .*?(--[\w-]+)", message)
        if chosen:
            known = [word.strip(" '") for word in chosen[2].split(",")]
            message += did_you_mean(chosen[1], known)
        elif unknown:
            message += did_you_mean(unknown[1], self._option_string_actions)
        self.exit(2, f"{self.prog}: error: {message} (all flags: {self.prog} --help)\n")

    def parse_known_args(self, args=None, namespace=None):
        parsed, rest = super().parse_known_args(args, namespace)
        on_cluster = getattr(parsed, "backend", BACKENDS[0]) == "dask"
        if on_cluster != (getattr(parsed, "scheduler", None) is not None):
            self.error("--backend dask and --scheduler need each other")
        return parsed, rest


class _Version(argparse.Action):
    """Prints the version, which is looked up only then."""

    def __call__(self, parser, namespace, values, option_string=None):
        """Print it and exit."""
        print(version())
        parser.exit()


def make_parser(
    doc: str, *, seed: bool = False, overwrite: bool = False
) -> argparse.ArgumentParser:
    """Return a parser whose help is the command's module docstring, with the shared flags."""
    parser = _Parser(
        description=_as_called(doc), formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add_shared_flags(parser, seed=seed, overwrite=overwrite)
    return parser


def _as_called(doc: str) -> str:
    """Return a docstring whose examples call a script as the user did, who may have no script."""
    name = Path(sys.argv[0]).name
    return re.sub(r"python \w+\.py", name, doc) if name.startswith("spectrum ") else doc


def add_shared_flags(
    parser: argparse.ArgumentParser, *, seed: bool = False, overwrite: bool = False
) -> None:
    """Add -v, --version, and --seed and --overwrite where the command has them."""
    parser.add_argument(
        "-v",
        "--verbose",
        action="store_true",
        help="say more about each item: reasons with figures, what is skipped (default: off)",
    )
    parser.add_argument("--version", action=_Version, nargs=0, help="print the version and exit")
    if seed:
        parser.add_argument(
            "--seed",
            type=whole_number,
            default=0,
            help="seed of everything random (default: %(default)s)",
        )
    if overwrite:
        parser.add_argument(
            "--overwrite", action="store_true", help="replace existing output (default: refuse)"
        )


def add_overwrite_flag(parser: argparse.ArgumentParser) -> None:
    """Add --overwrite of a command that replaces what it made itself, by `lib.outputs`."""
    parser.add_argument(
        "--overwrite",
        action="store_true",
        help="also replace files that this program has not made (default: refuse)",
    )


def add_model_flag(parser: argparse.ArgumentParser, what: str = "frozen model") -> None:
    """Add --model, the folder of a frozen model."""
    parser.add_argument(
        "--model", type=Path, default=DEFAULT_MODEL, help=f"{what} (default: models/default)"
    )


def add_band_flag(parser: argparse.ArgumentParser) -> None:
    """Add --band."""
    parser.add_argument(
        "--band",
        type=band_choice,
        metavar="N|x0,y0,x1,y1",
        help="which of several spectra in a photo: its number in reading order, or a box around it "
        "in pixels (default: the best)",
    )


def band_choice(text: str) -> "Choice":
    """Parse the number of a spectrum, or a box around it."""
    from lib.recognition.find.choice import parse_choice

    try:
        return parse_choice(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def add_min_precision_flag(parser: argparse.ArgumentParser) -> None:
    """Add --min-precision."""
    parser.add_argument(
        "--min-precision",
        type=share,
        metavar="P",
        help="name fewer photos, so that this share of the names is right (default: the model's)",
    )


def add_workers_flags(parser: argparse.ArgumentParser) -> None:
    """Add --jobs, --backend and --scheduler: `workers_of` makes arguments of them."""
    add_jobs_flag(parser)
    parser.add_argument(
        "--backend",
        choices=BACKENDS,
        default=BACKENDS[0],
        help="processes of this machine, or a Dask cluster (default: %(default)s)",
    )
    parser.add_argument(
        "--scheduler",
        metavar="ADDRESS",
        help="the cluster's scheduler, tcp://HOST:PORT (default: none)",
    )


def workers_of(args: argparse.Namespace) -> dict[str, object]:
    """Return `jobs` and `cluster` as `lib.parallel.map_in_order` takes them."""
    return {"jobs": args.jobs, "cluster": args.scheduler}


def add_jobs_flag(parser: argparse.ArgumentParser) -> None:
    """Add --jobs."""
    parser.add_argument(
        "--jobs",
        type=positive_int,
        default=os.cpu_count() or 1,
        help="parallel processes (default: all %(default)s cores)",
    )


def add_tone_flag(parser: argparse.ArgumentParser) -> None:
    """Add --tone, which is read by `tone_of`."""
    parser.add_argument(
        "--tone",
        metavar="CURVE",
        help="tone curve of all files: linear, srgb, or an exponent such as 2.2 (default: what "
        "they state, otherwise sRGB for 8 bits and linear for 16)",
    )


def lamps_in_help() -> str:
    """Return the names that --lamp takes, common names and symbols of elements among them."""
    from lib.recognition.axis.line_lists import common_names, known_lamps

    short = ", ".join(f"{name} ({lamp})" for name, lamp in common_names().items())
    return f"{', '.join(known_lamps())}; common names: {short}"


def tone_of(args: argparse.Namespace) -> "Tone | None":
    """Return the tone curve that --tone tells.

    Raises
    ------
    DataError
        If there is no such curve.
    """
    from lib.images.tone import told

    return None if args.tone is None else told(args.tone)


def whole_number(text: str, least: int = 0) -> int:
    """Parse a whole number of at least `least`."""
    value = int(text)
    if value < least:
        raise argparse.ArgumentTypeError(
            f"expected a whole number of at least {least}, received {text}"
        )
    return value


def positive_int(text: str) -> int:
    """Parse a whole number of at least 1."""
    return whole_number(text, 1)


def share(text: str) -> float:
    """Parse a number above 0 and at most 1."""
    value = float(text)
    if not 0 < value <= 1:
        raise argparse.ArgumentTypeError(f"expected a share in (0, 1], received {text}")
    return value


def run(command: Callable[[], object], *, verbose: bool = False) -> int:
    """Run `command`; return exit code 0, or 1 with one `error: ...` line on stderr."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_OneLine("%(levelname)s: %(message)s"))
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    # Not the notes of other libraries, which say which instructions of the processor they use.
    for ours in ("cli", "lib"):
        logging.getLogger(ours).setLevel(logging.INFO if verbose else logging.WARNING)
    # File names may hold bytes that are no UTF-8.
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        command()
        sys.stdout.flush()
    except DataError as error:
        print(f"error: {printable(from_here(str(error)))}", file=sys.stderr)
        return 1
    except BrokenPipeError:
        # Whoever read the answers, `head` perhaps, has read enough.
        _discard_output()
        return 1
    except OSError as error:
        if error.filename is not None:
            # A name that is too long, a disk that is gone: what the system says of a place.
            log.info("where it happened:", exc_info=True)
            place, why = os.fsdecode(error.filename), error.strerror or error
            print(f"error: {printable(f'{place}: {why}')}", file=sys.stderr)
            return 1
        if error.errno != errno.ENOSPC:
            raise
        _discard_output()
        print("error: standard output: no space left on the disk", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("error: interrupted", file=sys.stderr)
        return INTERRUPTED
    return 0


def say(text: str) -> None:
    """Print a line that names files; names may hold what a terminal would obey."""
    print(printable(from_here(text)))


def from_here(text: str) -> str:
    """Return a text whose paths below the current folder are written from there."""
    here = Path.cwd()
    if here.parent == here:
        return text
    return re.sub(rf"(?<![\w/\\.-]){re.escape(f'{here}{os.sep}')}", "", text)


class _OneLine(logging.Formatter):
    """Keeps a message in its line: it may quote the name of a file."""

    def formatMessage(self, record: logging.LogRecord) -> str:
        record.message = printable(from_here(record.message))
        return super().formatMessage(record)


class Stopped(Exception):
    """Stops a notebook; its one line is all that the reader needs."""

    def _render_traceback_(self) -> list[str]:
        # IPython shows this in place of the traceback.
        return [f"{type(self).__name__}: {self}"]


def stage(script: str, *words: object) -> None:
    """Run a script with the words of its command line, in this process, for notebooks.

    Raises
    ------
    Stopped
        If its exit code is not 0, as a notebook goes on after anything but an exception.
    """
    called = sys.argv[0]
    sys.argv[0] = script
    try:
        code = importlib.import_module(script.removesuffix(".py")).main([*map(str, words)])
    except SystemExit as end:
        code = end.code
    finally:
        sys.argv[0] = called
    if code:
        raise Stopped(f"{script} ended with exit code {code}; the reason stands above")


def _discard_output() -> None:
    """Send what Python still holds for stdout to nowhere: it would fail again at the exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def print_next(script: str, *words: object) -> None:
    """Print the command that goes on with what this one has made, as this one was called."""
    here = Path.cwd()
    paths = [word for word in words if isinstance(word, Path) and word.is_relative_to(here)]
    words = [word.relative_to(here) if word in paths else word for word in words]
    say(f"next: {command_line(script, *words)}")


def command_line(script: str, *words: object) -> str:
    """Return the command line of another command, in the form in which this one was called."""
    called = ["spectrum", script.removesuffix(".py")]
    if not sys.argv[0].startswith("spectrum "):
        beside = Path(sys.argv[0]).with_name(script)
        called = ["python", str(beside) if beside.is_file() else script]
    return shlex.join([*called, *map(str, words)])


def unless_default(flag: str, value: Path, default: Path) -> tuple[object, ...]:
    """Return a flag with its value, or nothing where the value is the default."""
    return () if real_path(value) == real_path(default) else (flag, value)


def require_made(path: Path, script: str, *words: object) -> None:
    """Refuse to begin without what another stage makes, and name that stage.

    Called before TensorFlow is imported, which takes seconds.

    Raises
    ------
    DataError
        If `path` is not there.
    """
    if not Path(path).exists():
        raise DataError(
            f"{path}: no such file or folder; run this first: {command_line(script, *words)}"
        )


def refuse_to_replace(outputs: Iterable[Path | None], inputs: Iterable[Path | None]) -> None:
    """Raise DataError if an output would replace something that is read."""
    # OpenCV comes with it: not before Ctrl-C is answered in one line.
    from lib.images.frames_named import file_of

    read = {real_path(file_of(path)) for path in inputs if path}
    for path in outputs:
        if path and real_path(path) in read:
            raise DataError(f"{path}: would replace a file that is read; expected another place")


def given_path(text: str) -> Path:
    """Parse a path; an empty one, as of a shell variable that is not set, is refused."""
    if not text:
        raise argparse.ArgumentTypeError("expected a path, received nothing")
    return Path(text)


def existing_path(text: str) -> Path:
    """Parse the path of a file or folder that must exist."""
    if not os.path.exists(text):  # noqa: PTH110 - of any text, also of one too long for a name
        raise argparse.ArgumentTypeError(f"{text}: no such file or folder")
    return Path(text)
