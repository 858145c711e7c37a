"""The Django project that s6 serves: a page and a JSON API over lib/recognition."""
