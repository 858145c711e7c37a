"""From lamp photos to an instrument, and from its photos to spectra that can be compared."""
