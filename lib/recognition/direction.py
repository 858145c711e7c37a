"""Which end of a band is blue, decided once; from here on everything runs from blue to red.

The trace network tells it, else the pattern of the lines.
"""

from dataclasses import replace

from lib.recognition.axis.reading import read_wavelengths
from lib.recognition.band import Band


def read_band(band: Band) -> Band:
    """Return a band with its wavelengths read, and its light in the order that they tell.

    Where the way is known already, the reading is told so, and must be sure to change it.
    """
    reading = read_wavelengths(band.profile.rgb, blue_known=band.way_is_sure)
    believed = reading.is_sure_of_rise or not band.way_is_sure
    told = band.way_is_sure or reading.is_sure_of_rise
    band = replace(band, reading=reading, way_is_sure=told)
    return band if reading.blue_first or not believed else band.turned()
