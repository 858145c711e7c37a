"""Physics to crops and photos with known truth: lamps, grating, camera."""
