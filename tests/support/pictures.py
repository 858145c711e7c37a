"""Changes of pictures that tests and benchmarks make."""

import cv2
import numpy as np


def turned(image: np.ndarray, angle_deg: float) -> np.ndarray:
    """Turn a photo on a black ground that grows to hold it."""
    height, width = image.shape[:2]
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), angle_deg, 1)
    cosine, sine = np.abs(turn[0, :2])
    size = int(width * cosine + height * sine), int(width * sine + height * cosine)
    turn[:, 2] += (size[0] - width) / 2, (size[1] - height) / 2
    return cv2.warpAffine(image, turn, size)
