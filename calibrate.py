"""Make an instrument from lamp photos: the wavelength of each pixel, with its error.

Reads:  photos of one or more lamps, taken with nothing moved in between, or known points, or both
Writes: an instrument file (docs/instrument.md), for measure.py and for identify.py --instrument,
        and on request pictures of what was seen

Examples:
    python calibrate.py neon.jpg --output instrument.json
    python calibrate.py neon.jpg mercury.jpg --dark dark.jpg --output instrument.json
    python calibrate.py lamp.jpg --plot plots
    python calibrate.py --points 31=388.9,616=632.8,1093=837.8 --output instrument.json
    python calibrate.py halogen.jpg --instrument instrument.json --kelvin 2856 --output lab.json
"""

import argparse
import logging
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import cli
from lib.errors import DataError
from lib.images.folders import photos_among
from lib.measurement.calibration import Calibrated, NoInstrument, calibrate
from lib.measurement.frames import Frames, dark_of, read_frames
from lib.measurement.lamp_lines import LampPhoto, look_at
from lib.measurement.points import read_points
from lib.measurement.response import Daylight, KnownLight, Planck, measure_response, read_reference
from lib.outputs import output_names, require_replaceable
from lib.recognition.identified import Remark, of_file
from lib.recognition.instrument import Instrument
from lib.recognition.instrument_file import load_instrument, quality_in_words, save_instrument
from lib.recognition.name.classifier import Classifier
from lib.recognition.name.told import source_of_lamp

log = logging.getLogger(__name__)


def parse_args(argv: list[str] | None) -> argparse.Namespace:
    """Parse the command line."""
    parser = cli.make_parser(__doc__, overwrite=True)
    parser.add_argument(
        "photos",
        nargs="*",
        type=cli.given_path,
        metavar="LAMP_PHOTO_OR_FOLDER",
        help="photos of lamps with lines, folders of them, or patterns such as lamps/*.jpg; photos "
        "of an incandescent lamp or daylight for the response",
    )
    parser.add_argument(
        "--output",
        type=cli.given_path,
        default=Path("instrument.json"),
        metavar="FILE",
        help="the instrument file (default: %(default)s)",
    )
    parser.add_argument(
        "--instrument",
        type=Path,
        metavar="FILE",
        help="take wavelengths from this instrument, add dark frames or response (default: none)",
    )
    parser.add_argument(
        "--lamp",
        action="append",
        metavar="NAME[+NAME]",
        help="the lamp, if you know it (default: recognise it): once for all photos, or once for "
        f"each (`auto` recognises one): {cli.lamps_in_help()}",
    )
    parser.add_argument(
        "--points",
        metavar="PX=NM,...",
        help="known wavelengths along the band, or a file of two columns (default: none)",
    )
    parser.add_argument(
        "--dark",
        nargs="+",
        type=cli.given_path,
        metavar="FILE",
        help="frames with the light covered, to keep what the camera shows then",
    )
    light = parser.add_mutually_exclusive_group()
    light.add_argument(
        "--kelvin",
        type=float,
        metavar="T",
        help="colour temperature of the incandescent lamp among the photos: gives the response",
    )
    light.add_argument(
        "--daylight",
        type=float,
        metavar="T",
        help="correlated colour temperature of daylight (CIE D series) among the photos",
    )
    light.add_argument(
        "--reference-light",
        type=Path,
        metavar="FILE",
        help="spectrum of the continuum among the photos: two columns, wavelength (nm, um or "
        "Angstrom, told apart by their range) and relative power",
    )
    parser.add_argument(
        "--plot",
        type=cli.given_path,
        metavar="DIR",
        help="draw each photo with its spectrum, over pixels where it gives no wavelengths",
    )
    cli.add_tone_flag(parser)
    cli.add_band_flag(parser)
    cli.add_model_flag(parser)
    args = parser.parse_args(argv)
    if not args.photos and not args.points and not (args.instrument and args.dark):
        parser.error("expected lamp photos, --points, or --instrument with --dark")
    if args.instrument and args.points:
        parser.error("--instrument and --points exclude each other")
    return args


