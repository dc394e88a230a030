"""A link by which a customer sees one version of one quote."""

from __future__ import annotations

import datetime as dt

from django.db import models

from klientel.kernel.tenancy.models import Id, TenantModel


class Share(TenantModel):
    """Who holds the secret text of a share sees its quote and may answer it. Only the digest of the text is stored.

    ``tracked``: the person allowed us to measure whether it is opened; otherwise nothing is kept of that.
    """

    id = Id(primary_key=True)
    quote_id = models.UUIDField()
    person_id = models.UUIDField(null=True)
    account_id = models.UUIDField(null=True)
    address = models.CharField(max_length=254, default="")
    prefix = models.CharField(max_length=8)
    digest = models.CharField(max_length=64)
    tracked = models.BooleanField(default=False)
    made_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)
    opened_at = models.DateTimeField(null=True)

    class Meta(TenantModel.Meta):
        app_label = "portal"
        constraints = [models.UniqueConstraint(fields=["tenant_id", "prefix"], name="share_once")]
        indexes = [models.Index(fields=["tenant_id", "quote_id"], name="share_quote")]

    def is_open(self, now: dt.datetime) -> bool:
        """Whether it still leads anywhere."""
        return self.revoked_at is None and now < self.expires_at
