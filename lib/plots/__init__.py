"""Every figure; the only importer of matplotlib."""
