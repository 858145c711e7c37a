"""From a heap of downloads to labelled photos."""
