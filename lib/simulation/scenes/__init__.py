"""What else a photo shows: places, things, light beside the spectrum."""
