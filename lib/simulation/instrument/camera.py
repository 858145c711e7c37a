"""What a camera does to light: each effect a small function on linear-light images.

Images are float32 arrays of shape (..., height, width, 3), linear in light, 1.0 where the sensor
is full. Parameters are numbers, or arrays that broadcast against the image, so that the same
function serves a batch of small crops (one value per crop) and one large photo.
"""

from dataclasses import dataclass, fields

import cv2
import numpy as np
from scipy import fft
from scipy.ndimage import uniform_filter1d


@dataclass(frozen=True)
class Effects:
    """Which effects the simulator applies; ``Effects(noise=False)`` is one row of an ablation."""

    limits: bool = True  # varied crop limits; else 390-690 nm
    curved_dispersion: bool = True
    second_order: bool = True
    zero_order: bool = True
    sensor: bool = True  # varied response curves; else one middle camera
    white_balance: bool = True
    colour_matrix: bool = True
    point_spread: bool = True
    slant: bool = True  # slant, smile and keystone
    band_shape: bool = True  # uneven slit, bands that bend out of the strip
    exposure: bool = True  # from dark to far beyond clipping; else the peak at 0.7
    blooming: bool = True
    haze: bool = True  # stray light, background and black level
    noise: bool = True
    gamma: bool = True  # varied tone curve and colour saturation; else a power of 1/2.2
    grid: bool = True  # a program's scale, stuck columns
    jpeg: bool = True
    flip: bool = True


EFFECT_NAMES = tuple(field.name for field in fields(Effects))


def spread(
    image: np.ndarray,
    *,
    sigma_px: np.ndarray | float,
    slit_px: np.ndarray | float = 0.0,
    halo_share: np.ndarray | float = 0.0,
    halo_px: np.ndarray | float = 30.0,
) -> np.ndarray:
    """Blur along the dispersion (axis -2) as optics and slit do.

    Parameters
    ----------
    sigma_px : standard deviation of the Gaussian core.
    slit_px : width of the slit's image (a box).
    halo_share, halo_px : share and decay length of an exponential halo of scattered light.

    Each is a number or an array of the leading shape of `image`.
    """
    width = image.shape[-2]
    length = fft.next_fast_len(int(width * 1.25), real=True)
    frequency = np.fft.rfftfreq(length)

    def shaped(value: np.ndarray | float) -> np.ndarray:
        return np.asarray(value, float)[..., None]

    # The sampled form of (2 pi frequency)^2: a point stays positive, without ringing, however
    # narrow the blur (the discrete Gaussian of Lindeberg 1990).
    square = 2 - 2 * np.cos(2 * np.pi * frequency)
    transfer = np.exp(-0.5 * shaped(sigma_px) ** 2 * square)
    transfer = transfer * np.sinc(shaped(slit_px) * frequency)
    halo = 1 / (1 + shaped(halo_px) ** 2 * square)
    transfer = transfer * (1 - shaped(halo_share) + shaped(halo_share) * halo)
    # (..., n_frequencies) against (..., height, n_frequencies, 3)
    transfer = transfer[..., None, :, None].astype(np.float32)
    spectrum = fft.rfft(image, length, axis=-2) * transfer
    blurred = fft.irfft(spectrum, length, axis=-2)[..., :width, :]
    return np.maximum(blurred, 0).astype(np.float32)


def draw_line_width(rng: np.random.Generator, n: int) -> np.ndarray:
    """Draw the full width at half maximum of `n` images of a sharp line, as part of the spectrum.

    0.2-5 % of its length; for a fifth up to 12.5 %, the slits that are cut by hand in paper boxes.
    """
    fine, wide = (np.log(limits) for limits in ((0.002, 0.052), (0.052, 0.125)))
    return np.exp(np.where(rng.random(n) < 0.2, rng.uniform(*wide, n), rng.uniform(*fine, n)))


def bloom(image: np.ndarray, *, share: np.ndarray | float, reach_px: int = 9) -> np.ndarray:
    """Let a `share` of the charge beyond full (1.0) spill along the rows, `reach_px` either way."""
    excess = np.maximum(image - 1, 0)
    spilled = uniform_filter1d(excess, 2 * reach_px + 1, axis=-2, mode="constant")
    spilled = uniform_filter1d(spilled, reach_px, axis=-2, mode="constant")
    return image + np.asarray(share, np.float32) * spilled


def clip_full(image: np.ndarray) -> np.ndarray:
    """Clip at the full pixel (1.0): where clipping turns lines white and flattens bands."""
    return np.minimum(image, 1)


