"""Spectral power distributions that belong to none of the classes: lasers, flames, filtered light.

The unknown class must be met in training as many kinds as possible, and judged on others still.
"""

import numpy as np

from lib.simulation.draws import log_uniform
from lib.simulation.lamps.spectra import (
    N_WAVELENGTHS,
    WAVELENGTHS_NM,
    deposit,
    gaussian,
    planck,
    sigmoid_edge,
    smooth_curve,
    varied_emission,
)

# Wavelengths (nm) of lasers that people own: diodes, doubled YAG, helium-neon.
_LASER_NM = (405, 445, 450, 473, 488, 510, 520, 532, 543.5, 561, 589, 593.5, 632.8, 635, 638, 650)
_LASER_NM += (655, 660, 670, 685)
# Those that a crystal doubles or sums from infrared light: of the pump (808 nm) and of what is
# doubled (1064 nm) some leaks out, and cameras without infrared filter see it.
_PUMPED_NM = (473, 532, 561, 589, 593.5)
# Lines (nm) of lasers with several: argon ion, krypton ion, helium-cadmium, projectors.
_LASER_SETS = (
    (457.9, 465.8, 472.7, 476.5, 488.0, 496.5, 501.7, 514.5),
    (413.1, 468.0, 476.2, 482.5, 520.8, 530.9, 568.2, 647.1, 676.4),
    (441.6, 533.7, 537.8, 635.5, 636.0),
    (405, 532, 650),
    (445, 520, 638),
    (450, 532, 635),
    (473, 532, 671),
)


def draw_laser(rng: np.random.Generator) -> np.ndarray:
    """One laser line, with the broad faint light that a diode adds.

    Paper and paint glow in violet and blue laser light; pumped lasers leak infrared.
    """
    of = rng.choice(_LASER_NM)
    nm = of + rng.normal(0, 1.5)
    spd = deposit(nm, 1.0) + gaussian(nm, rng.uniform(8, 25), flux=0.05 * rng.random() ** 2)
    if nm < 460 and rng.random() < 0.5:
        glow_nm = nm + rng.uniform(30, 90)
        spd += gaussian(glow_nm, 45, 90, flux=log_uniform(rng, 0.003, 0.5))
    if of in _PUMPED_NM and rng.random() < 0.5:
        spd += deposit(np.array([808.0, 1064.0]), np.exp(rng.uniform(np.log(0.003), 0, 2)))
    return spd


def draw_laser_lines(rng: np.random.Generator) -> np.ndarray:
    """Two or more laser lines at once."""
    lines = np.array(_LASER_SETS[rng.integers(len(_LASER_SETS))], float)
    lines = rng.permutation(lines)[: rng.integers(2, len(lines) + 1)]
    return deposit(lines, np.exp(0.8 * rng.standard_normal(len(lines))))


def draw_flame(rng: np.random.Generator, salt: str) -> np.ndarray:
    """A gas flame, coloured by the salt of a metal unless `salt` is "gas"; soot adds a glow."""
    spd = varied_emission(rng, f"flame_{salt}", 0.4, 0.15)
    if salt != "gas":
        spd += varied_emission(rng, "flame_gas", 0.4, 0.15) * rng.uniform(0, 0.3)
    return spd + planck(rng.uniform(1700, 2100)) * spd.sum() * rng.uniform(0, 0.5) / N_WAVELENGTHS


def mix(rng: np.random.Generator, first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Return two lamps at once, the fainter holding 25-50 % of the light.

    Below a quarter a second lamp is what room light does to any photo, and the name of the first
    is still right.
    """
    share = rng.uniform(0.25, 0.5)
    return first / first.sum() * (1 - share) + second / second.sum() * share


def _thermal_light(rng: np.random.Generator) -> np.ndarray:
    return planck(rng.uniform(2500, 6500)) * smooth_curve(rng, 4, 0.1)


def draw_dye_solution(rng: np.random.Generator) -> np.ndarray:
    """White light through a dye: one to three broad absorption bands, nearly black at the peak."""
    depth = np.zeros(N_WAVELENGTHS, np.float32)
    for _ in range(rng.integers(1, 4)):
        centre, width = rng.uniform(400, 680), rng.uniform(25, 90)
        depth += gaussian(centre, width, width * rng.uniform(0.6, 1.6)) * width * 4
    return _thermal_light(rng) * np.exp(-depth / depth.max() * rng.uniform(1.5, 7))


def draw_structured_absorption(rng: np.random.Generator) -> np.ndarray:
    """White light through permanganate, chlorophyll, haemoglobin, or didymium or holmium glass.

    Peak positions from the usual handbook spectra of each solution or glass.
    """
    substances = (
        ((487, 12, 0.4), (507, 12, 0.8), (525, 11, 1.0), (545, 11, 0.95), (567, 14, 0.4)),
        ((415, 40, 0.9), (433, 25, 1.0), (455, 30, 0.5), (618, 25, 0.15), (663, 22, 0.7)),
        ((415, 30, 1.0), (541, 24, 0.35), (577, 16, 0.4)),
        (
            (473, 8, 0.3),
            (513, 10, 0.4),
            (529, 10, 0.5),
            (573, 8, 0.7),
            (585, 12, 1.0),
            (740, 18, 1),
        ),
        ((418, 6, 0.4), (446, 8, 0.8), (453, 8, 1.0), (460, 8, 0.8), (536, 8, 0.5), (637, 10, 0.4)),
    )
    depth = np.zeros(N_WAVELENGTHS, np.float32)
    for centre, width, height in substances[rng.integers(len(substances))]:
        depth += gaussian(centre, width, flux=height * width)
    return _thermal_light(rng) * np.exp(-depth / depth.max() * rng.uniform(1.2, 5))


def draw_filtered(rng: np.random.Generator) -> np.ndarray:
    """White light through a coloured glass or an interference filter with steep edges."""
    light, width = _thermal_light(rng), rng.uniform(1.5, 8)
    form, low, high = rng.integers(4), rng.uniform(430, 560), rng.uniform(560, 660)
    rising, falling = sigmoid_edge(low, width), 1 - sigmoid_edge(high, width)
    if form == 0:
        return light * sigmoid_edge(rng.uniform(480, 620), width)
    if form == 1:
        return light * (1 - sigmoid_edge(rng.uniform(460, 600), width))
    if form == 2:
        return light * rising * falling
    return light * (1 - 0.97 * rising * falling)


def draw_fringes(rng: np.random.Generator) -> np.ndarray:
    """White light through a thin film: channelled spectrum, fringes equal in wave number."""
    thickness_nm = np.exp(rng.uniform(np.log(1500), np.log(15000)))
    phase = 4 * np.pi * thickness_nm / WAVELENGTHS_NM + rng.uniform(0, 2 * np.pi)
    fringes = 0.5 + 0.5 * rng.uniform(0.6, 1) * np.cos(phase)
    return _thermal_light(rng) * fringes.astype(np.float32)


def draw_random_lines(rng: np.random.Generator) -> np.ndarray:
    """A lamp that does not exist: 2 to 40 lines anywhere, so that "many lines" names nothing."""
    count = int(np.exp(rng.uniform(np.log(2), np.log(40))))
    spd = deposit(rng.uniform(390, 720, count), np.exp(1.2 * rng.standard_normal(count)))
    return spd + _thermal_light(rng) * spd.sum() * rng.uniform(0, 0.3) ** 2 / N_WAVELENGTHS
