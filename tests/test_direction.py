"""Which end of a band is blue."""

import numpy as np
import pytest

from lib.recognition import direction
from lib.recognition.band import band_of
from lib.recognition.reading import PLACES, Reading
from lib.recognition.straighten import Geometry
from lib.recognition.strip import sample_band


def band_towards(way):
    """A band that grows brighter along the photo, its red end as the trace network told."""
    ramp = np.linspace(10, 200, 300).astype(np.uint8)
    image = np.repeat(np.tile(ramp, (40, 1))[..., None], 3, axis=2)
    strip = sample_band(image, Geometry("horizontal", 0, 299, (20.0,), 15))
    return band_of(strip, slice(None), image.shape, towards_red=way, evidence=1.0)


@pytest.fixture
def read(monkeypatch):
    """Let the axis network read wavelengths that rise along the profile, or fall, so surely."""

    def as_told(rises, error_nm):
        nm = np.linspace(400, 700, PLACES)
        t = np.linspace(-1, 1, PLACES)
        reading = Reading(t, nm if rises else nm[::-1], np.full(PLACES, error_nm))
        monkeypatch.setattr(direction, "read_light", lambda rgb, blue_known: reading)

    return as_told


@pytest.mark.parametrize("way", [1, -1])
def test_a_known_direction_yields_to_a_sure_reading_alone(read, way):
    read(False, 1.0)
    sure = direction.blue_first(band_towards(way))
    assert (sure.towards_red, sure.way_is_sure) == (-way, True)
    assert sure.reading.blue_first
    read(False, 60.0)
    unsure = direction.blue_first(band_towards(way))
    assert (unsure.towards_red, unsure.way_is_sure) == (way, True)


def test_light_of_unknown_direction_runs_as_it_is_read(read):
    read(False, 60.0)
    band = direction.blue_first(band_towards(0))
    assert (band.towards_red, band.way_is_sure, band.blue_end) == (-1, False, "none")
    # Brighter towards the photo's right, which is the band's beginning now.
    assert band.profile.rgb[0, 0] > band.profile.rgb[-1, 0]
    assert band.profile.position[0] == 299


def test_an_instruments_direction_holds_whatever_is_read(read):
    read(False, 1.0)
    band = direction.with_wavelengths(band_towards(1))
    assert (band.towards_red, band.blue_end) == (1, "left")
