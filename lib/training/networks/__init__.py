"""The classifier's networks, and how they are trained."""
