"""How well a classifier does, and how sure it may be."""
