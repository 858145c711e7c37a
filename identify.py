"""Name the light source of spectrum photos and give their pixels wavelengths.

Reads:  photos (or folders of photos) and a frozen model
Writes: a table on stdout (or JSON Lines), and on request a CSV, plots, spectra, a calibration

Examples:
    python identify.py lamp.jpg --plot plots
    python identify.py lamp.jpg --save-calibration instrument.json
    python identify.py unknown.jpg --instrument instrument.json --spectra spectra
"""

import argparse
import logging
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import cli
from lib.errors import DataError
from lib.files import json_text, write_csv
from lib.images.folders import photos_among
from lib.images.png import write_png
from lib.images.reading import read_image
from lib.outputs import is_own, output_names, own_path, require_replaceable
from lib.recognition.answer_table import AnswerTable
from lib.recognition.batch import recognise_files
from lib.recognition.instrument_file import load_instrument, save_instrument
from lib.recognition.name.told import source_of_lamp
from lib.recognition.result import Result
from lib.recognition.spectrum_files import (
    write_spectrum_csv,
    write_spectrum_pysa,
    write_spectrum_text,
)

if TYPE_CHECKING:
    import numpy as np

log = logging.getLogger(__name__)

# The contact sheet of --plot, beside the photos' own pictures.
_OVERVIEW = "overview"
# Ends the name of what PySA reads, beside the other files of --spectra.
_PYSA = "_pysa"

CSV_COLUMNS = (
    "photo",
    "status",
    "source",
    "probability",
    "x0",
    "y0",
    "x1",
    "y1",
    "axis",
    "blue_end",
    "angle_deg",
    "saturated",
    "first_nm",
    "last_nm",
    "rms_nm",
    "uncertainty_nm",
    "claimed_from_nm",
    "claimed_to_nm",
    "reason",
    "certainty",
    "threshold",
    "remarks",
    "reason_code",
)


def parse_args(argv: list[str] | None) -> argparse.Namespace:
    """Parse the command line."""
    parser = cli.make_parser(__doc__)
    parser.add_argument(
        "photos",
        nargs="+",
        type=cli.given_path,
        metavar="PHOTO_OR_FOLDER",
        help="photos, or folders of them",
    )
    cli.add_model_flag(parser)
    parser.add_argument(
        "--json", action="store_true", help="JSON Lines on stdout (default: a table)"
    )
    parser.add_argument("--csv", type=Path, metavar="FILE", help="write one row per photo")
    parser.add_argument(
        "--plot", type=Path, metavar="DIR", help="write one picture per photo, and an overview"
    )
    parser.add_argument(
        "--spectra",
        type=Path,
        metavar="DIR",
        help="write the spectrum of each photo as text (over pixels if it has no wavelengths)",
    )
    parser.add_argument(
        "--lamp",
        metavar="NAME[+NAME]",
        help=f"the light source, if you know it (default: recognise it): {cli.lamps_in_help()}",
    )
    cli.add_band_flag(parser)
    cli.add_min_precision_flag(parser)
    parser.add_argument(
        "--save-calibration",
        type=Path,
        metavar="FILE",
        help="save the wavelengths of this lamp photo as an instrument",
    )
    parser.add_argument(
        "--instrument",
        "--calibration",
        dest="calibration",
        type=Path,
        metavar="FILE",
        help="use the wavelengths of an instrument",
    )
    cli.add_overwrite_flag(parser)
    cli.add_workers_flags(parser)
    args = parser.parse_args(argv)
    if args.save_calibration and args.calibration:
        parser.error("--save-calibration and --instrument exclude each other")
    return args


def main(argv: list[str] | None = None) -> int:
    """Run the command."""
    args = parse_args(argv)
    return cli.run(lambda: identify(args), verbose=args.verbose)


def identify(args: argparse.Namespace) -> None:
    """Identify every photo in input order, reporting each as it is done."""
    if args.plot:
        cli.require("matplotlib")
    if args.save_calibration:
        cli.require("scipy")
    if args.lamp is not None:
        source_of_lamp(args.lamp)
    photos, shown = photos_among(args.photos)
    if args.save_calibration and len(photos) != 1:
        raise DataError(f"--save-calibration: expected one lamp photo, received {len(photos)}")
    names = output_names(photos, taken=[_OVERVIEW], endings=("", _PYSA))
    outputs = planned(names, args)
    cli.refuse_to_replace(outputs, (*photos, args.calibration))
    require_replaceable(outputs, overwrite=args.overwrite)
    rows, failures, tiles = [], [], []
    table = AnswerTable([photo.as_posix() for photo in photos], sys.stdout, shown)
    for name, (photo, result) in zip(names, results(photos, args), strict=True):
        try:
            tiles += write_outputs(name, photo, result, args)
        except DataError as error:
            result = replace(
                result, status="error", source=None, reason=str(error), reason_code=None
            )
        row = result.to_json(photo.as_posix())
        if result.status == "error":
            failures.append(result.reason)
        if args.json:
            print(json_text(row), flush=True)
        # Of a single photo that cannot be read the error says all.
        elif len(photos) > 1 or not failures:
            heading = [] if rows else [table.header()]
            print("\n".join([*heading, table.row(row, verbose=args.verbose)]), flush=True)
        rows.append(csv_row(row, result))
    if args.csv:
        with own_path(args.csv) as path:
            write_csv(path, CSV_COLUMNS, rows)
    if tiles:
        from lib.plots.sheets import arrange

        with own_path(args.plot / f"{_OVERVIEW}.png") as path:
            write_png(path, arrange(tiles))
    if args.save_calibration:
        keep_calibration(args.save_calibration, photos[0], result)
    if len(failures) == len(photos):
        others = f" (and {len(failures) - 1} more)" if len(failures) > 1 else ""
        raise DataError(f"{failures[0]}{others}")
    if not args.json:
        print_summary(table, args)
    elif failures:
        log.warning("%d of %d photos could not be read", len(failures), len(photos))


