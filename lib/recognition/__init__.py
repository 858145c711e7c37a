"""From a photo to its light source and its wavelength axis."""
