"""Crops of spectra, made directly in batches."""
