"""A training from its first batch to its record, on one process or several."""
