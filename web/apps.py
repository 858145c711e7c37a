"""The one Django application of the project."""

from django.apps import AppConfig


class WebConfig(AppConfig):
    """Tokens, saved calibrations, the page and the API."""

    name = "web"
    label = "web"