def main(argv: list[str] | None = None) -> int:
    """Run the command."""
    args = parse_args(argv)
    return cli.run(lambda: make_instrument(args), verbose=args.verbose)


def make_instrument(args: argparse.Namespace) -> None:
    """Calibrate, say how well, and write the instrument."""
    if args.plot:
        cli.require("matplotlib")
    args.photos = photos_among(args.photos)[0] if args.photos else []
    points = Path(args.points) if args.points and "=" not in args.points else None
    inputs = (*args.photos, *(args.dark or ()), args.reference_light, points)
    plots = planned_plots(args)
    cli.refuse_to_replace([args.output, *plots], inputs)
    if args.output.exists() and not args.overwrite:
        raise DataError(f"{args.output}: exists already; expected --overwrite or another name")
    require_replaceable(plots, overwrite=args.overwrite)
    if args.lamp and len(args.lamp) not in (1, len(args.photos)):
        raise DataError(
            f"--lamp: given {len(args.lamp)} times; expected it once, or once for each of "
            f"{len(args.photos)} photos"
        )
    light = known_light(args)
    photos = look_at_all(args)
    drawn = draw_all(photos, plots)
    # What has no lines serves for the response, once the wavelengths are known.
    smooth = [photo for photo in photos if photo.result.source == "continuum"] if light else []
    lamps = [photo for photo in photos if photo not in smooth]
    if args.instrument:
        if lamps:
            raise DataError(
                f"{lamps[0].name}: a lamp with lines, and --instrument has its wavelengths already"
            )
        instrument = load_instrument(args.instrument)
    else:
        points = read_points(args.points) if args.points else ()
        if not lamps and not points:
            raise DataError(
                f"{smooth[0].name}: a light without lines; expected a lamp with lines beside it, "
                "--points, or --instrument"
            )
        try:
            calibrated = calibrate(lamps, points)
        except NoInstrument as error:
            raise DataError(f"{error} {flags_that_help(lamps, drawn)}".rstrip()) from error
        report(args.output, calibrated)
        instrument = calibrated.instrument
    if args.dark:
        dark, remarks = dark_of(dark_frames(args), instrument)
        warn(remarks)
        instrument = replace(instrument, dark=dark)
    if light:
        instrument = with_response(instrument, smooth, light, args)
    save_instrument(args.output, instrument)
    if args.instrument:
        cli.say(f"{args.output} is {quality_in_words(instrument)}")
    cli.print_next("measure.py", "PHOTO", "--instrument", args.output)


def planned_plots(args: argparse.Namespace) -> list[Path]:
    """Return where the picture of each photo goes, if pictures are asked for."""
    return [args.plot / f"{name}.png" for name in output_names(args.photos)] if args.plot else []


def draw_all(photos: Sequence[LampPhoto], plots: Sequence[Path]) -> list[Path]:
    """Draw each photo that shows a spectrum; return what was written."""
    drawn = []
    # `plots` is empty unless --plot is given.
    for photo, path in zip(photos, plots, strict=False):
        if photo.result.band is not None:
            from lib.recognition.answer_figure import draw_answer

            draw_answer(path, photo.image, photo.result, photo.name)
            drawn.append(path)
    return drawn


def flags_that_help(lamps: Sequence[LampPhoto], drawn: Sequence[Path]) -> str:
    """Return which flags may help photos that gave no wavelengths."""
    seen = [photo.result for photo in lamps if photo.result.band is not None]
    if not seen:
        return ""
    flags = [] if all(result.lamp_told for result in seen) else ["--lamp NAME if you know it"]
    look = f"pixels are in {' and '.join(map(str, drawn))}" if drawn else "--plot DIR shows pixels"
    flags.append(f"--points PX=NM,PX=NM if you know two lines or more ({look})")
    return f"Or give {', or '.join(flags)}."


