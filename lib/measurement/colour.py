"""Colour of a light, by the package colour-science: chromaticity, temperature, rendering."""

from dataclasses import dataclass

import numpy as np

from lib.measurement.measuring import POWER, Spectrum, on_grid

# What must be known of a light before its colour is: beyond, eyes see next to nothing, nm.
NEEDED_NM = (435.0, 640.0)
# Lines are to be seen by no wider a slit than this, nm (CIE 13.3).
_MAX_RESOLUTION_NM = 5.0
# CIE 015:2018: colour matching functions from 360 nm on; finer steps than 5 nm for lines.
_WHOLE_NM, _STEP_NM = (360, 780), 1.0
# Colour temperatures mean little farther from the Planckian locus than this (CIE 015:2018).
_MAX_DUV = 0.05
# Ohno's table.
_CCT_K = (1000.0, 25000.0)


@dataclass(frozen=True)
class Colour:
    """What a light looks like.

    Attributes
    ----------
    x, y : float
        CIE 1931 chromaticity.
    cct_k, duv : float or None
        Correlated colour temperature (Ohno 2013) and distance from the Planckian locus; None of
        lights that are far from white.
    cri_ra, cfi_rf : float or None
        CIE general colour rendering index (CIE 13.3) and fidelity index (CIE 224); None of these.
    """

    x: float
    y: float
    cct_k: float | None
    duv: float | None
    cri_ra: float | None
    cfi_rf: float | None


def colour_of(spectrum: Spectrum, *, sharp_nm: float | None = None) -> Colour | None:
    """Return the colour of a light; None where response or resolution do not allow it.

    What is not known between 360 and 780 nm counts as dark.

    Parameters
    ----------
    spectrum : Spectrum
        In relative power.
    sharp_nm : float, optional
        The instrument's resolution, of a light that has lines.
    """
    if spectrum.quantity != POWER or (sharp_nm is not None and sharp_nm > _MAX_RESOLUTION_NM):
        return None
    known = spectrum.nm[np.isfinite(spectrum.intensity)]
    if not len(known) or known.min() > NEEDED_NM[0] or known.max() < NEEDED_NM[1]:
        return None
    inside = (spectrum.nm >= NEEDED_NM[0]) & (spectrum.nm <= NEEDED_NM[1])
    if not np.isfinite(spectrum.intensity[inside]).all():
        return None
    import colour
    from colour.utilities import suppress_warnings

    even = on_grid(spectrum, _STEP_NM)
    power = np.maximum(np.nan_to_num(even.intensity), 0.0)
    if not power.any():
        return None
    nm = np.arange(_WHOLE_NM[0], _WHOLE_NM[1] + 1, _STEP_NM)
    values = np.interp(nm, even.nm, power, 0.0, 0.0)
    light = colour.SpectralDistribution(dict(zip(nm, values / values.max(), strict=True)))
    # It says that it brings tables to one range, and below 4000 K warns of a daylight that these
    # indices do not use.
    with suppress_warnings(colour_runtime_warnings=True, colour_usage_warnings=True):
        xyz = colour.sd_to_XYZ(light)
        x, y = (float(value) for value in colour.XYZ_to_xy(xyz))
        cct, duv = (float(value) for value in colour.temperature.XYZ_to_CCT_Ohno2013(xyz))
        if not abs(duv) <= _MAX_DUV or not _CCT_K[0] <= cct <= _CCT_K[1]:
            return Colour(x, y, None, None, None, None)
        rendering = float(colour.colour_rendering_index(light))
        fidelity = float(colour.colour_fidelity_index(light))
    return Colour(x, y, cct, duv, rendering, fidelity)
