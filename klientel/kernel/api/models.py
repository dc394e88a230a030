"""What the API remembers between requests: how much each token may still ask, and answers for repeated requests."""

from __future__ import annotations

from django.db import models

from klientel.kernel.tenancy.models import Id, TenantModel


class Allowance(TenantModel):
    """A token's bucket of requests, shared by all processes; ``taken`` is what the last process took for itself."""

    id = models.UUIDField(primary_key=True)  # the token's
    level = models.FloatField()
    taken = models.PositiveIntegerField()
    most = models.PositiveIntegerField()
    at = models.DateTimeField()

    class Meta(TenantModel.Meta):
        app_label = "kernel"

    def __str__(self) -> str:
        return f"allowance of token {self.id}"


class Answer(TenantModel):
    """What a request with an ``Idempotency-Key`` was answered, for a day. Sealed with what only the caller holds."""

    id = Id(primary_key=True)
    actor = models.CharField(max_length=60)
    key = models.CharField(max_length=64)  # SHA-256 of the caller's key
    fingerprint = models.CharField(max_length=64)  # SHA-256 of the whole request
    status = models.PositiveSmallIntegerField()
    sealed = models.BinaryField()
    at = models.DateTimeField()

    class Meta(TenantModel.Meta):
        app_label = "kernel"
        constraints = [models.UniqueConstraint(fields=["tenant_id", "actor", "key"], name="answer_once")]
        indexes = [models.Index(fields=["tenant_id", "at"], name="answer_age")]

    def __str__(self) -> str:
        return f"answer {self.id}"
