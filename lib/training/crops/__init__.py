"""Crops with labels: split, written to TFRecord files, read in batches."""
