"""What shines: spectral power distributions of every lamp."""
