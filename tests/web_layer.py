"""Fixtures for tests of the web layer alone: Django in this process, readers that are fake."""

import secrets
from dataclasses import replace

import pytest

from web.readers.work import ModelInfo, Reply


@pytest.fixture(scope="session")
def django_service(tmp_path_factory):
    """Django configured as s6 does it, in this process, on a state folder of its own."""
    from django.test.utils import setup_test_environment

    from web.options import ServiceOptions
    from web.storage.state import start_django

    options = ServiceOptions(
        state=tmp_path_factory.mktemp("django") / "state",
        cors_origins=("https://lab.example.org",),
        allowed_hosts=("spectra.example.org",),
        token_rate=0,
        address_rate=0,
    )
    start_django(options)
    setup_test_environment()
    return options


class FakePool:
    """Readers that answer at once: for tests of what lies around them."""

    info = ModelInfo(
        {"version": "1", "architecture": "a", "classes": ["led"], "unknown": {}, "test": {}},
        ("neon",),
        {},
    )

    def __init__(self):
        self.jobs, self.clients = [], []
        self.reply = Reply({"status": "no_band", "reason": "nothing"})

    def answer(self, job, client):
        self.jobs.append(job)
        self.clients.append(client)
        if isinstance(self.reply, Exception):
            raise self.reply
        return Reply({"photo": job.name, **self.reply.answer}, self.reply.extras)


@pytest.fixture
def pool(django_service):
    from django.core.cache import cache

    from web.readers import asking

    cache.clear()
    fake = FakePool()
    asking.use_pool(fake)
    yield fake
    asking.use_pool(None)


@pytest.fixture
def client(django_service):
    from django.test import Client

    return Client(enforce_csrf_checks=True, SERVER_NAME="localhost")


@pytest.fixture
def token(django_service):
    from web.storage.tokens import create_token

    return create_token(f"test {secrets.token_hex(8)}")


@pytest.fixture
def options(django_service):
    """Change the service's options for one test."""
    from django.test import override_settings

    active = []

    def change(**changes):
        override = override_settings(SERVICE=replace(django_service, **changes))
        override.enable()
        active.append(override)

    yield change
    for override in active:
        override.disable()
