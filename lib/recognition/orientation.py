"""From colour to direction: which end of a spectrum is blue.

Direction is read from colour and never from position, so red-left photos, upside-down photos and
both first orders of a grating are all turned the right way round.
"""

import cv2
import numpy as np

# Hue of a pure spectral colour on an sRGB sensor against wavelength (nm). Blue at 450 nm and red
# at 630 nm are the primaries, 490 and 575 nm the cyan and yellow crossings of the sensor curves;
# beyond 240 deg the red filter's violet leak turns blue to violet, and infrared-rich reds lean
# to magenta. Hues of 280-320 deg are named by no wavelength: both ends can leak into magenta.
_HUE_DEG = (0.0, 30.0, 60.0, 120.0, 180.0, 240.0, 280.0)
_HUE_NM = (630.0, 595.0, 575.0, 530.0, 490.0, 450.0, 405.0)
_MAGENTA_RED_FROM_DEG = 320.0
_MAGENTA_RED_NM = 660.0


def wavelength_like(rgb: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return a rough wavelength for each colour, and how much colour there is to tell it.

    Parameters
    ----------
    rgb : float32 array of shape (..., 3)
        Light above the background.

    Returns
    -------
    nm : float32 array of shape (...)
        Wavelength whose pure colour has this hue, good to some 20 nm.
    chroma : float32 array of shape (...)
        Largest minus smallest channel, in the units of `rgb`; 0 where the hue says nothing.
    """
    shape = rgb.shape[:-1]
    clipped = np.maximum(rgb, 0).astype(np.float32).reshape(-1, 1, 3)
    hue = cv2.cvtColor(clipped, cv2.COLOR_RGB2HSV)[:, 0, 0]
    chroma = (clipped.max(axis=2) - clipped.min(axis=2))[:, 0]
    nm = np.interp(hue, _HUE_DEG, _HUE_NM)
    magenta = hue > _HUE_DEG[-1]
    nm[magenta] = _MAGENTA_RED_NM
    chroma[magenta & (hue < _MAGENTA_RED_FROM_DEG)] = 0
    return nm.astype(np.float32).reshape(shape), chroma.reshape(shape)
