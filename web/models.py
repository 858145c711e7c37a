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
    """The wavelength axis of an instrument, kept from a lamp photo; shared by all of the lab."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=100)
    created = models.DateTimeField(auto_now_add=True)
    document = models.JSONField()

    class Meta:
        """Newest first."""

        ordering = ("-created",)
