"""Spectral power distributions of gas discharge lamps: each function draws one lamp of its kind."""

import numpy as np

from lib.lines import line_list
from lib.simulation.lamps.spectra import (
    N_WAVELENGTHS,
    WAVELENGTHS_NM,
    deposit,
    emission,
    gaussian,
    lorentzian,
    planck,
    smooth_curve,
    varied_emission,
    vary,
)


def draw_mercury(rng: np.random.Generator) -> np.ndarray:
    """Mercury vapour lamp without phosphor: low pressure, or high with wide lines and continuum."""
    lines = line_list("mercury")
    intensity = vary(rng, lines.nm, lines.intensity, 0.3, 0.15)
    yellow = np.abs(lines.nm - 578) < 3
    high_pressure = rng.random() < 0.3
    intensity[yellow] *= rng.uniform(2, 6) if high_pressure else rng.uniform(0.8, 2.5)
    # Window glass, and most camera lenses, stop the 365 nm triplet to some degree.
    intensity[lines.nm < 370] *= rng.random() ** 2
    spd = emission("mercury", intensity)
    if high_pressure:
        width = rng.uniform(0.3, 3)
        for nm, flux in zip(lines.nm, intensity, strict=True):
            if flux > 5:
                spd += lorentzian(nm, width, 0.5 * flux)
        spd += planck(6000) * rng.uniform(0, 0.06)
    return spd + _starter_gas(rng)


def _starter_gas(rng: np.random.Generator) -> np.ndarray:
    """Return the light of a mercury lamp's argon, none in most lamps that are warm.

    It is brightest beyond 690 nm, where cameras without infrared filter see it outshine mercury.
    """
    if rng.random() < 0.6:
        return np.zeros(N_WAVELENGTHS, np.float32)
    return varied_emission(rng, "argon") * np.float32(np.exp(rng.uniform(np.log(0.005), 0)))


def draw_triphosphor(rng: np.random.Generator) -> np.ndarray:
    """Compact, tubular or cold-cathode fluorescent lamp with narrow-band phosphors.

    Mercury lines; blue BAM:Eu2+ (450 nm) or SCAP:Eu2+ (447 nm); green LAP or CAT with Tb3+; red
    YOX:Eu3+; their shares set the colour temperature. In its first minute a cold lamp glows with
    its argon filling.
    """
    lines = line_list("cfl")
    intensity = vary(rng, lines.nm, lines.intensity, 0.2, 0.1)
    names = np.array(lines.names)
    for emitter, spread in (("Hg I", 0.4), ("Tb3+", 0.45), ("Eu3+", 0.45)):
        intensity[names == emitter] *= np.exp(spread * rng.standard_normal())
    intensity[names == "Ar I"] *= rng.choice([0, 1, 12, 40], p=[0.35, 0.35, 0.2, 0.1])
    spd = emission("cfl", intensity)
    blue = 130 * np.exp(rng.normal(0, 0.8))
    spd += gaussian(rng.uniform(445, 456), rng.uniform(38, 48), rng.uniform(50, 65), blue)
    if rng.random() < 0.2:
        # Deep-red or blue-green extra phosphor of full-spectrum lamps (manganese or strontium), or
        # the green one of backlights (BAM:Eu2+,Mn2+, 515 nm).
        spd += gaussian(*_pick(rng, ((490, 65), (515, 32), (650, 65))), flux=rng.uniform(20, 250))
    return spd * smooth_curve(rng, 5, 0.1)


def _pick(
    rng: np.random.Generator, phosphors: tuple[tuple[float, float], ...]
) -> tuple[float, float]:
    """Return centre and width in nm of one of the extra phosphors."""
    centre, width = phosphors[rng.integers(len(phosphors))]
    return centre + rng.uniform(-8, 8), width * rng.uniform(0.65, 1.35)


def draw_halophosphate(rng: np.random.Generator) -> np.ndarray:
    """Old fluorescent tube: mercury lines on the broad bands of calcium halophosphate.

    Sb3+ near 480 nm and Mn2+ near 575-600 nm; shapes after CIE FL1-FL6, or a broad-band deluxe
    lamp (FL7-FL9) with a third band in the red.
    """
    lines = line_list("mercury")
    spd = emission("mercury", vary(rng, lines.nm, lines.intensity, 0.25, 0.15))
    spd *= np.exp(rng.normal(0, 0.5))
    manganese = 900 * np.exp(rng.normal(0, 0.5))
    antimony = manganese * np.exp(rng.normal(-0.5, 0.6))
    spd += gaussian(rng.uniform(474, 490), rng.uniform(95, 125), rng.uniform(130, 160), antimony)
    spd += gaussian(rng.uniform(572, 605), rng.uniform(65, 85), rng.uniform(75, 95), manganese)
    if rng.random() < 0.3:
        red = manganese * rng.uniform(0.2, 0.9)
        spd += gaussian(rng.uniform(625, 660), rng.uniform(70, 110), flux=red)
    return spd + _starter_gas(rng)


