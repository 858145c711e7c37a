"""Refusals of the server itself, before the application sees a request: JSON as all others."""

from waitress.task import ErrorTask

from lib.files import json_text
from web.options import RETRY_S

_CODES = {
    400: ("bad_request", "The request is not HTTP that this server understands."),
    408: ("too_slow", "The request arrives too slowly."),
    413: ("too_large", "The request is larger than this server takes."),
    431: ("headers_too_large", "The headers are larger than this server takes."),
    501: ("not_implemented", "This transfer encoding is not supported."),
    503: ("busy", "Too many uploads at once; come back in a few seconds."),
}


class JsonErrorTask(ErrorTask):
    """Write a refusal and close the connection."""

    def execute(self) -> None:
        """Write the answer."""
        error = self.request.error
        code, message = _CODES.get(error.code, ("internal_error", "The server met a fault."))
        body = json_text({"code": code, "message": message}).encode()
        self.status = f"{error.code} {error.reason}"
        self.response_headers.extend(
            [("Content-Type", "application/json"), ("Cache-Control", "no-store")]
        )
        if error.code == 503:
            self.response_headers.append(("Retry-After", str(RETRY_S)))
        self.set_close_on_finish()
        self.content_length = len(body)
        self.write(body)
