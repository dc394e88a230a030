"""Addresses that must not be written to: only their keyed hashes, so that the list survives an erasure."""

from __future__ import annotations

from django.db import models

from klientel.kernel.tenancy.models import Id, TenantModel


class SuppressionKey(TenantModel):
    """The tenant's key of the hashes, sealed."""

    id = Id(primary_key=True)
    sealed = models.TextField()

    class Meta(TenantModel.Meta):
        app_label = "channels"
        constraints = [models.UniqueConstraint(fields=["tenant_id"], name="suppressionkey_once")]


class Suppression(TenantModel):
    """One blocked address (Art. 21 (3) GDPR). ``hash`` is HMAC-SHA-256 of its normal form under the tenant's key."""

    id = Id(primary_key=True)
    hash = models.CharField(max_length=64)
    channel = models.CharField(max_length=10, default="all")  # all, mail, phone, sms, post, tracking
    scope = models.CharField(max_length=12, default="advertising")  # or everything
    reason = models.CharField(max_length=20)  # objection, bounce
    at = models.DateTimeField()

    class Meta(TenantModel.Meta):
        app_label = "channels"
        constraints = [
            models.UniqueConstraint(fields=["tenant_id", "hash", "channel", "scope"], name="suppression_once")
        ]
