"""A photo of anything, on an instrument's wavelengths: the spectrum that it shows."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from lib.errors import DataError
from lib.images.exposure import Exposure
from lib.measurement.frames import Frames, Light, flattened, light_along
from lib.measurement.noise import noise_along
from lib.measurement.response import corrected, light_on
from lib.recognition.axis.axis import OWN_LINES, WavelengthAxis
from lib.recognition.clipping import cut_peaks
from lib.recognition.find.choice import Choice
from lib.recognition.identified import Remark
from lib.recognition.instrument import Instrument, Place
from lib.recognition.name.classifier import Classifier
from lib.recognition.recognise import recognise
from lib.recognition.result import Result

CAMERA, POWER = "camera response", "relative power"
TRANSMISSION, ABSORBANCE = "transmission", "absorbance"


@dataclass(frozen=True)
class Spectrum:
    """A measured spectrum, by rising wavelength; arrays of shape (n,) unless said otherwise.

    Attributes
    ----------
    name : str
    nm, error_nm : float64 arrays
        Wavelength in air and its standard error.
    claimed : bool array
        Where that error holds, and, of relative power, the response.
    intensity, noise : float64 arrays
        In `quantity`; nan where it is not known.
    quantity : str
        "camera response" (linear light of full scale 1, mean of red, green and blue), "relative
        power" per nm, "transmission" or "absorbance".
    rgb, rgb_noise : float64 arrays of shape (n, 3)
        Linear light.
    clipped : bool array of shape (n, 3)
    px : float64 array
        Photo coordinate along the band.
    exposure : Exposure
    white_balance : str or None
        As the file states it.
    full_scale : float
        The sensor's, of the light's.
    remarks : tuple of Remark
        What is doubtful in these values.
    grain : float
        Samples along the band that share their noise; 1 where neighbours are independent.
    """

    name: str
    nm: np.ndarray
    error_nm: np.ndarray
    claimed: np.ndarray
    intensity: np.ndarray
    noise: np.ndarray
    quantity: str
    rgb: np.ndarray
    rgb_noise: np.ndarray
    clipped: np.ndarray
    px: np.ndarray
    exposure: Exposure = field(default_factory=Exposure)
    white_balance: str | None = None
    full_scale: float = 1.0
    remarks: tuple[Remark, ...] = ()
    grain: float = 1.0

    def part(self, keep: np.ndarray | slice) -> "Spectrum":
        """Return the samples of a mask of shape (n,), or of a slice."""
        values = {
            name: value[keep] if isinstance(value, np.ndarray) else value
            for name, value in vars(self).items()
        }
        return Spectrum(**values)


@dataclass(frozen=True)
class Measurement:
    """A spectrum, and how it came about.

    Attributes
    ----------
    spectrum : Spectrum
    result : Result
        What the photo, the mean of its frames, was recognised as.
    instrument : Instrument
        As it fits the photo: shifted, scaled, or the photo's own where the given one does not fit.
    frames : int
    left_out : tuple of str
    tone, tone_from, background : str
    """

    spectrum: Spectrum
    result: Result
    instrument: Instrument
    frames: int
    left_out: tuple[str, ...]
    tone: str
    tone_from: str
    background: str

    @property
    def by_instrument(self) -> bool:
        """Whether the wavelengths are the given instrument's, not the photo's own."""
        return self.instrument.axis.source != OWN_LINES


def measure(
    frames: Frames,
    instrument: Instrument,
    classifier: Classifier,
    *,
    dark: Frames | None = None,
    flat: Frames | None = None,
    name: str | None = None,
    band: Choice | None = None,
) -> Measurement:
    """Measure the light of a scene.

    Parameters
    ----------
    frames : Frames
        One or more of the same scene.
    instrument : Instrument
    classifier : Classifier
        To say what the light is, and where its lines lie.
    dark, flat : Frames, optional
    name : str, optional
        What the spectrum is called; default the first frame's name.
    band : int or tuple of int, optional
        Which of several spectra to measure, as `recognise` takes it.

    Raises
    ------
    DataError
        If neither the instrument nor the photo's own lines give wavelengths, or dark frames or
        flats do not fit.
    """
    result = recognise(frames.shown, classifier, instrument=instrument, band=band)
    if result.axis is None:
        advice = " ".join(result.advice)
        raise DataError(f"{frames.names[0]}: no wavelengths: {result.reason}. {advice}".strip())
    # Recognising has found the band, the instrument's or the photo's own.
    if result.axis.source == OWN_LINES:
        fitting = Instrument(result.axis, frames.size)
    else:
        fitting = replace(instrument.in_frame(*frames.size), axis=result.axis)
    place = Place(result.band.geometry, result.band.rows, fitting.towards_red)
    fitting = replace(fitting, place=place)
    light = light_on(frames, fitting, dark=dark)
    if flat is not None:
        if flat.size != frames.size:
            raise DataError(
                f"{flat.names[0]}: a flat of {flat.size[0]} x {flat.size[1]} px; "
                f"expected {frames.size[0]} x {frames.size[1]}"
            )
        geometry = fitting.whole_band(*frames.size)
        light = flattened(light, light_along(flat, geometry, fitting.place.rows))
    spectrum = spectrum_of(light, fitting.axis, name or frames.names[0])
    if fitting.response is not None:
        spectrum = in_power(spectrum, fitting)
    return Measurement(
        spectrum,
        result,
        fitting,
        light.frames,
        light.left_out,
        light.tone,
        light.tone_from,
        light.background,
    )


def spectrum_of(light: Light, axis: WavelengthAxis, name: str) -> Spectrum:
    """Return the light along a band as a spectrum on an axis."""
    nm = np.asarray(axis.nm_at(light.position))
    order = np.argsort(nm)
    rgb, across = light.rgb[order], light.noise[order]
    channels = zip(rgb.T, across.T, strict=True)
    spectrum = Spectrum(
        name=name,
        nm=nm[order],
        error_nm=axis.standard_error_nm(light.position)[order],
        claimed=axis.claims(light.position)[order],
        intensity=rgb.mean(axis=1),
        noise=np.sqrt((across**2).sum(axis=1)) / 3,
        quantity=CAMERA,
        rgb=rgb,
        rgb_noise=np.stack([noise_along(*channel)[0] for channel in channels], axis=1),
        clipped=light.clipped[order],
        px=light.position[order],
        exposure=light.exposures[0],
        white_balance=light.white_balance,
        full_scale=light.full_scale,
        remarks=light.remarks,
    )
    return by_its_scatter(spectrum)


def in_power(spectrum: Spectrum, instrument: Instrument) -> Spectrum:
    """Return a spectrum in relative power per nm, nan where the response is not known."""
    step = np.abs(np.gradient(spectrum.nm))[:, None]
    power, noise = corrected(
        spectrum.nm,
        spectrum.rgb / step,
        spectrum.rgb_noise / step,
        spectrum.clipped,
        instrument.response,
    )
    low, high = instrument.response.range_nm
    claimed = spectrum.claimed & (spectrum.nm >= low) & (spectrum.nm <= high)
    power = replace(spectrum, intensity=power, noise=noise, quantity=POWER, claimed=claimed)
    return by_its_scatter(power)


def by_its_scatter(spectrum: Spectrum) -> Spectrum:
    """Return a spectrum whose noise is what its intensity scatters by along itself."""
    noise, grain = noise_along(spectrum.intensity, spectrum.noise)
    return replace(spectrum, noise=noise, grain=grain)


def on_grid(spectrum: Spectrum, step_nm: float) -> Spectrum:
    """Return a spectrum at whole multiples of a step, its light kept.

    Each value is the mean over its bin, so that the sum times the step stays what it was; bins that
    hold anything unknown are unknown.
    """
    edges = np.empty(len(spectrum.nm) + 1)
    edges[1:-1] = (spectrum.nm[1:] + spectrum.nm[:-1]) / 2
    edges[0], edges[-1] = 2 * spectrum.nm[0] - edges[1], 2 * spectrum.nm[-1] - edges[-2]
    centres = (
        np.arange(np.ceil(edges[0] / step_nm + 0.5), np.floor(edges[-1] / step_nm - 0.5) + 1)
        * step_nm
    )
    if len(centres) < 2:
        raise DataError(f"a grid of {step_nm:g} nm: expected a step that fits into the spectrum")
    bins = np.append(centres - step_nm / 2, centres[-1] + step_nm / 2)
    width = np.diff(edges)

    def mean(values: np.ndarray) -> np.ndarray:
        known = np.isfinite(values)
        summed = np.concatenate([[0.0], np.cumsum(np.where(known, values, 0.0) * width)])
        held = np.concatenate([[0.0], np.cumsum(np.where(known, width, 0.0))])
        share = np.diff(np.interp(bins, edges, held)) / step_nm
        total = np.diff(np.interp(bins, edges, summed)) / step_nm
        return np.where(share > 1 - 1e-6, total, np.nan)

    def each(columns: np.ndarray) -> np.ndarray:
        return np.stack([mean(column) for column in columns.T], axis=1)

    # Errors of a mean fall with the root of the number of samples whose noise is their own.
    own = step_nm / np.interp(centres, spectrum.nm, width) / spectrum.grain
    fewer = 1 / np.sqrt(np.maximum(own, 1.0))
    return replace(
        spectrum,
        nm=centres,
        error_nm=np.interp(centres, spectrum.nm, spectrum.error_nm),
        claimed=np.interp(centres, spectrum.nm, spectrum.claimed) >= 1.0,
        intensity=mean(spectrum.intensity),
        noise=mean(spectrum.noise) * fewer,
        rgb=each(spectrum.rgb),
        rgb_noise=each(spectrum.rgb_noise) * fewer[:, None],
        clipped=each(spectrum.clipped.astype(float)) > 0,
        px=np.interp(centres, spectrum.nm, spectrum.px),
        grain=max(1 / float(np.median(own)), 1.0),
    )


def saturated_nm(spectrum: Spectrum) -> list[tuple[float, float]]:
    """Return the stretches of wavelengths in which a channel has clipped."""
    clipped = spectrum.clipped.any(axis=1)
    edges = np.flatnonzero(np.diff(clipped, prepend=False, append=False)).reshape(-1, 2)
    return [(float(spectrum.nm[first]), float(spectrum.nm[stop - 1])) for first, stop in edges]


def hidden_nm(spectrum: Spectrum) -> list[tuple[float, float]]:
    """Return the stretches of wavelengths where clipping hides how strong the light is.

    In light as the camera sees it, these are the peaks that are cut off. Relative power is still
    measured by channels that have not clipped; there, these are the places without such a channel.
    """
    if spectrum.quantity == POWER:
        unknown = np.isnan(spectrum.intensity)[:, None]
        return saturated_nm(replace(spectrum, clipped=spectrum.clipped & unknown))
    cut = cut_peaks(spectrum.rgb, spectrum.clipped.any(axis=1))
    return [(float(spectrum.nm[peak.first]), float(spectrum.nm[peak.last])) for peak in cut]


def names_of(paths: Sequence[Path]) -> str:
    """Return what the mean of several frames is called."""
    return paths[0].name if len(paths) == 1 else f"{paths[0].stem}-mean-of-{len(paths)}"
