"""Find the spectrum in a photo: where it lies, along which line, which end is blue."""

from dataclasses import replace

import numpy as np

from lib.errors import DataError
from lib.recognition.band import Band, band_of
from lib.recognition.direction import blue_first
from lib.recognition.find.orders import BEYOND, Order, order_in, rough_order
from lib.recognition.find.refinement import refine
from lib.recognition.find.rows import clean_rows
from lib.recognition.find.search import Candidate, find_candidates
from lib.recognition.straighten import Geometry
from lib.recognition.strip import sample_band

# Less sure of a first order than this, and it is none: of 2,100 simulated photos 3 of 1,518 right
# bands go, 22 of 132 wrong ones, and 3 of 11 that were found in scenes without a spectrum (with the
# trace network of 0.3.0).
_SURE_OF_ORDER = 0.8
# From this confidence on, a mask counts though the trace network sees no first order along it:
# slits taller than their spectrum is long. Masks of scenes stay below.
_SURE_OF_MASK = 0.75


class BandNotFound(DataError):
    """The photo shows no usable spectrum; the message says why."""

    code = "no_spectrum"


def find_band(image: np.ndarray) -> Band:
    """Find the best usable spectrum in a photo.

    Parameters
    ----------
    image : uint8 array of shape (h, w, 3)
        Upright RGB photo.

    Raises
    ------
    BandNotFound
        If the photo shows no usable spectrum.
    """
    examined = (_examine(image, candidate) for candidate in find_candidates(image))
    bands = [band for band in examined if band is not None]
    if not bands:
        raise BandNotFound("no spectrum: nothing in the photo looks like one")
    return blue_first(max(bands, key=_merit))


def _examine(image: np.ndarray, candidate: Candidate) -> Band | None:
    """Refine a candidate's geometry and measure its light; None if it holds no first order."""
    seen = rough_order(image, candidate.geometry)
    if seen is None and candidate.confidence < _SURE_OF_MASK:
        return None
    geometry = seen.geometry if seen else candidate.geometry
    # The mask tells the centre line to about two pixels of the canvas.
    geometry = refine(image, geometry, 2.0 * candidate.pixel_px)
    strip = sample_band(image, _hull(geometry, candidate.geometry), beyond=BEYOND)
    # With its lines upright, and close up, the order shows its ends more sharply.
    order = order_in(strip, seen) or seen
    if seen is None and (order is None or order.confidence < _SURE_OF_ORDER):
        # What is only doubted now gives no better ends than the mask's, though perhaps a direction.
        order = Order(geometry, order.towards_red if order else 0, candidate.confidence)
    if order.confidence < _SURE_OF_ORDER and candidate.confidence < _SURE_OF_MASK:
        return None
    strip = strip.columns(order.geometry.start, order.geometry.stop)
    return band_of(
        strip,
        clean_rows(strip),
        image.shape,
        towards_red=order.towards_red,
        evidence=order.confidence,
        cut_dark_ends=True,
    )


def _hull(seen: Geometry, mask: Geometry) -> Geometry:
    """Return what was seen from afar with the ends of its mask, where they overlap.

    Of lines that lean much a look along the band shows only a part before they are upright.
    """
    if seen.start > mask.stop or mask.start > seen.stop:
        return seen
    return replace(seen, start=min(seen.start, mask.start), stop=max(seen.stop, mask.stop))


def _merit(band: Band) -> float:
    """Which of several bands to use: sure, bright, not clipped."""
    quality = band.quality
    return quality.evidence * quality.brightness * (1 - quality.clipped_fraction)
