"""Light that no lamp gives: procedural spectra that fill the space around the known lamps.

A network that has met only some unknown lamps refuses those and names others with confidence.
What carries over to lamps it has never met is variety in what it was told to refuse (outlier
exposure, Hendrycks et al. 2019, https://arxiv.org/abs/1812.04606), so these spectra follow no
table: lines, bumps, notches and curves anywhere, and known lamps out of place.
"""

import numpy as np

from lib.simulation.lamps.spectra import (
    N_WAVELENGTHS,
    WAVELENGTHS_NM,
    deposit,
    gaussian,
    planck,
    smooth_curve,
)

# Light is put where most cameras see it.
_FIRST_NM, _LAST_NM = 390.0, 710.0
# A lamp moved by less could be the same lamp through another camera and other crop limits.
_MIN_SHIFT_NM = 40.0


def draw_comb(rng: np.random.Generator) -> np.ndarray:
    """One to 40 lines: strewn, in clusters, or evenly spaced; sharp or up to 6 nm wide.

    Half of the combs have at most five lines, which are the ones taken for LEDs.
    """
    few = rng.random() < 0.5
    count = rng.integers(1, 6) if few else int(np.exp(rng.uniform(np.log(6), np.log(40))))
    form = rng.random()
    if form < 0.6:
        nm = rng.uniform(_FIRST_NM, _LAST_NM, count)
    elif form < 0.85:
        centres = rng.uniform(_FIRST_NM, _LAST_NM, rng.integers(1, 4))
        nm = rng.choice(centres, count) + rng.normal(0, rng.uniform(2, 25), count)
    else:
        nm = rng.uniform(_FIRST_NM, _LAST_NM) + rng.uniform(4, 60) * np.arange(count)
        nm = _FIRST_NM + (nm - _FIRST_NM) % (_LAST_NM - _FIRST_NM)
    flux = np.exp(rng.uniform(0.2, 1.6) * rng.standard_normal(count))
    if rng.random() < 0.7:
        return deposit(nm, flux) + _faint_glow(rng, float(flux.sum()))
    width_nm = rng.uniform(1, 6)
    lines = [gaussian(at, width_nm, flux=part) for at, part in zip(nm, flux, strict=True)]
    return np.sum(lines, axis=0, dtype=np.float32) + _faint_glow(rng, float(flux.sum()))


def _faint_glow(rng: np.random.Generator, flux: float) -> np.ndarray:
    """Return a continuum holding up to a tenth of the light of lines of `flux`."""
    glow = planck(rng.uniform(2500, 9000)) * smooth_curve(rng, 4, 0.4)
    return glow * (flux / float(glow.sum()) * 0.1 * rng.random() ** 3)


def draw_bumps(rng: np.random.Generator) -> np.ndarray:
    """Two to nine bumps of 4-35 nm: broader than lines, more or elsewhere than an LED's."""
    spd = np.zeros(N_WAVELENGTHS, np.float32)
    for _ in range(rng.integers(2, 10)):
        width_nm = np.exp(rng.uniform(np.log(4), np.log(35)))
        spd += gaussian(rng.uniform(_FIRST_NM, _LAST_NM), width_nm, flux=rng.exponential() + 0.1)
    return spd


def draw_curve(rng: np.random.Generator) -> np.ndarray:
    """White light through a wild smooth transmission with hills every 6-30 nm."""
    return planck(rng.uniform(2500, 6500)) * smooth_curve(
        rng, rng.integers(24, 120), rng.uniform(0.8, 1.8)
    )


def draw_notches(rng: np.random.Generator) -> np.ndarray:
    """White light with 2-12 deep notches, wider than any line of the sun."""
    spd = planck(rng.uniform(2500, 6500)) * smooth_curve(rng, 4, 0.2)
    for centre in rng.uniform(_FIRST_NM, _LAST_NM, rng.integers(2, 13)):
        sigma_nm = rng.uniform(6, 30) / 2.35
        hole = np.exp(-0.5 * ((WAVELENGTHS_NM - centre) / sigma_nm) ** 2)
        spd *= (1 - rng.uniform(0.5, 1) * hole).astype(np.float32)
    return spd


def draw_lines_on_continuum(rng: np.random.Generator) -> np.ndarray:
    """Up to six strong lines anywhere on a continuum that holds most of the light."""
    count = rng.integers(1, 7)
    flux = np.exp(0.8 * rng.standard_normal(count))
    glow = planck(rng.uniform(2200, 7000)) * smooth_curve(rng, 8, 0.4)
    lines = deposit(rng.uniform(_FIRST_NM, _LAST_NM, count), flux)
    return lines + glow * float(flux.sum() / glow.sum() * rng.uniform(1, 12))


def displace(rng: np.random.Generator, spd: np.ndarray) -> np.ndarray:
    """Return the light of a lamp out of place.

    Shifted by 40-160 nm, stretched or squeezed around green, mirrored, or cut to pieces that are
    put together in another order.
    """
    form = rng.integers(4)
    if form == 0:
        shift_nm = rng.choice([-1, 1]) * rng.uniform(_MIN_SHIFT_NM, 160)
        return _moved(spd, WAVELENGTHS_NM - shift_nm)
    if form == 1:
        factor = rng.choice([rng.uniform(0.45, 0.7), rng.uniform(1.45, 2.2)])
        return _moved(spd, 545 + (WAVELENGTHS_NM - 545) / factor)
    if form == 2:
        return _moved(spd, rng.uniform(1060, 1120) - WAVELENGTHS_NM)
    return _shuffled(rng, spd)


def _moved(spd: np.ndarray, from_nm: np.ndarray) -> np.ndarray:
    """Return the light that `spd` has at `from_nm`; lines keep their flux but for the stretch.

    The running total is read, not the spectrum, so that no line falls between two samples.
    """
    total = np.concatenate([[0.0], np.cumsum(spd, dtype=float)])
    position = (from_nm - WAVELENGTHS_NM[0]) / (WAVELENGTHS_NM[1] - WAVELENGTHS_NM[0])
    step = np.gradient(position)
    edges = np.append(position - step / 2, position[-1] + step[-1] / 2) + 0.5
    return np.abs(np.diff(np.interp(edges, np.arange(len(total)), total))).astype(np.float32)


def _shuffled(rng: np.random.Generator, spd: np.ndarray) -> np.ndarray:
    """Return the visible part of a spectrum cut into 3-8 pieces in another order."""
    inside = slice(*np.searchsorted(WAVELENGTHS_NM, (_FIRST_NM, _LAST_NM)))
    visible = spd[inside]
    cuts = np.sort(rng.integers(0, len(visible), rng.integers(2, 8)))
    pieces = np.split(visible, cuts)
    spd = np.zeros_like(spd)
    # The last piece goes first, so that the old order never comes back.
    spd[inside] = np.concatenate([pieces[-1], *(pieces[i] for i in rng.permutation(len(cuts)))])
    return spd
