"""What can be asked: the API and the pages."""
