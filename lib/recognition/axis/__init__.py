"""Which wavelengths a band shows, and how surely."""