def known_light(args: argparse.Namespace) -> KnownLight | None:
    """Return the light that the response is measured with, if any."""
    if args.kelvin is not None:
        return Planck(args.kelvin)
    if args.daylight is not None:
        return Daylight(args.daylight)
    if not args.reference_light:
        return None
    table = read_reference(args.reference_light)
    low, high = table.nm[[0, -1]]
    cli.say(f"{table.name}: wavelengths taken for {table.unit}, {low:.0f} to {high:.0f} nm")
    return table


def look_at_all(args: argparse.Namespace) -> list[LampPhoto]:
    """Recognise the lamp of each photo, unless it is told."""
    told = args.lamp or []
    told = told * len(args.photos) if len(told) == 1 else told or ["auto"] * len(args.photos)
    for lamp in told:
        if lamp != "auto":
            source_of_lamp(lamp)
    if not args.photos:
        return []
    classifier = Classifier(args.model)
    photos = [
        look_at(path, classifier, None if lamp == "auto" else lamp, name=name, band=args.band)
        for path, lamp, name in zip(args.photos, told, names_of(args.photos), strict=True)
    ]
    for photo in photos:
        # What is the very reason of a refusal is said with it.
        said = photo.result.reason or ""
        remarks = tuple(one for one in photo.result.remarks if one.text not in said)
        warn(of_file(photo.name, remarks))
    return photos


def names_of(paths: list[Path]) -> list[str]:
    """Return what photos are called: their names, their paths where two have one name."""
    alone = len({path.name for path in paths}) == len(paths)
    return [path.name if alone else path.as_posix() for path in paths]


def with_response(
    instrument: Instrument, smooth: list[LampPhoto], light: KnownLight, args: argparse.Namespace
) -> Instrument:
    """Return an instrument with the response that the photo of a known light gives."""
    if not smooth:
        raise DataError(
            "no photo of an incandescent lamp or daylight among those given; "
            "expected one for the response (or --lamp continuum, where it is not recognised)"
        )
    wanted = {photo.name for photo in smooth}
    named = zip(args.photos, names_of(args.photos), strict=True)
    paths = [path for path, name in named if name in wanted]
    frames = read_frames(paths, tone=cli.tone_of(args))
    dark = dark_frames(args) if args.dark else None
    response, remarks = measure_response(frames, instrument, light, dark=dark, band=args.band)
    warn(remarks)
    low, high = response.range_nm
    first = next(frames.pictures())
    cli.say(
        f"response: from {low:.0f} to {high:.0f} nm, by {response.reference}; "
        f"tone curve: {first.tone.name}, {first.tone_from}"
    )
    return replace(instrument, response=response)


def warn(remarks: Sequence[Remark]) -> None:
    """Log what is doubtful in frames; the words name them."""
    for remark in remarks:
        log.warning("%s", remark.text)


def dark_frames(args: argparse.Namespace) -> Frames:
    """Return the frames of --dark: all that its files hold."""
    return read_frames(args.dark, every=True, tone=cli.tone_of(args))


def report(output: Path, calibrated: Calibrated) -> None:
    """Print how good the instrument is, what each lamp gave, and what was left out."""
    doubts = [
        f"{name} lies {calibrated.left_out_nm[name]:.1f} nm off" for name in calibrated.doubtful
    ]
    words = f"{output} is {quality_in_words(calibrated.instrument)}"
    if doubts:
        words = (
            f"{output} is doubtful: {' and '.join(doubts)}; photograph the lamps again with "
            + (f"nothing moved, or leave one out; else {quality_in_words(calibrated.instrument)}")
        )
    cli.say(words)
    for lamp in calibrated.lamps:
        words = f"{lamp.name}: {len(lamp.px)} {lamp.lamp or 'known'} " + (
            "points" if not lamp.lamp else "lines"
        )
        if lamp.name in calibrated.left_out_nm:
            words += f", {calibrated.left_out_nm[lamp.name]:.2f} nm off the axis of the others"
        cli.say(words)
    for name, why in calibrated.left_out:
        log.warning("%s: left out: %s", name, why)
    for line in calibrated.outliers:
        log.warning("%s at %.1f px lies %.1f nm off the axis", line.name, line.px, line.residual_nm)


if __name__ == "__main__":
    sys.exit(main())
