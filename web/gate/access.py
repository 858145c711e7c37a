"""Who may do what, and how often."""

import ipaddress
from dataclasses import dataclass

from django.conf import settings
from django.http import HttpRequest
from rest_framework import exceptions
from rest_framework.authentication import BaseAuthentication, CSRFCheck, get_authorization_header
from rest_framework.permissions import BasePermission
from rest_framework.throttling import SimpleRateThrottle

from web.models import ApiToken
from web.options import is_loopback
from web.storage.database import counting_alone
from web.storage.tokens import UnknownToken, find_session_token, find_token

SESSION_KEY = "token"
# Whoever asks by way of a proxy is not on this machine, whatever the connection says.
_FORWARDING_HEADERS = (
    "HTTP_FORWARDED",
    "HTTP_VIA",
    "HTTP_X_FORWARDED_FOR",
    "HTTP_X_FORWARDED_HOST",
    "HTTP_X_REAL_IP",
)
# One customer of a provider has this much of the IPv6 space to himself.
_IPV6_PREFIX = 64


@dataclass(frozen=True)
class Client:
    """Who asks: the holder of a token, or somebody at this machine (`token` None)."""

    token: ApiToken | None

    @property
    def name(self) -> str:
        """What the log calls the client."""
        return self.token.name if self.token else "local"

    @property
    def key(self) -> str:
        """What the client's share of the readers is counted by."""
        return f"token {self.token.pk}" if self.token else "local"


class TokenAuthentication(BaseAuthentication):
    """`Authorization: Token <token>`, the only key to the API."""

    keyword = "Token"

    def authenticate(self, request) -> tuple[Client, ApiToken] | None:
        """Return the client of the request's token; None without one."""
        words = get_authorization_header(request).split()
        if not words or words[0].lower() != self.keyword.lower().encode():
            return None
        try:
            token = find_token(words[1].decode("ascii")) if len(words) == 2 else None
        except (UnknownToken, UnicodeDecodeError) as error:
            reason = str(error) if isinstance(error, UnknownToken) else "a token is plain ASCII"
            raise exceptions.AuthenticationFailed(_sentence(reason)) from error
        if token is None:
            raise exceptions.AuthenticationFailed("Expected: Authorization: Token <token>.")
        return Client(token), token

    def authenticate_header(self, request) -> str:
        """Name the scheme, so that a missing token is answered by 401."""
        return self.keyword


class PageAuthentication(BaseAuthentication):
    """The page's own requests: from this machine, or after a login; always with a CSRF token."""

    def authenticate(self, request) -> tuple[Client, None] | None:
        """Return the client that the page was given to; None where it must log in first."""
        client = page_client(request._request)
        if client is None:
            return None
        check = CSRFCheck(lambda _: None)
        check.process_request(request._request)
        if check.process_view(request._request, None, (), {}):
            raise exceptions.PermissionDenied(
                "The page has expired; load it again.", code="csrf_failed"
            )
        return client, None

    def authenticate_header(self, request) -> str:
        """Name a scheme that no browser pops up a password window for."""
        return "Session"


class IsKnown(BasePermission):
    """Whoever has been authenticated may do everything."""

    def has_permission(self, request, view) -> bool:
        """Return whether the request has a client."""
        return isinstance(request.user, Client)


class _Throttle(SimpleRateThrottle):
    """Each request is counted, however many come at once and to whichever server."""

    def allow_request(self, request, view) -> bool:
        """Count the request and return whether it may go on."""
        self.key = self.get_cache_key(request, view) if self.rate else None
        # Without a rate or a key nothing is counted.
        if not self.key:
            return True
        with counting_alone(self.key):
            self.now = self.timer()
            counted = self.cache.get(self.key, [])
            # A time that lies ahead by more is that of a clock that has been set back since.
            self.history = [at for at in counted if abs(self.now - at) < self.duration]
            if len(self.history) >= self.num_requests:
                return self.throttle_failure()
            return self.throttle_success()


class AddressThrottle(_Throttle):
    """So many requests a minute of one address."""

    scope = "address"

    def get_rate(self) -> str | None:
        """Return the rate as the service's options set it."""
        return _per_minute(settings.SERVICE.address_rate)

    def get_cache_key(self, request, view) -> str:
        """Return the key that requests of one address share."""
        ident = address_group(client_address(request))
        return self.cache_format % {"scope": self.scope, "ident": ident}


class TokenThrottle(_Throttle):
    """So many requests a minute of one token."""

    scope = "token"

    def get_rate(self) -> str | None:
        """Return the rate as the service's options set it."""
        return _per_minute(settings.SERVICE.token_rate)

    def get_cache_key(self, request, view) -> str | None:
        """Return the key that requests of one token share; None for a client without one."""
        if not request.user.token:
            return None
        return self.cache_format % {"scope": self.scope, "ident": request.user.token.pk}


def _per_minute(count: int) -> str | None:
    return f"{count}/min" if count else None


def page_client(request: HttpRequest) -> Client | None:
    """Return who the page is shown to, or None where a login is needed.

    Nobody needs one at the machine itself while the server listens to nobody else. A proxy in
    front makes every visitor look local, so any trace of one asks for a login.
    """
    token = find_session_token(request.session.get(SESSION_KEY))
    if token:
        return Client(token)
    return Client(None) if is_local(request) else None


def is_local(request: HttpRequest) -> bool:
    """Return whether the request can only come from this machine."""
    forwarded = any(header in request.META for header in _FORWARDING_HEADERS)
    return settings.SERVICE.local_only and not forwarded and is_loopback(client_address(request))


def client_address(request: HttpRequest) -> str:
    """Return the address that asks; behind a trusted proxy, the one that the proxy names."""
    return request.META.get("REMOTE_ADDR", "")


def address_group(address: str) -> str:
    """Return what addresses of one client have in common."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return "none"
    if parsed.version == 6:
        return str(ipaddress.ip_network(f"{address.split('%')[0]}/{_IPV6_PREFIX}", strict=False))
    return address


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:] + "."
