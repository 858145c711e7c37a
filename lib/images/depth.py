"""Samples of more than eight bits, over the range of the sensor that wrote them."""

import cv2
import numpy as np

from lib.images.memory import row_blocks

# Of the sensors that write 16-bit files, 8, 10, 12, 14 and 16 bits, and of signed 16 bits.
_SENSOR_FULL_SCALES = (255, 1023, 4095, 16383, 32767, 65535)
_NEIGHBOURS = np.array([[1, 1, 1], [1, 0, 1], [1, 1, 1]], np.uint8)


def sensor_full_scale(pixels: np.ndarray) -> int:
    """Return the full scale of the sensor whose samples these are: 255 of uint8.

    Sensors of 8 to 14 bits leave the upper ones of uint16 empty: full scale is the least that holds
    the brightest sample, but for single hot pixels, which have no neighbour as bright.

    Parameters
    ----------
    pixels : uint8 or uint16 array of shape (height, width) or (height, width, 3)
    """
    if pixels.dtype == np.uint8:
        return 255
    brightest = max(_brightest_pair(pixels, rows) for rows in row_blocks(len(pixels)))
    return next(full for full in _SENSOR_FULL_SCALES if brightest <= full)


def _brightest_pair(pixels: np.ndarray, rows: slice) -> int:
    """Return the brightest sample of some rows that has a neighbour as bright."""
    above = min(rows.start, 1)
    part = pixels[rows.start - above : rows.stop + 1]
    lit = np.minimum(part, cv2.dilate(part, _NEIGHBOURS))
    return int(lit[above : above + rows.stop - rows.start].max())


def to_eight_bits(pixels: np.ndarray) -> np.ndarray:
    """Return pixels of 16 bits over their sensor's range as uint8, rounded; others as they are."""
    if pixels.dtype == np.uint8:
        return pixels
    full = sensor_full_scale(pixels)
    scaled = np.empty(pixels.shape, np.uint8)
    for rows in row_blocks(len(pixels)):
        scaled[rows] = (np.minimum(pixels[rows], full).astype(np.uint32) * 255 + full // 2) // full
    return scaled


def to_depth(pixels: np.ndarray, depth: type) -> np.ndarray:
    """Return pixels as uint8, or as they are where `depth` is numpy.uint16."""
    return pixels if depth is np.uint16 else to_eight_bits(pixels)
