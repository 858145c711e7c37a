"""Saved instruments: who owns them, and their list, which is read without their documents."""

from collections.abc import Callable

from web.models import ApiToken, SavedCalibration

_LISTED = ("id", "name", "owner", "created")


def rows_for(token: ApiToken | None) -> list[dict]:
    """Return what the list says of each instrument, newest first.

    Parameters
    ----------
    token : ApiToken or None
        Of who asks; None for somebody at the machine itself.
    """
    may_delete = deletable_by(token)
    return [_row(one, may_delete) for one in SavedCalibration.objects.values(*_LISTED)]


def row_of(saved: SavedCalibration, token: ApiToken | None) -> dict:
    """Return what the list says of one instrument."""
    return _row({name: getattr(saved, name) for name in _LISTED}, deletable_by(token))


def deletable_by(token: ApiToken | None) -> Callable[[str], bool]:
    """Return whether the holder of `token` may delete an instrument, by its owner.

    An instrument belongs to the token that saved it, and after its revocation to a new one of the
    same name. What belongs to no living token anyone may delete, and whoever sits at the machine
    itself anything.
    """
    living = set(ApiToken.objects.filter(revoked=None).values_list("name", flat=True))
    return lambda owner: token is None or owner == token.name or owner not in living


def _row(fields: dict, may_delete: Callable[[str], bool]) -> dict:
    owner = fields["owner"]
    return fields | {"owner": owner or None, "deletable": may_delete(owner)}
