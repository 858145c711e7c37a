"""Tokens: made once, shown once, kept as digests, revoked but never forgotten."""

import hashlib
import secrets

from django.db import IntegrityError
from django.utils import timezone

from lib.errors import DataError
from web.models import ApiToken

_TOKEN_BYTES = 32
_MAX_NAME_LENGTH = ApiToken._meta.get_field("name").max_length


class UnknownToken(DataError):
    """No living token has this text."""


def create_token(name: str) -> str:
    """Create a token and return its text, which is kept nowhere.

    Raises
    ------
    DataError
        If the name is empty, too long, or that of a living token.
    """
    if not name.strip() or len(name) > _MAX_NAME_LENGTH or not name.isprintable():
        raise DataError(f"token name {name!r}: expected 1 to {_MAX_NAME_LENGTH} printable letters")
    token = secrets.token_urlsafe(_TOKEN_BYTES)
    try:
        ApiToken.objects.create(name=name, digest=_digest(token))
    except IntegrityError as error:
        raise DataError(f"token name {name!r}: already in use; revoke it first") from error
    return token


def list_tokens() -> list[ApiToken]:
    """Return all tokens, oldest first, revoked ones included."""
    return list(ApiToken.objects.order_by("created"))


def revoke_token(name: str) -> None:
    """Revoke the living token of that name.

    Raises
    ------
    DataError
        If there is none.
    """
    count = ApiToken.objects.filter(name=name, revoked=None).update(revoked=timezone.now())
    if not count:
        raise DataError(f"token name {name!r}: no living token has it; see list-tokens")


def find_token(text: str) -> ApiToken:
    """Return the living token with this text.

    Raises
    ------
    UnknownToken
        If it was never made, or is revoked.
    """
    token = ApiToken.objects.filter(digest=_digest(text)).first()
    if token is None:
        raise UnknownToken("this token is not known here")
    if token.revoked:
        raise UnknownToken("this token has been revoked")
    _note_use(token)
    return token


def find_session_token(token_id: object) -> ApiToken | None:
    """Return the living token that a signed session names, or None."""
    if not isinstance(token_id, int):
        return None
    return ApiToken.objects.filter(pk=token_id, revoked=None).first()


def _note_use(token: ApiToken) -> None:
    """Record the day, so that a token costs at most one write a day."""
    today = timezone.localdate()
    if token.last_used != today:
        ApiToken.objects.filter(pk=token.pk).update(last_used=today)


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
