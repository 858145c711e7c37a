"""Measure any light with an instrument that calibrate.py has made.

Reads:  photos, an instrument file, on request dark frames, a flat, a reference
Writes: a table on stdout (or JSON Lines), and on request spectra in several formats and a figure

Examples:
    python measure.py laser.jpg --instrument instrument.json
    python measure.py red.jpg blue.jpg --instrument instrument.json --export ecsv --plot leds.png
    python measure.py frame*.png --average --dark dark*.png --instrument instrument.json
    python measure.py stack.tif#2-6 --instrument instrument.json
    python measure.py tea.jpg --reference water.jpg --absorbance --instrument instrument.json
"""

import argparse
import logging
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import cli
from lib.errors import DataError
from lib.files import json_text
from lib.images.folders import photos_among
from lib.measurement.answers import answer_of, facts_of, features_of, remarks_of
from lib.measurement.batch import measure_scenes
from lib.measurement.exports import FORMATS, export
from lib.measurement.features import Feature
from lib.measurement.measured_table import MeasurementTable
from lib.measurement.measuring import (
    Measurement,
    Spectrum,
    names_of,
    on_grid,
)
from lib.measurement.samples import transmission
from lib.outputs import output_names, own_path, require_replaceable
from lib.recognition.advice import NOT_MEASURED
from lib.recognition.instrument import Instrument
from lib.recognition.instrument_file import load_instrument

log = logging.getLogger(__name__)

# Peaks of each spectrum that the figure names, and the table.
_NAMED_IN_FIGURE, _NAMED_IN_TABLE = 8, 4


def parse_args(argv: list[str] | None) -> argparse.Namespace:
    """Parse the command line."""
    parser = cli.make_parser(__doc__)
    parser.add_argument(
        "photos",
        nargs="+",
        type=cli.given_path,
        metavar="PHOTO_OR_FOLDER",
        help="what to measure: photos, folders of them, or patterns such as leds/*.jpg",
    )
    parser.add_argument(
        "--instrument",
        type=cli.given_path,
        required=True,
        metavar="FILE",
        help="made by calibrate.py, identify.py --save-calibration, or by hand",
    )
    parser.add_argument(
        "--average",
        action="store_true",
        help="all photos are frames of one scene: measure their mean, without outliers (default: "
        "each alone); a file counts with all its frames, or with those you name (stack.tif#1-6)",
    )
    parser.add_argument(
        "--dark", nargs="+", type=cli.given_path, metavar="FILE", help="frames without the light"
    )
    parser.add_argument(
        "--flat", nargs="+", type=cli.given_path, metavar="FILE", help="frames of an even light"
    )
    parser.add_argument(
        "--reference",
        nargs="+",
        type=cli.given_path,
        metavar="FILE",
        help="frames of the light without the sample, to measure the transmission",
    )
    parser.add_argument(
        "--absorbance", action="store_true", help="measure absorbance instead of transmission"
    )
    parser.add_argument(
        "--grid",
        type=float,
        metavar="NM",
        help="spectra at whole multiples of this step, light kept (default: one sample per pixel)",
    )
    parser.add_argument(
        "--json", action="store_true", help="JSON Lines on stdout (default: a table)"
    )
    parser.add_argument(
        "--export",
        nargs="+",
        choices=sorted(FORMATS),
        default=[],
        help="write spectra in these formats",
    )
    parser.add_argument(
        "--output",
        type=Path,
        default=Path("spectra"),
        metavar="DIR",
        help="where --export writes (default: %(default)s)",
    )
    parser.add_argument(
        "--plot", type=Path, metavar="FILE", help="draw all spectra into one figure (PNG, PDF, SVG)"
    )
    cli.add_tone_flag(parser)
    cli.add_band_flag(parser)
    cli.add_model_flag(parser)
    cli.add_overwrite_flag(parser)
    cli.add_workers_flags(parser)
    args = parser.parse_args(argv)
    if args.absorbance and not args.reference:
        parser.error("--absorbance needs --reference")
    if args.grid is not None and not args.grid > 0:
        parser.error(f"--grid: expected a step in nm, received {args.grid}")
    return args


def main(argv: list[str] | None = None) -> int:
    """Run the command."""
    args = parse_args(argv)
    return cli.run(lambda: measure_all(args), verbose=args.verbose)


def needed(args: argparse.Namespace) -> list[str]:
    """Return the packages that this command would miss only after its work."""
    astropy = ["astropy"] if {"ecsv", "fits"} & set(args.export) else []
    return ["colour", *astropy, *(["matplotlib"] if args.plot else [])]


