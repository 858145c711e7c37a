"""What holds for every request: a line in the log, security headers, known host names."""

import logging
import time
from collections.abc import Callable

from django.core.exceptions import DisallowedHost
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from web.gate import errors
from web.gate.access import client_address
from web.options import HEALTH_PATH

log = logging.getLogger("web.request")

Handler = Callable[[HttpRequest], HttpResponse]

# No inline script or style anywhere; photos are shown from memory (blob:, data:).
_POLICY = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self' blob: data:",
    "connect-src": "'self'",
    "font-src": "'self'",
    "manifest-src": "'self'",
    "form-action": "'self'",
    "frame-ancestors": "'none'",
    "base-uri": "'none'",
}
_CSP = "; ".join(f"{name} {value}" for name, value in _POLICY.items())


def log_requests(get_response: Handler) -> Handler:
    """Log one line a request: who, what, how long, how it ended; nothing of its content."""

    def middleware(request: HttpRequest) -> HttpResponse:
        start = time.monotonic()
        response = get_response(request)
        log.info(
            "request",
            extra={
                "fields": {
                    "method": request.method,
                    "path": request.path,
                    "status": response.status_code,
                    "ms": round(1000 * (time.monotonic() - start), 1),
                    "bytes_in": _content_length(request),
                    "address": client_address(request),
                    **getattr(request, "log_fields", {}),
                }
            },
        )
        return response

    return middleware


def add_security_headers(get_response: Handler) -> Handler:
    """Add the headers that Django has no setting for."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        response.headers.setdefault("Content-Security-Policy", _CSP)
        response.headers.setdefault("Permissions-Policy", permissions())
        if not request.path_info.startswith("/static/"):
            # Answers are about somebody's photos: no cache on the way keeps them.
            response.headers.setdefault("Cache-Control", "no-store")
        return response

    return middleware


def permissions(camera: str = "()") -> str:
    """Return the Permissions-Policy of a page; the camera's is `()` for none, `(self)` for ours."""
    return f"camera={camera}, geolocation=(), microphone=()"


def answer_monitors(get_response: Handler) -> Handler:
    """Tell a monitor that the server is alive, whoever asks under whatever name."""
    alive = require_safe(lambda _: HttpResponse("alive\n", content_type="text/plain"))

    def middleware(request: HttpRequest) -> HttpResponse:
        return (alive if request.path_info == HEALTH_PATH else get_response)(request)

    return middleware


def check_host(get_response: Handler) -> Handler:
    """Refuse requests that address a name which is not ours (DNS rebinding)."""

    def middleware(request: HttpRequest) -> HttpResponse:
        try:
            request.get_host()
        except DisallowedHost as error:
            return errors.host_not_allowed(request, error)
        return get_response(request)

    return middleware


def _content_length(request: HttpRequest) -> int:
    text = request.META.get("CONTENT_LENGTH") or "0"
    return int(text) if text.isdecimal() else 0
