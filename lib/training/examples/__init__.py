"""What the networks learn from: what simulated photos and crops show."""
