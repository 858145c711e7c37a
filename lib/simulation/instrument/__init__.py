"""What light goes through: grating or prism, lens, sensor."""