def apply_colour_matrix(image: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    """Turn sensor RGB into display RGB by `matrix`, shape (..., 3, 3), rows of sum 1.

    Its negative off-diagonals undo crosstalk and push pure spectral colours below 0, which the
    camera clips: the reason why single lines look so pure in photos.
    """
    flat = image.reshape(*image.shape[:-3], -1, 3)
    mixed = flat @ np.swapaxes(matrix, -1, -2).astype(np.float32)
    return np.clip(mixed, 0, 1, out=mixed).reshape(image.shape)


def draw_colour_matrix(rng: np.random.Generator, n: int) -> np.ndarray:
    """Draw `n` colour matrices of shape (n, 3, 3); a quarter of the cameras hardly correct.

    Ranges after the matrices in dcraw's tables, turned to sRGB.
    """
    strength = np.where(rng.random(n) < 0.25, rng.uniform(0, 0.2, n), rng.uniform(0.2, 1.0, n))
    off = rng.uniform(-0.75, 0.08, (n, 3, 3)) * strength[:, None, None]
    off *= 1 - np.eye(3)
    return np.eye(3) * (1 - off.sum(axis=2))[:, :, None] + off


def add_haze(image: np.ndarray, colour: np.ndarray, slope: np.ndarray | float = 0.0) -> np.ndarray:
    """Add stray light of a `colour` (..., 1, 1, 3), with a relative `slope` along the rows."""
    position = np.linspace(-1, 1, image.shape[-2], dtype=np.float32)[:, None]
    return image + colour.astype(np.float32) * (1 + np.asarray(slope, np.float32) * position)


def add_noise(
    rng: np.random.Generator,
    image: np.ndarray,
    *,
    full_well: np.ndarray | float,
    read: np.ndarray | float,
    grain_px: np.ndarray | float = 0.0,
) -> np.ndarray:
    """Add shot noise (of a pixel full at `full_well` electrons) and read noise (share of full).

    `grain_px` > 0 smooths the noise over neighbours without making it weaker, as demosaicing,
    denoising and enlarging do.
    """
    noise = rng.standard_normal(image.shape, dtype=np.float32)
    if np.any(grain_px):
        side = np.asarray(grain_px, np.float32)
        scale = 1 / np.sqrt(1 + 2 * side**2)
        for axis in (-2, -3):
            neighbours = np.roll(noise, 1, axis)
            neighbours += np.roll(noise, -1, axis)
            neighbours *= side
            noise += neighbours
            noise *= scale
    deviation = np.maximum(image, 0)
    deviation /= np.asarray(full_well, np.float32)
    deviation += np.asarray(read, np.float32) ** 2
    np.sqrt(deviation, out=deviation)
    noise *= deviation
    noise += image
    return noise


def tone(
    image: np.ndarray,
    *,
    gamma: np.ndarray | float = 2.2,
    contrast: np.ndarray | float = 0.0,
    saturation: np.ndarray | float = 1.0,
    black: np.ndarray | float = 0.0,
) -> np.ndarray:
    """Encode linear light for display: power 1/`gamma`, S-curve, colour saturation, black level.

    Returns values in [0, 1].
    """
    exponent = (1 / np.asarray(gamma)).astype(np.float32)
    image = np.clip(image, 0, 1, dtype=np.float32)
    np.power(image, exponent, out=image)
    contrast = np.asarray(contrast, np.float32)
    curve = 3 - 2 * image
    curve *= image
    curve *= contrast
    curve += 1 - contrast
    image *= curve
    grey = (image[..., :1] + image[..., 1:2] + image[..., 2:]) / 3
    image -= grey
    image *= np.asarray(saturation, np.float32)
    image += grey
    np.clip(image, 0, 1, out=image)
    black = np.asarray(black, np.float32)
    if black.any():
        image *= 1 - black
        image += black
    return image


def draw_grid(rng: np.random.Generator, image: np.ndarray) -> None:
    """Draw faint upright lines on uint8 RGB (h, w, 3) in place: a scale's, or stuck columns.

    Programs draw a scale over the spectrum, and sensors have columns that are never dark.
    """
    width = image.shape[1]
    if rng.random() < 0.6:
        columns = np.arange(rng.uniform(0, 1), width, width / rng.uniform(6, 60)).astype(int)
    else:
        columns = rng.integers(0, width, rng.integers(3, 30))
    level = np.exp(rng.uniform(np.log(4), np.log(60)))
    ink = level * (np.ones(3) if rng.random() < 0.6 else rng.dirichlet(np.ones(3)) * 3)
    lines = image[:, columns] + ink * rng.uniform(0.3, 1, (len(columns), 1))
    image[:, columns] = np.minimum(lines, 255).astype(np.uint8)


def to_bytes(image: np.ndarray) -> np.ndarray:
    """Round display values in [0, 1] to uint8."""
    return (image * 255 + 0.5).astype(np.uint8)


def jpeg(image: np.ndarray, quality: int, *, subsampled: bool = True) -> np.ndarray:
    """Compress one uint8 RGB image (h, w, 3) as JPEG and read it back.

    `subsampled` halves the colour resolution both ways (4:2:0), as nearly every camera does.
    """
    sampling = (
        cv2.IMWRITE_JPEG_SAMPLING_FACTOR_420 if subsampled else cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444
    )
    options = [
        cv2.IMWRITE_JPEG_QUALITY, int(quality), cv2.IMWRITE_JPEG_SAMPLING_FACTOR, sampling
    ]  # fmt: skip
    _, data = cv2.imencode(".jpg", np.ascontiguousarray(image[..., ::-1]), options)
    return cv2.imdecode(data, cv2.IMREAD_COLOR)[..., ::-1]
