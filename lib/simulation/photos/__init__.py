"""Whole photos of spectra and of other things, with their truth."""
