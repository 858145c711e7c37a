"""Pictures as cameras leave them: photos, FITS, videos; found, read, and written."""
