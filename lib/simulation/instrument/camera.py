"""What a camera does to light: each effect a small function on linear-light images.

Images are float32 arrays, linear in light, 1.0 where the sensor is full. What spreads light takes a
batch of crops (..., height, width, 3) with parameters that broadcast against it; what a sensor and
its processor do takes one image (height, width, 3) and numbers.
"""

import functools
import math
from dataclasses import dataclass, fields

import cv2
import numpy as np
from scipy import fft
from scipy.special import ndtri

# Steps of a table of a tone curve, even in the square root of light: what is dark, where curves
# are steep, is as fine as what is bright.
_CURVE_STEPS = 4095
_ROOTS = np.linspace(0, 1, _CURVE_STEPS + 1, dtype=np.float32)
_IDENTITY = np.eye(3, dtype=np.float32)


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
    # OpenCV knows no batch: rows, whichever image they are of, do not mix.
    rows = excess.reshape(-1, *image.shape[-2:])
    for width in (2 * reach_px + 1, reach_px):
        rows = cv2.blur(rows, (width, 1), borderType=cv2.BORDER_CONSTANT)
    return image + np.asarray(share, np.float32) * rows.reshape(image.shape)


def clip_full(image: np.ndarray) -> np.ndarray:
    """Clip at the full pixel (1.0): where clipping turns lines white and flattens bands."""
    return np.minimum(image, 1)


def apply_colour_matrix(image: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    """Turn sensor RGB (h, w, 3) into display RGB by `matrix`, shape (3, 3), rows of sum 1.

    Its negative off-diagonals undo crosstalk and push pure spectral colours below 0, which the
    camera clips: the reason why single lines look so pure in photos.
    """
    mixed = cv2.transform(image, np.asarray(matrix, np.float32))
    return np.clip(mixed, 0, 1, out=mixed)


def without_colour(image: np.ndarray) -> np.ndarray:
    """Return an image (h, w, 3) as a sensor without dyes sees it: in each channel the mean."""
    return cv2.transform(image, np.full((3, 3), 1 / 3, np.float32))


def draw_colour_matrix(rng: np.random.Generator, n: int) -> np.ndarray:
    """Draw `n` colour matrices of shape (n, 3, 3); a quarter of the cameras hardly correct.

    Ranges after the matrices in dcraw's tables, turned to sRGB.
    """
    strength = np.where(rng.random(n) < 0.25, rng.uniform(0, 0.2, n), rng.uniform(0.2, 1.0, n))
    off = rng.uniform(-0.75, 0.08, (n, 3, 3)) * strength[:, None, None]
    off *= 1 - np.eye(3)
    return np.eye(3) * (1 - off.sum(axis=2))[:, :, None] + off


def add_haze(image: np.ndarray, colour: np.ndarray, slope: np.ndarray | float = 0.0) -> None:
    """Add stray light of a `colour` (..., 1, 1, 3), with a relative `slope` along the rows.

    The image is changed in place.
    """
    position = np.linspace(-1, 1, image.shape[-2], dtype=np.float32)[:, None]
    image += colour.astype(np.float32) * (1 + np.asarray(slope, np.float32) * position)


def add_noise(
    rng: np.random.Generator,
    image: np.ndarray,
    *,
    full_well: float,
    read: float,
    grain_px: float = 0.0,
) -> np.ndarray:
    """Add shot noise (of a pixel full at `full_well` electrons) and read noise (share of full).

    `grain_px` > 0 smooths the noise of an image (h, w, 3) over neighbours without making it
    weaker, as demosaicing, denoising and enlarging do.
    """
    deviation = np.maximum(image, 0)
    deviation *= np.float32(1 / full_well)
    deviation += np.float32(read**2)
    np.sqrt(deviation, out=deviation)
    deviation *= _draw_grain(rng, image.shape, grain_px)
    deviation += image
    return deviation


def _draw_grain(
    rng: np.random.Generator, shape: tuple[int, int, int], grain_px: float
) -> np.ndarray:
    """Draw normal numbers of mean 0 and deviation 1, float32 of a shape (h, w, 3)."""
    if grain_px == 0:
        return _draw_normal(rng, shape)
    height, width, channels = shape
    noise = _draw_normal(rng, (height + 2, width + 2, channels))
    weights = np.float32([grain_px, 1, grain_px]) / np.sqrt(1 + 2 * grain_px**2)
    return cv2.sepFilter2D(noise, -1, weights, weights)[1:-1, 1:-1]


def _draw_normal(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Draw normal numbers, float32, each one of 65,536 equally likely quantiles (within 4.2).

    Far finer than the grey levels of a picture, and several times as fast as exact ones.
    """
    count = math.prod(shape)
    drawn = rng.integers(2**64 - 1, size=-(-count // 4), dtype=np.uint64, endpoint=True)
    return np.take(_normal_quantiles(), drawn.view(np.uint16)[:count]).reshape(shape)


@functools.cache
def _normal_quantiles() -> np.ndarray:
    return ndtri((np.arange(2**16) + 0.5) / 2**16).astype(np.float32)


def tone(
    image: np.ndarray,
    *,
    gamma: float = 2.2,
    contrast: float = 0.0,
    saturation: float = 1.0,
    black: np.ndarray | float = 0.0,
) -> np.ndarray:
    """Encode linear light for display: power 1/`gamma`, S-curve, colour saturation, black level.

    Parameters
    ----------
    image : float32 array of shape (h, w, 3)
    black : float array of shape (3,), or float

    Returns
    -------
    float32 array of shape (h, w, 3)
        Display values in [0, 1], within a quarter of a grey level of 255.
    """
    root = np.clip(image, 0, 1, dtype=np.float32)
    np.sqrt(root, out=root)
    root *= _CURVE_STEPS
    root += 0.5
    image = np.take(_tone_curve(gamma, contrast), root.astype(np.intp), mode="clip")
    grey = (1 - saturation) / 3
    image = cv2.transform(image, np.float32(saturation) * _IDENTITY + np.float32(grey))
    np.clip(image, 0, 1, out=image)
    if np.any(black):
        lift = np.broadcast_to(np.float32(black), 3)[:, None]
        image = cv2.transform(image, np.hstack([(1 - lift) * _IDENTITY, lift]))
    return image


@functools.lru_cache(maxsize=8)
def _tone_curve(gamma: float, contrast: float) -> np.ndarray:
    """Return the display value of light at `_ROOTS`^2, float32 (`_CURVE_STEPS` + 1,)."""
    shown = _ROOTS ** np.float32(2 / gamma)
    return shown * (1 - contrast + contrast * shown * (3 - 2 * shown))


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
    _, data = cv2.imencode(".jpg", cv2.cvtColor(image, cv2.COLOR_RGB2BGR), options)
    return cv2.imdecode(data, cv2.IMREAD_COLOR_RGB)