def draw_neon(rng: np.random.Generator) -> np.ndarray:
    """Neon glow lamp or sign; the weaker lines gain on the strong ones as the current rises."""
    lines = line_list("neon")
    current = rng.uniform(0.85, 1.3)
    intensity = vary(rng, lines.nm, lines.intensity**current, 0.35, 0.15)
    intensity[lines.nm > 720] *= np.exp(rng.normal(0, 0.7))
    spd = emission("neon", intensity)
    contaminant = rng.random()
    if contaminant < 0.08:
        spd += varied_emission(rng, "mercury") * rng.uniform(0, 0.06)
    elif contaminant < 0.16:
        spd += varied_emission(rng, "argon") * rng.uniform(0, 0.05)
    return spd + _glow(rng, spd, 0.08)


def draw_helium(rng: np.random.Generator) -> np.ndarray:
    """Helium spectrum tube, in old ones with hydrogen and carbon monoxide from the walls."""
    spd = varied_emission(rng, "helium", 0.35, 0.25)
    if rng.random() < 0.2:
        spd += varied_emission(rng, "hydrogen") * rng.uniform(0, 0.1)
    if rng.random() < 0.15:
        spd += varied_emission(rng, "carbon_dioxide") * rng.uniform(0, 0.15)
    return spd + _glow(rng, spd, 0.05)


def draw_hydrogen(rng: np.random.Generator) -> np.ndarray:
    """Hydrogen spectrum tube: Balmer lines and, by purity and pressure, the molecule's many lines.

    H2 has hundreds of lines between 430 and 650 nm that no small spectrometer resolves (Dieke's
    tables); a random comb stands for them beside the Fulcher Q branches. A third of the tubes show
    the Balmer lines alone, as those of teaching labs do.
    """
    lines = line_list("hydrogen")
    intensity = vary(rng, lines.nm, lines.intensity, 0.3, 0.3)
    molecular = np.exp(rng.normal(-1.6, 1.2)) * (rng.random() > 0.35)
    intensity[np.array(lines.names) != "H I"] *= molecular
    spd = emission("hydrogen", intensity)
    comb_nm = np.concatenate([rng.normal(590, 40, 90), rng.uniform(430, 650, 90)])
    spd += deposit(comb_nm, molecular * rng.exponential(0.35, comb_nm.size))
    if rng.random() < 0.1:
        spd += varied_emission(rng, "mercury") * rng.uniform(0, 0.05)
    return spd + _glow(rng, spd, 0.05)


def draw_nitrogen(rng: np.random.Generator) -> np.ndarray:
    """Nitrogen spectrum tube: first positive (red), second positive (violet) and N2+ bands.

    Within a system the bands follow the population of the upper vibrational levels; the systems
    vary freely against each other with pressure and current.
    """
    lines = line_list("nitrogen")
    intensity = vary(rng, lines.nm, lines.intensity, 0.15, 0.1)
    names = np.array(lines.names)
    for system, spread in (("N2 1+", 0.4), ("N2 2+", 0.8), ("N2+ 1-", 1.0)):
        members = np.char.startswith(names, system)
        intensity[members] *= np.exp(spread * rng.standard_normal())
    spd = emission("nitrogen", intensity)
    if rng.random() < 0.15:
        spd += varied_emission(rng, "hydrogen") * rng.uniform(0, 0.1)
    if rng.random() < 0.1:
        spd += varied_emission(rng, "argon") * rng.uniform(0, 0.02)
    return spd + _glow(rng, spd, 0.1)


def _glow(rng: np.random.Generator, spd: np.ndarray, largest_share: float) -> np.ndarray:
    """Return a faint continuum holding up to `largest_share` of the light of `spd`.

    Recombination, molecular bands of impurities and room light leave one in every real tube.
    """
    shape = planck(rng.uniform(2500, 9000)) * smooth_curve(rng, 4, 0.4)
    return shape * (spd.sum() / shape.sum() * largest_share * rng.random() ** 2)


