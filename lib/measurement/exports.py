"""A measured spectrum as files that other programs open. To add a format: one entry in `FORMATS`.

Samples whose intensity is not known are left out, so that no file holds NaN.
"""

from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO, StringIO
from pathlib import Path

import numpy as np

from lib.errors import DataError
from lib.files import json_text, write_bytes
from lib.measurement.measuring import ABSORBANCE, CAMERA, TRANSMISSION, Spectrum
from lib.recognition.spectrum_files import SPECTRUM_COLUMNS

# What JCAMP-DX 4.24 calls an ordinate, section 5; of any other quantity arbitrary units.
_JCAMP_UNITS = {TRANSMISSION: "TRANSMITTANCE", ABSORBANCE: "ABSORBANCE"}
_JCAMP_ARBITRARY = "ARBITRARY UNITS"
# Full scale of SpectralWorkbench's channels.
_WORKBENCH_FULL = 255.0


@dataclass(frozen=True)
class Format:
    """A format of files.

    Attributes
    ----------
    suffix : str
    content : callable
        ``content(spectrum, facts)`` returns the file's bytes; facts are a dict of str to str.
    reader : str
        What opens it.
    """

    suffix: str
    content: Callable[[Spectrum, dict[str, str]], bytes]
    reader: str


def export(path: Path, spectrum: Spectrum, kind: str, facts: dict[str, str]) -> None:
    """Write a spectrum to a file in one of `FORMATS`."""
    known = spectrum.part(np.isfinite(spectrum.intensity))
    if not len(known.nm):
        raise DataError(f"{path}: nothing to write: the spectrum is known nowhere")
    write_bytes(path, FORMATS[kind].content(known, facts))


def _csv(spectrum: Spectrum, facts: dict[str, str]) -> bytes:
    rows = [",".join(SPECTRUM_COLUMNS)]
    for k in range(len(spectrum.nm)):
        light = ",".join(f"{value:.6g}" for value in spectrum.rgb[k])
        rows.append(
            f"{spectrum.nm[k]:.4f},{spectrum.intensity[k]:.6g},{spectrum.error_nm[k]:.4f},"
            f"{spectrum.noise[k]:.3g},{light},{int(spectrum.clipped[k].any())},{spectrum.px[k]:.2f}"
        )
    return ("\n".join(rows) + "\n").encode()


def _table(spectrum: Spectrum, facts: dict[str, str]):
    from astropy import units as u
    from astropy.table import QTable

    # specutils knows no flux without a unit: these are a camera's arbitrary digital units, whatever
    # the quantity, which the facts name.
    unit = u.adu
    # In the order of `SPECTRUM_COLUMNS`, by the names that specutils looks for.
    table = QTable(
        {
            "spectral_axis": spectrum.nm * u.nm,
            "flux": spectrum.intensity * unit,
            "wavelength_error": spectrum.error_nm * u.nm,
            "uncertainty": spectrum.noise * unit,
            **{name: spectrum.rgb[:, k] for k, name in enumerate("RGB")},
            "mask": spectrum.clipped.any(axis=1),
            "pixel": spectrum.px * u.pix,
        }
    )
    table.meta.update(facts)
    return table


def _ecsv(spectrum: Spectrum, facts: dict[str, str]) -> bytes:
    stream = StringIO()
    _table(spectrum, facts).write(stream, format="ascii.ecsv")
    return stream.getvalue().encode()


def _fits(spectrum: Spectrum, facts: dict[str, str]) -> bytes:
    table = _table(spectrum, {})
    # FITS knows keywords of eight letters and ASCII alone.
    table.meta.update({key[:8].upper(): _ascii(value) for key, value in facts.items()})
    stream = BytesIO()
    table.write(stream, format="fits")
    return stream.getvalue()


def _jcamp(spectrum: Spectrum, facts: dict[str, str]) -> bytes:
    labels = {
        "TITLE": spectrum.name,
        "JCAMP-DX": "4.24",
        "DATA TYPE": "UV/VIS SPECTRUM",
        "ORIGIN": facts.get("instrument", ""),
        "OWNER": "",
        "XUNITS": "NANOMETERS",
        "YUNITS": _JCAMP_UNITS.get(spectrum.quantity, _JCAMP_ARBITRARY),
        "XFACTOR": "1.0",
        "YFACTOR": "1.0",
        "FIRSTX": f"{spectrum.nm[0]:.4f}",
        "LASTX": f"{spectrum.nm[-1]:.4f}",
        "NPOINTS": str(len(spectrum.nm)),
        # A label of our own: arbitrary units do not tell which quantity it is.
        "$QUANTITY": spectrum.quantity,
    }
    lines = [f"##{label}={_ascii(value)}" for label, value in labels.items()]
    lines.append("##XYPOINTS=(XY..XY)")
    pairs = zip(spectrum.nm, spectrum.intensity, strict=True)
    lines += [f"{nm:.4f}, {value:.6g}" for nm, value in pairs]
    return ("\n".join([*lines, "##END="]) + "\n").encode("ascii")


def _workbench(spectrum: Spectrum, facts: dict[str, str]) -> bytes:
    """SpectralWorkbench's JSON: `data.lines`, each with a wavelength, r, g, b and their average."""
    if spectrum.quantity == CAMERA:
        rgb = spectrum.rgb * _WORKBENCH_FULL
    else:
        top = max(float(np.abs(spectrum.intensity).max()), 1e-12)
        rgb = (spectrum.intensity / top * _WORKBENCH_FULL)[:, None].repeat(3, axis=1)
    lines = [
        {
            "wavelength": round(float(nm), 4),
            **{name: round(float(value), 3) for name, value in zip("rgb", light, strict=True)},
            "average": round(float(light.mean()), 3),
        }
        for nm, light in zip(spectrum.nm, rgb, strict=True)
    ]
    saved = {"name": spectrum.name, "title": spectrum.name, **facts, "data": {"lines": lines}}
    return (json_text(saved, ensure_ascii=False) + "\n").encode()


def _ascii(text: str) -> str:
    return text.encode("ascii", "backslashreplace").decode().replace("\n", " ")


FORMATS = {
    "csv": Format(".csv", _csv, "spreadsheets, pandas"),
    "ecsv": Format(".ecsv", _ecsv, "astropy, specutils"),
    "fits": Format(".fits", _fits, "astropy, specutils"),
    "jcamp": Format(".jdx", _jcamp, "programs of spectroscopy"),
    "workbench": Format(".json", _workbench, "SpectralWorkbench"),
}
