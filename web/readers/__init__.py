"""The processes that read photos, and what they are asked."""
