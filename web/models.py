"""What the service keeps: tokens (as digests) and saved instrument calibrations."""

import uuid

from django.db import models


class ApiToken(models.Model):
    """The right of one client to call the API."""

    name = models.CharField(max_length=100)
    # SHA-256 of the token. A plain digest is enough: the token is 256 random bits, not a password.
    digest = models.CharField(max_length=64, unique=True)
    created = models.DateTimeField(auto_now_add=True)
    last_used = models.DateField(null=True)
    revoked = models.DateTimeField(null=True)

    class Meta:
        """One living token a name; revoked ones stay for the record."""

        constraints = (
            models.UniqueConstraint(
                fields=["name"], condition=models.Q(revoked=None), name="one_living_token_a_name"
            ),
        )


class SavedCalibration(models.Model):
    """An instrument, kept from a lamp photo or a file; all of the lab reads it."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=100)
    # The name of the token that saved it, so that a new token of that name goes on owning it; empty
    # for who sat at the machine itself, and for what 0.9.0 and earlier saved.
    owner = models.CharField(max_length=100, default="")
    created = models.DateTimeField(auto_now_add=True)
    document = models.JSONField()

    class Meta:
        """Newest first; a list is read from the index alone, past the documents."""

        ordering = ("-created",)
        indexes = (
            models.Index(fields=("-created", "id", "name", "owner"), name="list_of_calibrations"),
        )
