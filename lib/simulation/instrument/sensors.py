"""Spectral response of cameras: dyes with crosstalk, silicon, and the infrared-cut filter.

Shapes span the measured curves of Jiang et al. (2013, 28 cameras) and of phone and webcam sensors
(Bongiorno et al. 2013; Burggraaff et al. 2019): blue peaks at 445-470 nm, green at 520-545, red at
590-620; red dyes leak in the violet; all dyes open in the infrared. Sensors made without dyes see
as silicon does, from the violet far into the infrared, with the ripples of the layers on it (after
the data sheets of KAF-0402, ICX285, ICX618 and IMX290).
"""

from dataclasses import dataclass

import numpy as np
from scipy.interpolate import PchipInterpolator

# Quantum efficiency of sensors without dyes at these wavelengths, of their best: least and most.
_BARE_NM = (340.0, 400.0, 470.0, 550.0, 650.0, 800.0, 950.0, 1065.0)
_BARE_LEAST = (0.02, 0.2, 0.6, 0.85, 0.7, 0.22, 0.03, 0.0)
_BARE_MOST = (0.3, 0.75, 1.0, 1.0, 1.0, 0.65, 0.25, 0.03)
# Between them their curves are tabulated this finely.
_BARE_TABLE_NM = np.arange(_BARE_NM[0], _BARE_NM[-1] + 1, 2.5)
# Share of the cameras that have no infrared filter.
_UNCUT_SHARE = 0.19
# Share of monochrome pictures among crops; photos say it themselves.
_MONOCHROME_SHARE = 0.15
# Share of the monochrome sensors that have no dyes, and of these that have no infrared filter.
_BARE_SHARE, _BARE_UNCUT_SHARE = 0.65, 0.6


@dataclass(frozen=True)
class BareSensors:
    """What cameras would see had they no dyes.

    Attributes
    ----------
    are_bare : bool array of shape (n,)
        Which have none, if they are monochrome; the others give colour pictures without colour.
    efficiency : float array of shape (n, len(_BARE_TABLE_NM))
    ripple : float array of shape (n, 3)
        Size, period (nm) and phase of the ripples in it.
    infrared_cut_nm : float array of shape (n,)
        Edge of the filter; far beyond 1000 nm where there is none.
    """

    are_bare: np.ndarray
    efficiency: np.ndarray
    ripple: np.ndarray
    infrared_cut_nm: np.ndarray

    def response(self, k: int, nm: np.ndarray) -> np.ndarray:
        """Return the response of camera `k` at wavelengths of shape (m,)."""
        size, period_nm, phase = self.ripple[k]
        ripple = 1 + size * np.cos(2 * np.pi * nm / period_nm + phase)
        cut = 1 - _rise(nm, self.infrared_cut_nm[k], 6)
        return np.interp(nm, _BARE_TABLE_NM, self.efficiency[k]) * ripple * cut


@dataclass(frozen=True)
class Sensor:
    """Response curves of a batch of cameras.

    Attributes
    ----------
    peak_nm, violet_width_nm, red_width_nm : float arrays of shape (n, 3)
        Peak of the R, G, B dyes and the standard deviations of either side.
    violet_leak : float array of shape (n, 2)
        Height and centre (nm) of the red dye's second peak.
    crosstalk : float array of shape (n,)
        Share of the other two channels in each.
    infrared_cut : float array of shape (n, 2)
        Edge and width (nm) of the filter; far beyond 1000 nm where there is none.
    infrared_leak : float array of shape (n, 3)
        Response of each dye past 750 nm, before the filter.
    violet_cut : float array of shape (n, 2)
        Edge and width (nm) of lens and cover glass.
    monochrome : bool array of shape (n,)
    bare : BareSensors
        What the monochrome ones see that have no dyes.
    """

    peak_nm: np.ndarray
    violet_width_nm: np.ndarray
    red_width_nm: np.ndarray
    violet_leak: np.ndarray
    crosstalk: np.ndarray
    infrared_cut: np.ndarray
    infrared_leak: np.ndarray
    violet_cut: np.ndarray
    monochrome: np.ndarray
    bare: BareSensors

    def response(self, nm: np.ndarray) -> np.ndarray:
        """Return the response of R, G, B at wavelengths of shape (n, m): float32 (n, m, 3)."""
        # Channels lie in the middle until the end: arrays whose last axis is long are quicker.
        nm = nm.astype(np.float32)[:, None]
        offset = nm - self.peak_nm[..., None]
        width = np.where(offset < 0, self.violet_width_nm[..., None], self.red_width_nm[..., None])
        curves = np.exp(-0.5 * (offset / width) ** 2)
        leak_height, leak_nm = self.violet_leak.T[..., None]
        curves[:, 0] += leak_height * np.exp(-0.5 * ((nm[:, 0] - leak_nm) / 18) ** 2)
        curves += _rise(nm, 740, 25) * self.infrared_leak[..., None]
        share = self.crosstalk[:, None, None]
        curves = (1 - 1.5 * share) * curves + 0.5 * share * curves.sum(axis=1, keepdims=True)
        cut = 1 - _rise(nm, *self.infrared_cut.T[..., None, None])
        glass = _rise(nm, *self.violet_cut.T[..., None, None])
        silicon = np.clip((1100 - nm) / 450, 0, 1)
        curves *= cut * glass * silicon
        curves[self.monochrome] = curves[self.monochrome].mean(axis=1, keepdims=True)
        for k in np.flatnonzero(self.monochrome & self.bare.are_bare):
            curves[k] = self.bare.response(k, nm[k, 0]) * glass[k]
        return curves.transpose(0, 2, 1)