def measure_all(args: argparse.Namespace) -> None:
    """Measure each photo, or their mean, in order, reporting each as it is done."""
    for package in needed(args):
        cli.require(package)
    instrument = load_instrument(args.instrument)
    args.photos, shown_names = photos_among(args.photos)
    inputs = (*args.photos, *(args.dark or ()), *(args.flat or ()), *(args.reference or ()))
    stems = output_names([Path(names_of(args.photos))] if args.average else args.photos)
    written = [place(stem, kind, args) for kind in args.export for stem in stems]
    cli.refuse_to_replace((args.plot, *written), (*inputs, args.instrument))
    require_replaceable((args.plot, *written), overwrite=args.overwrite)
    names = [names_of(args.photos)] if args.average else [path.as_posix() for path in args.photos]
    table = MeasurementTable(names, sys.stdout, names if args.average else shown_names)
    shown, failures = [], []
    for stem, (name, outcome) in zip(stems, outcomes(args, instrument), strict=True):
        try:
            if isinstance(outcome, DataError):
                raise outcome
            measurement, spectrum = outcome
            for kind in args.export:
                with own_path(place(stem, kind, args)) as path:
                    export(path, spectrum, kind, facts_of(measurement, spectrum))
        except DataError as error:
            failures.append(error)
            code = getattr(error, "code", NOT_MEASURED)
            row = {"photo": name, "status": "error", "reason": str(error), "reason_code": code}
        else:
            row = answer_of(measurement, spectrum).to_json() | {"photo": name}
            features = features_of(measurement, spectrum)
            shown.append((spectrum, [one for one in features if one.claimed]))
        if args.json:
            print(json_text(row), flush=True)
        # Of a single photo that cannot be measured the error says all.
        elif len(stems) > 1 or not failures:
            heading = [] if table.photos else [table.header()]
            line = table.row(row, _NAMED_IN_TABLE, verbose=args.verbose)
            print("\n".join([*heading, line]), flush=True)
    if args.plot and shown:
        draw(args.plot, shown)
    if not shown:
        others = f" (and {len(failures) - 1} more)" if len(failures) > 1 else ""
        raise DataError(f"{failures[0]}{others}")
    if not args.json:
        print_summary(table, args)
    elif failures:
        log.warning("%d of %d could not be measured", len(failures), len(failures) + len(shown))


def print_summary(table: MeasurementTable, args: argparse.Namespace) -> None:
    """Print what the remarks mean, once each, what was measured, and where it was written."""
    notes = table.notes() if not args.verbose else []
    if notes:
        print("", *notes, sep="\n")
    written = [str(args.output)] if args.export else []
    written += [str(args.plot)] if args.plot else []
    print()
    cli.say(table.summary() + (f"; wrote {' and '.join(written)}" if written else ""))


def place(stem: str, kind: str, args: argparse.Namespace) -> Path:
    """Return where a spectrum is written in one of the formats."""
    return args.output / f"{stem}{FORMATS[kind].suffix}"


def outcomes(
    args: argparse.Namespace, instrument: Instrument
) -> Iterator[tuple[str, tuple[Measurement, Spectrum] | DataError]]:
    """Yield the name of each scene with its measurement and spectrum, or why there is none."""
    options = {"dark": args.dark or (), "flat": args.flat or ()}
    options |= {"tone": cli.tone_of(args), "band": args.band}
    reference = None
    if args.reference:
        (light,) = measure_scenes([args.reference], instrument, args.model, every=True, **options)
        if isinstance(light, DataError):
            raise light
        reference = replace(light.spectrum, remarks=remarks_of(light, light.spectrum))
    scenes = [args.photos] if args.average else [[photo] for photo in args.photos]
    workers = cli.workers_of(args)
    done = measure_scenes(scenes, instrument, args.model, every=args.average, **options, **workers)
    for paths, measurement in zip(scenes, done, strict=True):
        name = paths[0].as_posix() if len(paths) == 1 else names_of(paths)
        if isinstance(measurement, DataError):
            yield name, measurement
            continue
        try:
            yield name, (measurement, wanted(measurement, reference, args))
        except DataError as error:
            yield name, error


def wanted(
    measurement: Measurement, reference: Spectrum | None, args: argparse.Namespace
) -> Spectrum:
    """Return the spectrum that was asked for: a transmission, on a grid."""
    for words in measurement.left_out:
        log.warning("left out: %s", words)
    spectrum = measurement.spectrum
    if reference is not None:
        spectrum = transmission(spectrum, reference, absorbance=args.absorbance)
    return on_grid(spectrum, args.grid) if args.grid else spectrum


def draw(path: Path, shown: list[tuple[Spectrum, list[Feature]]]) -> None:
    """Write the figure of all spectra."""
    import numpy as np

    from lib.plots.report import report_figure
    from lib.plots.training import save_figure

    peaks = []
    for spectrum, features in shown:
        curve = np.nan_to_num(spectrum.intensity)
        for peak in features[:_NAMED_IN_FIGURE]:
            peaks.append((peak.nm, float(np.interp(peak.nm, spectrum.nm, curve)), called(peak)))
    figure = report_figure(
        [(one.name, one.nm, one.intensity, one.noise) for one, _ in shown],
        quantity=shown[0][0].quantity,
        peaks=sorted(peaks, key=lambda peak: -peak[1]),
        unclaimed=[~one.claimed for one, _ in shown],
    )
    with own_path(path) as temporary:
        save_figure(figure, temporary)


def called(peak: Feature) -> str:
    """Return what a peak is called in the figure: "589.3 Na I", "525 (32 nm wide)"."""
    if peak.broad:
        return f"{peak.nm:.0f} ({peak.fwhm_nm:.0f} nm wide)"
    name = peak.emitters[0].name if peak.emitters and peak.emitters[0].probability > 0.5 else ""
    return f"{peak.nm:.1f} {name}".strip()


if __name__ == "__main__":
    sys.exit(main())
