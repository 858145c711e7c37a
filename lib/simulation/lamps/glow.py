"""Spectral power distributions of what glows without a gas discharge: LEDs, hot bodies, the sky."""

import functools

import numpy as np

from lib.lines import line_list
from lib.simulation.lamps.spectra import STEP_NM, WAVELENGTHS_NM, gaussian, planck, sigmoid_edge

# Peaks (nm) of LED dies on sale, after the data sheets of the usual AlGaN, InGaN and AlGaInP
# parts, and the spread of their binning.
_DIE_NM = (385, 395, 405, 420, 445, 455, 465, 475, 490, 500, 515, 525, 535, 565, 590, 600, 615, 625)
_DIE_NM += (635, 645, 660, 680, 700, 730)


def led_die(peak_nm: float, fwhm_nm: float, flux: float = 1.0) -> np.ndarray:
    """Return the SPD of a bare LED die: a peak with a shallower slope on the red side of InGaN.

    AlGaInP (above 560 nm) leans the other way. Widths: 12-20 nm violet and red, 25-40 nm green
    (Schubert, Light-Emitting Diodes, ch. 5).
    """
    lean = 1.25 if peak_nm < 560 else 0.8
    return gaussian(peak_nm, fwhm_nm / (1 + lean) * 2, fwhm_nm * lean / (1 + lean) * 2, flux)


def draw_die(rng: np.random.Generator, peak_nm: float) -> np.ndarray:
    """One bare die of a colour, as wide as those are."""
    return led_die(peak_nm, _die_fwhm(rng, peak_nm))


def _die_fwhm(rng: np.random.Generator, peak_nm: float) -> float:
    green = np.exp(-(((peak_nm - 530) / 45) ** 2))
    return rng.uniform(13, 24) + green * rng.uniform(8, 20)


def draw_white_led(rng: np.random.Generator) -> np.ndarray:
    """White LED: blue (or violet) die with YAG:Ce, and nitride or fluoride red in warm ones.

    Peak and width of the phosphors span the CIE LED-B1 to LED-V2 spectra (CIE 015:2018); KSF:Mn4+
    gives the sharp red comb of screens and high-gamut lamps.
    """
    violet_pumped = rng.random() < 0.06
    peak = rng.uniform(402, 418) if violet_pumped else rng.uniform(438, 467)
    blue = led_die(peak, rng.uniform(16, 30))
    phosphor = gaussian(rng.uniform(525, 580), rng.uniform(70, 110), rng.uniform(100, 160))
    spd = blue + phosphor * np.exp(rng.normal(1.0, 0.7))
    if violet_pumped:
        spd += gaussian(rng.uniform(450, 475), rng.uniform(35, 60), rng.uniform(50, 80), 1.5)
    red = rng.random()
    if red < 0.35:
        spd += gaussian(rng.uniform(605, 655), rng.uniform(60, 85), flux=rng.uniform(0.3, 3))
    elif red < 0.45:
        spd += _ksf() * rng.uniform(0.3, 2)
    return spd


@functools.cache
def _ksf() -> np.ndarray:
    """Return the SPD of K2SiF6:Mn4+ (peaks from Nguyen & Sohn, Chem. Mater. 2011), flux 1."""
    peaks = ((608.8, 0.07), (613.4, 0.18), (630.9, 0.5), (634.6, 0.14), (647.8, 0.11))
    return np.sum([gaussian(nm, 2.5, flux=flux) for nm, flux in peaks], axis=0, dtype=np.float32)


def draw_coloured_led(rng: np.random.Generator) -> np.ndarray:
    """One bare die of any colour; at times with the weak yellow of a neighbour."""
    peak = rng.choice(_DIE_NM) + rng.normal(0, 5)
    spd = draw_die(rng, peak)
    if rng.random() < 0.15:
        spd += gaussian(rng.uniform(540, 640), rng.uniform(60, 130), flux=rng.uniform(0.02, 0.3))
    return spd