def _rise(nm: np.ndarray, edge_nm: np.ndarray | float, width_nm: np.ndarray | float) -> np.ndarray:
    return 1 / (1 + np.exp(-np.clip((nm - edge_nm) / width_nm, -40, 40)))


def draw_sensor(rng: np.random.Generator, n: int, *, varied: bool = True) -> Sensor:
    """Draw `n` cameras, or `n` times the middle one."""
    if not varied:
        return _middle_sensor(n)
    edge = np.where(rng.random(n) < _UNCUT_SHARE, 1500.0, rng.uniform(645, 712, n))
    violet_edge = np.where(rng.random(n) < 0.25, rng.uniform(350, 390, n), rng.uniform(388, 425, n))
    return _single_precision(
        peak_nm=rng.uniform([588, 518, 445], [622, 546, 472], (n, 3)),
        violet_width_nm=rng.uniform([11, 22, 18], [26, 38, 34], (n, 3)),
        red_width_nm=rng.uniform([32, 26, 20], [58, 46, 38], (n, 3)),
        violet_leak=np.stack([0.35 * rng.random(n) ** 2, rng.uniform(405, 445, n)], axis=1),
        crosstalk=0.22 * rng.random(n) ** 1.5,
        infrared_cut=np.stack([edge, rng.uniform(2, 13, n)], axis=1),
        infrared_leak=rng.uniform(0.25, 0.9, (n, 1)) * rng.uniform(0.6, 1.2, (n, 3)),
        violet_cut=np.stack([violet_edge, rng.uniform(2.5, 9, n)], axis=1),
        monochrome=rng.random(n) < _MONOCHROME_SHARE,
        # Draws of their own, so that cameras in colour do not depend on how many these are.
        bare=_draw_bare(rng.spawn(1)[0], n),
    )


def _draw_bare(rng: np.random.Generator, n: int) -> BareSensors:
    edge = np.where(rng.random(n) < _BARE_UNCUT_SHARE, 1500.0, rng.uniform(660, 720, n))
    size = 0.15 * rng.random(n) ** 2
    are_bare = rng.random(n) < _BARE_SHARE
    efficiency = rng.uniform(_BARE_LEAST, _BARE_MOST, (n, len(_BARE_NM)))
    return BareSensors(
        are_bare=are_bare,
        efficiency=PchipInterpolator(_BARE_NM, efficiency, axis=1)(_BARE_TABLE_NM),
        ripple=np.stack([size, rng.uniform(60, 160, n), rng.uniform(0, 2 * np.pi, n)], axis=1),
        infrared_cut_nm=edge,
    )


def _middle_sensor(n: int) -> Sensor:
    def repeat(values: object) -> np.ndarray:
        return np.repeat(np.asarray(values)[None], n, axis=0)

    return _single_precision(
        peak_nm=repeat([602.0, 532.0, 458.0]),
        violet_width_nm=repeat([18.0, 29.0, 26.0]),
        red_width_nm=repeat([45.0, 36.0, 28.0]),
        violet_leak=repeat([0.06, 425.0]),
        crosstalk=repeat(0.06),
        infrared_cut=repeat([680.0, 7.0]),
        infrared_leak=repeat([0.6, 0.6, 0.6]),
        violet_cut=repeat([405.0, 5.0]),
        monochrome=repeat(False),
        bare=_draw_bare(np.random.default_rng(0), n),
    )


def _single_precision(monochrome: np.ndarray, bare: BareSensors, **curves: np.ndarray) -> Sensor:
    """Return a sensor in float32, which its exponentials take half the time for."""
    single = {name: values.astype(np.float32) for name, values in curves.items()}
    return Sensor(monochrome=monochrome, bare=bare, **single)
