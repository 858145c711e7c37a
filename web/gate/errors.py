"""Every refusal as a code and a sentence; nothing of the program's inside."""

import logging

from django.core.exceptions import (
    DisallowedHost,
    SuspiciousOperation,
    TooManyFieldsSent,
    TooManyFilesSent,
)
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.multipartparser import MultiPartParserError
from django.shortcuts import render
from rest_framework import exceptions, status
from rest_framework.response import Response
from rest_framework.views import set_rollback

from lib.errors import DataError
from web.gate.uploads import UploadTooLarge
from web.options import MAX_PHOTOS, RETRY_S
from web.readers.pool import Busy, WorkFailed

log = logging.getLogger(__name__)


_SENTENCES = {
    400: ("bad_request", "The request is not one that this server understands."),
    403: ("forbidden", "This is not allowed."),
    404: ("not_found", "There is nothing at this address."),
    413: ("too_large", "The request is larger than this server takes."),
    500: ("internal_error", "The server met a fault of its own; it has been logged."),
}


class Refused(exceptions.APIException):
    """A request that cannot be met, with its code and sentence."""

    def __init__(self, status_code: int, code: str, message: str):
        self.status_code = status_code
        super().__init__(message, code)


def api_exception(error: Exception, context: dict) -> Response:
    """Turn whatever a view raises into JSON (Django REST framework's hook)."""
    status_code, code, message = _describe(error)
    if status_code >= 500 and not isinstance(error, Busy | WorkFailed):
        log.error("request failed", exc_info=error)
    set_rollback()
    headers = {}
    if isinstance(error, exceptions.AuthenticationFailed | exceptions.NotAuthenticated):
        headers["WWW-Authenticate"] = getattr(error, "auth_header", "Token")
    if getattr(error, "wait", None):
        headers["Retry-After"] = str(max(1, round(error.wait)))
    if status_code == 503:
        headers["Retry-After"] = str(RETRY_S)
    return Response({"code": code, "message": message}, status=status_code, headers=headers)


def _describe(error: Exception) -> tuple[int, str, str]:
    """Return status, code and sentence of an exception."""
    match error:
        case UploadTooLarge():
            return 413, "too_large", f"Too large: {error}."
        case TooManyFilesSent():
            return 413, "too_many_photos", f"Expected at most {MAX_PHOTOS} photos a request."
        case TooManyFieldsSent():
            return 400, "too_many_fields", "The form has more fields than any of ours."
        case SuspiciousOperation() | MultiPartParserError():
            return 400, *_SENTENCES[400]
        case DataError():
            return 422, "unprocessable", f"{error}."
        case Busy():
            return 503, "busy", "Every reader of photos is taken; come back in a few seconds."
        case OperationalError() | InterfaceError():
            return 503, "database_away", "The database cannot be reached; come back in a minute."
        case exceptions.Throttled():
            return 429, "too_many_requests", "Too many requests; slow down."
        case exceptions.NotAuthenticated():
            return 401, "token_missing", "Expected: Authorization: Token <token>."
        case exceptions.AuthenticationFailed():
            return 401, "token_refused", str(error.detail)
        case exceptions.ValidationError():
            return 400, "invalid", _sentences(error.detail)
        case exceptions.APIException():
            return error.status_code, error.get_codes(), str(error.detail)
        case _ if type(error).__name__ == "Http404":
            return 404, *_SENTENCES[404]
        case _:
            return 500, *_SENTENCES[500]


def _sentences(detail: dict | list) -> str:
    """Return what is wrong with each field of a form."""
    fields = detail.items() if isinstance(detail, dict) else [("request", detail)]
    return " ".join(f"{name}: {' '.join(map(str, _flat(problems)))}" for name, problems in fields)


def _flat(problems: object) -> list:
    """Return the sentences of a field, which for a list of values come by index."""
    if isinstance(problems, dict):
        return [sentence for each in problems.values() for sentence in _flat(each)]
    return list(problems) if isinstance(problems, list) else [problems]


def answer(request: HttpRequest, status_code: int, code: str, message: str) -> HttpResponse:
    """Return a refusal outside of the API's views: JSON, or a page for a person."""
    for_a_person = "text/html" in request.headers.get("Accept", "")
    if request.path_info.startswith("/api/") or not for_a_person:
        return JsonResponse({"code": code, "message": message}, status=status_code)
    context = {"code": code, "message": message, "status": status_code}
    return render(request, "web/error.html", context, status=status_code)


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Django's handler of 400, and of requests that it finds suspicious."""
    if isinstance(exception, UploadTooLarge | TooManyFilesSent | TooManyFieldsSent):
        return answer(request, *_describe(exception))
    return answer(request, 400, *_SENTENCES[400])


def host_not_allowed(request: HttpRequest, error: DisallowedHost) -> HttpResponse:
    """Say how to allow a host name; asked by an unknown one, the page may not be rendered."""
    message = (
        "This server does not answer under this name. Whoever runs it can allow the name: "
        "--allowed-host NAME."
    )
    return JsonResponse({"code": "host_not_allowed", "message": message}, status=400)


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Django's handler of 403."""
    return answer(request, 403, *_SENTENCES[403])


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Django's handler of forms without their CSRF token."""
    return answer(request, 403, "csrf_failed", "The page has expired; load it again.")


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Django's handler of 404."""
    return answer(request, 404, *_SENTENCES[404])


def server_error(request: HttpRequest) -> HttpResponse:
    """Django's handler of 500; Django has logged the trace."""
    code, message = _SENTENCES[500]
    return JsonResponse(
        {"code": code, "message": message}, status=status.HTTP_500_INTERNAL_SERVER_ERROR
    )