def draw_sodium_low(rng: np.random.Generator) -> np.ndarray:
    """Low-pressure sodium lamp; its neon starter gas shows until the sodium is warm."""
    spd = varied_emission(rng, "sodium", 0.3, 0.1)
    if rng.random() < 0.35:
        spd += varied_emission(rng, "neon") * rng.uniform(0, 0.12)
    return spd + _glow(rng, spd, 0.05)


def draw_sodium_high(rng: np.random.Generator) -> np.ndarray:
    """High-pressure sodium lamp: D lines far broadened and self-reversed, with mercury lines.

    After the CIE HP1 and HP2 spectra and de Groot & van Vliet, The High-Pressure Sodium Lamp
    (1986).
    """
    width = rng.uniform(8, 35)
    wings = lorentzian(589.3, width, 100) + gaussian(600, 40, 90, rng.uniform(10, 60))
    reversal = 1 - rng.uniform(0.85, 1) * np.exp(
        -0.5 * ((WAVELENGTHS_NM - 589.3) / (width * rng.uniform(0.08, 0.16))) ** 2
    )
    spd = wings * reversal.astype(np.float32)
    lines = line_list("sodium")
    minor = np.where(np.abs(lines.nm - 589.3) > 1, lines.intensity, 0)
    minor = vary(rng, lines.nm, minor, 0.3, 0.1) * rng.uniform(2, 7)
    for nm, flux in zip(lines.nm, minor, strict=True):
        if flux > 0:
            spd += lorentzian(nm, rng.uniform(0.5, 2.5), flux)
    spd += varied_emission(rng, "mercury") * rng.uniform(0, 0.05)
    return spd + planck(2200) * rng.uniform(0, 0.03)


def draw_metal_halide(rng: np.random.Generator) -> np.ndarray:
    """Metal halide lamp: mercury with sodium-thallium-indium, sodium-scandium or rare earths."""
    lines = line_list("metal_halide")
    names = np.array(lines.names)
    recipe = (("Na I", "Tl I", "In I"), ("Na I", "Sc I", "Li I"), ("Dy I", "Tl I", "Na I"))
    chosen = (*recipe[rng.integers(3)], "Hg I")
    intensity = vary(rng, lines.nm, lines.intensity, 0.5, 0.2) * np.isin(names, chosen)
    spd = np.zeros(N_WAVELENGTHS, np.float32)
    width = rng.uniform(0.5, 3)
    for nm, flux, fwhm in zip(lines.nm, intensity, lines.fwhm_nm, strict=True):
        if flux > 0:
            spd += lorentzian(nm, max(width * fwhm, 0.3), flux)
    return spd + planck(rng.uniform(3800, 6500)) * spd.sum() * rng.uniform(0.2, 3) / N_WAVELENGTHS


def draw_rare_gas(rng: np.random.Generator, gas: str) -> np.ndarray:
    """Spectrum tube of argon, krypton, xenon, oxygen or carbon dioxide, ions stronger at times."""
    lines = line_list(gas)
    intensity = vary(rng, lines.nm, lines.intensity, 0.35, 0.25)
    ions = np.array([name.endswith("II") for name in lines.names])
    intensity[ions] *= np.exp(rng.normal(0, 1.2))
    spd = emission(gas, intensity)
    return spd + _glow(rng, spd, 0.08)


def draw_argon_neon(rng: np.random.Generator) -> np.ndarray:
    """Calibration lamp of argon with neon, as amateur astronomers' spectrographs carry."""
    argon, neon = draw_rare_gas(rng, "argon"), draw_neon(rng)
    share = rng.uniform(0.15, 0.85)
    return (share * argon / argon.sum() + (1 - share) * neon / neon.sum()).astype(np.float32)


def draw_metal_vapour(rng: np.random.Generator, metal: str) -> np.ndarray:
    """Spectral lamp of cadmium, zinc or thallium."""
    spd = varied_emission(rng, metal, 0.3, 0.15)
    return spd + _glow(rng, spd, 0.05)


def draw_xenon_arc(rng: np.random.Generator) -> np.ndarray:
    """Xenon flash or short arc: a 6000 K continuum with broadened lines beyond 800 nm and some."""
    lines = line_list("xenon")
    spd = planck(rng.uniform(5200, 8000)) * smooth_curve(rng, 6, 0.08)
    intensity = vary(rng, lines.nm, lines.intensity, 0.4, 0.2)
    scale = rng.uniform(0.1, 0.6)
    for nm, flux in zip(lines.nm, intensity, strict=True):
        if flux > 8:
            spd += lorentzian(nm, rng.uniform(1, 4), scale * flux)
    return spd
