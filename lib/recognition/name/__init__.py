"""Which lamp it is, and whether it may be named."""
