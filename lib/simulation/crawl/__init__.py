"""Heaps of downloads as a crawl leaves them, faults included."""