def draw_phosphor_led(rng: np.random.Generator) -> np.ndarray:
    """Phosphor-converted coloured LED: amber, lime, pink or cyan, with what is left of the pump."""
    pump = led_die(rng.uniform(440, 462), rng.uniform(16, 26), rng.uniform(0, 0.35))
    return pump + gaussian(rng.uniform(500, 650), rng.uniform(50, 100), rng.uniform(60, 120))


def draw_rgb_led(rng: np.random.Generator) -> np.ndarray:
    """Red, green and blue (and perhaps amber or white) dies side by side, each dimmed freely."""
    peaks = [rng.uniform(450, 475), rng.uniform(513, 535), rng.uniform(615, 640)]
    if rng.random() < 0.15:
        peaks.append(rng.uniform(585, 600))
    weights = rng.dirichlet(np.full(len(peaks), 1.5)) + 0.02
    dies = [led_die(nm, _die_fwhm(rng, nm), flux) for nm, flux in zip(peaks, weights, strict=True)]
    spd = np.sum(dies, axis=0, dtype=np.float32)
    if rng.random() < 0.1:
        spd += draw_white_led(rng) * rng.uniform(0.05, 0.3)
    return spd


def draw_incandescent(rng: np.random.Generator) -> np.ndarray:
    """Candle-dim to halogen-bright filament: a black body of 1900-3300 K, with tungsten's blue.

    The emissivity of tungsten falls by about a quarter from 400 to 800 nm (de Vos 1954).
    """
    emissivity = (1 - 0.06 * (WAVELENGTHS_NM - 600) / 100).astype(np.float32)
    return planck(rng.uniform(1900, 3300)) * emissivity


@functools.cache
def _solar_absorption() -> tuple[np.ndarray, np.ndarray]:
    """Return optical depths of the sun's own lines and of the air's bands at air mass 1.5.

    Each array has shape (n_wavelengths,). A line of equivalent width W and width w gets the
    Gaussian depth that removes W; strong lines saturate as they do in the sky.
    """
    lines = line_list("fraunhofer")
    depths = np.zeros((2, len(WAVELENGTHS_NM)))
    telluric = np.array(["O2" in name or "H2O" in name for name in lines.names])
    for nm, width, fwhm, is_air in zip(
        lines.nm, lines.intensity, lines.fwhm_nm, telluric, strict=True
    ):
        depths[int(is_air)] += gaussian(nm, fwhm, flux=min(width, 2.2 * fwhm)) / STEP_NM
    return depths[0].astype(np.float32), depths[1].astype(np.float32)


def draw_daylight(rng: np.random.Generator) -> np.ndarray:
    """Sun, sky or moon through air: black body, Rayleigh colour, Fraunhofer and telluric lines."""
    own, air = _solar_absorption()
    # Mixes direct sun reddened by long paths (negative) and blue sky (positive).
    rayleigh = rng.uniform(-1.2, 3.0)
    spd = planck(5777) * ((550 / WAVELENGTHS_NM) ** rayleigh).astype(np.float32)
    spd *= np.exp(-own * rng.uniform(0.85, 1.15) - air * rng.uniform(0.5, 2.5))
    # Line blanketing by iron steepens the sun's fall below 420 nm.
    return spd * (0.55 + 0.45 * sigmoid_edge(rng.uniform(395, 425), 12))


def draw_star(rng: np.random.Generator) -> np.ndarray:
    """A star of type M to B: black body with Balmer lines, strongest in the white stars of type A.

    These are two in five: Vega and Sirius are what people point at first.
    """
    temperature = np.exp(np.interp(rng.random(), (0, 0.6, 1), np.log((3200, 8000, 14000))))
    own, air = _solar_absorption()
    spd = planck(temperature) * np.exp(-own * rng.uniform(0, 1.2) - air * rng.uniform(0.3, 1.5))
    widths_nm = np.interp(temperature, [5000, 9500, 14000], [0.1, 2.0, 1.0])
    balmer_width_nm = widths_nm * rng.uniform(0.6, 1.2)
    depth = rng.uniform(1.0, 1.8)
    for nm in (388.905, 397.007, 410.174, 434.047, 486.135, 656.279):
        spd *= np.exp(-gaussian(nm, balmer_width_nm * 2, flux=depth * balmer_width_nm) / STEP_NM)
    return spd
