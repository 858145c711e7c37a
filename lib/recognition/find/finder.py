"""Find the spectrum in a photo: where it lies, along which line, which end is blue."""

from dataclasses import dataclass, replace

import numpy as np

from lib.errors import DataError
from lib.recognition.band import Band, band_of, bounding_box
from lib.recognition.direction import blue_first
from lib.recognition.find.choice import Box, Choice, in_words, matching
from lib.recognition.find.orders import BEYOND, Order, order_in, rough_order
from lib.recognition.find.refinement import refine
from lib.recognition.find.rows import clean_rows
from lib.recognition.find.rows_apart import are_alike, rows_apart
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


# Spectra one above the other run alike: their slopes differ by less than this, and they share this
# part of the shorter one's length.
_SAME_SLOPE, _LEAST_SHARED = 0.1, 0.2
# Samples of two profiles that are compared.
_COMPARED = 192


class BandNotFound(DataError):
    """The photo shows no usable spectrum; the message says why."""

    code = "no_spectrum"


class NoSuchBand(BandNotFound):
    """The photo does not show the spectrum that was chosen."""

    code = "no_such_band"


@dataclass
class _Spectrum:
    """A spectrum that was found, `band` once it has been examined."""

    candidate: Candidate
    band: Band | None = None

    @property
    def geometry(self) -> Geometry:
        return self.band.geometry if self.band else self.candidate.geometry


def find_band(
    image: np.ndarray, choice: Choice | None = None, *, along: Geometry | None = None
) -> Band:
    """Find the best usable spectrum in a photo, or the one that was chosen.

    Parameters
    ----------
    image : uint8 array of shape (h, w, 3)
        Upright RGB photo.
    choice : int or tuple of int, optional
        The number of a spectrum in reading order, or a box around it.
    along : Geometry, optional
        Where an instrument's band lies: the spectrum nearest to its middle is taken before better
        ones elsewhere.

    Returns
    -------
    Band
        Where the photo shows several, with the boxes of all.

    Raises
    ------
    BandNotFound
        If the photo shows no usable spectrum.
    NoSuchBand
        If it does not show the one that was chosen.
    """
    spectra = _spectra_in(image)
    boxes = [bounding_box(one.geometry, image.shape) for one in spectra]
    if choice is not None:
        chosen = _number_of(choice, boxes)
    elif along is not None:
        chosen = _nearest(spectra, along)
    else:
        chosen = None
    if isinstance(choice, tuple) and chosen is None:
        band = _band_inside(image, choice)
    elif not spectra:
        raise BandNotFound("no spectrum: nothing in the photo looks like one")
    else:
        if chosen is None:
            seen = [one for one in spectra if one.band]
            chosen = spectra.index(max(seen, key=lambda one: _merit(one.band)))
        band = spectra[chosen].band or _examine(image, spectra[chosen].candidate)
        if band is None:
            x0, y0, x1, y1 = boxes[chosen]
            raise NoSuchBand(f"no spectrum at {x0},{y0},{x1},{y1} that can be used")
        band = blue_first(band)
    if len(boxes) < 2:
        return band
    return replace(band, among=tuple(boxes), number=None if chosen is None else chosen + 1)


def _spectra_in(image: np.ndarray) -> list[_Spectrum]:
    """Return the spectra of a photo that lie in rows of their own, in reading order.

    Of those on one line, or of one light, the best is there alone.
    """
    found = []
    for candidate in find_candidates(image):
        first, *others = rows_apart(image, candidate)
        band = _examine(image, first)
        if band is None and others:
            # What was taken for rows of their own may be none: then it is one spectrum, or nothing.
            first, others, band = candidate, [], _examine(image, candidate)
        if band is not None:
            found += [_Spectrum(first, band), *map(_Spectrum, others)]
    found.sort(key=lambda one: _merit(one.band) if one.band else 0.0, reverse=True)
    kept = []
    for one in found:
        if all(_are_apart(one, other) for other in kept):
            kept.append(one)
    return sorted(kept, key=lambda one: float(one.geometry.across(_middle_of(one, image))))


def _middle_of(one: _Spectrum, image: np.ndarray) -> float:
    return one.geometry.size_of(image)[0] / 2


def _are_apart(one: _Spectrum, other: _Spectrum) -> bool:
    """Return whether two spectra lie one above the other, each with a light of its own."""
    first, second = one.geometry, other.geometry
    if first.axis != second.axis or abs(first.slope() - second.slope()) > _SAME_SLOPE:
        return False
    start, stop = max(first.start, second.start), min(first.stop, second.stop)
    shorter = min(first.stop - first.start, second.stop - second.start)
    if stop - start < _LEAST_SHARED * shorter or first.meets(second):
        return False
    # Rows of one mask have been compared.
    if one.band is None or other.band is None:
        return True
    along = np.linspace(min(first.start, second.start), max(first.stop, second.stop), _COMPARED)
    return not are_alike(*(_light_at(along, each.band) for each in (one, other)))


def _light_at(along: np.ndarray, band: Band) -> np.ndarray:
    """Return a band's light above its surroundings at places (n,) along it."""
    light = (band.profile.rgb - band.background).max(axis=1)
    order = np.argsort(band.profile.position)
    return np.interp(along, band.profile.position[order], light[order], 0.0, 0.0)


def _nearest(spectra: list[_Spectrum], along: Geometry) -> int | None:
    """Return which spectrum lies where a band does, of several the nearest; None if none does."""
    off = {
        k: one.geometry.off(along)
        for k, one in enumerate(spectra)
        if one.geometry.axis == along.axis and one.geometry.meets(along)
    }
    return min(off, key=off.get, default=None)


def _number_of(choice: Choice, boxes: list[Box]) -> int | None:
    """Return which spectrum was chosen, from 0 on; None for a box about none of them."""
    if isinstance(choice, tuple):
        return matching(choice, boxes)
    if not 1 <= choice <= len(boxes):
        count = len(boxes) or "no"
        raise NoSuchBand(
            f"no band {choice}: the photo shows {count} {'spectra' if count != 1 else 'spectrum'}"
        )
    return choice - 1


def _band_inside(image: np.ndarray, box: Box) -> Band:
    """Return the best spectrum inside a box, as if that were the photo."""
    height, width = image.shape[:2]
    x0, y0, x1, y1 = box[0], box[1], min(box[2], width), min(box[3], height)
    words = in_words(box)
    if x1 - x0 < 1 or y1 - y0 < 1:
        raise NoSuchBand(f"the box {words} lies outside the photo of {width} x {height} px")
    try:
        band = find_band(np.ascontiguousarray(image[y0:y1, x0:x1]))
    except BandNotFound:
        raise NoSuchBand(f"no spectrum: nothing in the box {words} looks like one") from None
    return replace(band.moved(x0, y0), among=(), number=None)


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
