"""Where in a photo a spectrum lies: its band, its ends, its direction, its light."""
