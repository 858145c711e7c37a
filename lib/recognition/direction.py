"""Which end of a band is blue, decided once; from here on everything runs from blue to red.

The trace network tells it, unless the pattern of the lines is sure of the contrary.
"""

from dataclasses import replace

from lib.recognition.band import Band
from lib.recognition.reading import read_light


def with_wavelengths(band: Band) -> Band:
    """Return a band with its wavelengths read, its direction as it is: an instrument's holds."""
    reading = read_light(band.profile.rgb, blue_known=band.way_is_sure)
    return replace(band, reading=reading)


def blue_first(band: Band) -> Band:
    """Return a band that was found, its wavelengths read and its light from blue to red.

    A direction that the band knows already is changed by a sure reading alone; an unknown one
    follows the reading, sure or not.
    """
    known, band = band.way_is_sure, with_wavelengths(band)
    sure = band.reading.is_sure_of_rise
    band = replace(band, way_is_sure=known or sure)
    return band if band.reading.blue_first or (known and not sure) else band.turned()