def print_summary(table: AnswerTable, args: argparse.Namespace) -> None:
    """Print what the notes mean, once each, and how many photos were named."""
    notes = table.notes() if not args.verbose else []
    if notes:
        print("", *notes, sep="\n")
    look = f"; look at {args.plot / _OVERVIEW}.png" if args.plot else ""
    if table.photos > 1 or look:
        print()
        cli.say(f"{table.summary()}{look}")


def planned(names: Sequence[str], args: argparse.Namespace) -> list[Path]:
    """Return the files that this command may write, for photos whose outputs have these names."""
    outputs = [path for path in (args.csv, args.save_calibration) if path]
    if args.plot:
        outputs += [args.plot / f"{name}.png" for name in (*names, _OVERVIEW)]
    if args.spectra:
        endings = (".csv", ".txt", f"{_PYSA}.csv")
        outputs += [args.spectra / f"{name}{end}" for name in names for end in endings]
    return outputs


def results(photos: list[Path], args: argparse.Namespace) -> Iterator[tuple[Path, Result]]:
    """Yield each photo with its result in input order, from several processes where it pays."""
    options = {"lamp": args.lamp, "min_precision": args.min_precision, "band": args.band}
    if args.calibration:
        options["instrument"] = load_instrument(args.calibration)
    done = recognise_files(photos, args.model, **cli.workers_of(args), **options)
    yield from zip(photos, done, strict=True)


def csv_row(row: dict, result: Result) -> dict[str, object]:
    """Return the columns of `CSV_COLUMNS` of one answer."""
    # Of one name the photo's own counts, then the band's: an axis of wavelengths has a source, too.
    flat = {**(row["wavelength"] or {}), "axis": None, **(row["band"] or {}), **row}
    flat["remarks"] = "; ".join(remark["text"] for remark in row["remarks"])
    if result.axis is not None:
        ends = result.axis.nm_at(result.profile.position[[0, -1]])
        flat["first_nm"], flat["last_nm"] = (round(float(nm), 3) for nm in sorted(ends))
        flat["claimed_from_nm"], flat["claimed_to_nm"] = row["wavelength"]["range_nm"]
    return {name: flat.get(name) for name in CSV_COLUMNS}


def write_outputs(
    name: str, photo: Path, result: Result, args: argparse.Namespace
) -> "list[np.ndarray]":
    """Write the spectrum and the picture of one photo, if asked for; return tiles to show it."""
    if args.spectra and result.band is not None:
        write_spectra(args.spectra, name, photo, result)
    return [draw(args.plot, name, photo, result)] if args.plot else []


def write_spectra(folder: Path, name: str, photo: Path, result: Result) -> None:
    """Write the spectrum as CSV, as two-column text and as PySA reads it, or over pixels."""
    pysa = folder / f"{name}{_PYSA}.csv"
    with own_path(folder / f"{name}.csv") as path:
        write_spectrum_csv(path, result.profile, result.axis)
    with own_path(folder / f"{name}.txt") as path:
        write_spectrum_text(path, result.profile, result.axis)
    if result.axis is not None:
        with own_path(pysa) as path:
            write_spectrum_pysa(path, result.profile, result.axis)
        return
    log.warning("%s: without a wavelength axis its spectrum is written over pixels", photo)
    # PySA takes the first column for nm, whatever it is: what an earlier run wrote is gone.
    if is_own(pysa):
        pysa.unlink()


def draw(folder: Path, name: str, photo: Path, result: Result) -> "np.ndarray":
    """Write the figure of one photo's spectrum, if it has one; return its tile for the overview."""
    from lib.recognition.answer_figure import draw_answer, tile_of

    image = None if result.status == "error" else read_image(photo)
    if result.band is not None:
        draw_answer(folder / f"{name}.png", image, result, photo.name)
    return tile_of(image, result, photo.name)


def keep_calibration(path: Path, photo: Path, result: Result) -> None:
    """Write the calibration of the one lamp photo."""
    from lib.measurement.calibration import calibrate
    from lib.measurement.lamp_lines import LampPhoto

    lamp = LampPhoto(photo.name, read_image(photo), result)
    instrument = calibrate([lamp]).instrument
    with own_path(path) as temporary:
        save_instrument(temporary, instrument)


if __name__ == "__main__":
    sys.exit(main())
