"""Sums over deals and their stays that are kept ready, so that figures over very many deals are cheap.

Triggers of the database write them in the transaction that writes the deal or the stay, whoever writes it: each adds a
row of what came and of what went (never changes one, so nobody waits for another). The sum of all rows of a key is
therefore exactly what counting the deals themselves gives; now and then the rows of a key are put together
(`jobs/sums.py`). See decision 0036.
"""

from __future__ import annotations

from django.db import models

from klientel.kernel.tenancy.models import Id, TenantModel


class DealSum(TenantModel):
    """Living deals by the month they count in (its first day), owner, pipeline, state and category.

    Amounts of other currencies stand by their day, because each is worth what it was that day; those of the tenant's
    own have no day. ``weighted`` is in the same currency, not converted. Nothing is rounded.
    """

    id = Id(primary_key=True)
    counts_on = models.DateField()
    owner = models.UUIDField(null=True)
    pipeline = models.UUIDField(null=True)
    state = models.TextField()
    category = models.TextField()
    currency = models.TextField(null=True)
    day = models.DateField(null=True)
    n = models.BigIntegerField()
    amount = models.DecimalField(max_digits=40, decimal_places=10)
    weighted = models.DecimalField(max_digits=40, decimal_places=10)
    fresh = models.BooleanField()  # not put together yet

    on_erase = "keep"  # sums, which say nothing of the deals in them

    class Meta(TenantModel.Meta):
        app_label = "sales"
        indexes = [
            models.Index(fields=["tenant_id", "counts_on"], name="dealsum_month"),
            models.Index(fields=["tenant_id"], name="dealsum_fresh", condition=models.Q(fresh=True)),
        ]

    def __str__(self) -> str:
        return f"{self.n} in {self.counts_on}"


class StaySum(TenantModel):
    """Stays of living deals by stage, and by the month in which the deal began (its first day), its owner and pipeline.

    ``seconds`` is how long the ``ended`` stays that took place lasted in all, ``now`` how many are where the deal is.
    """

    id = Id(primary_key=True)
    begun = models.DateField()
    owner = models.UUIDField(null=True)
    pipeline = models.UUIDField(null=True)
    place = models.UUIDField()  # the stage of the stay
    reached = models.BigIntegerField()
    ended = models.BigIntegerField()
    seconds = models.BigIntegerField()
    now = models.BigIntegerField()
    fresh = models.BooleanField()

    on_erase = "keep"

    class Meta(TenantModel.Meta):
        app_label = "sales"
        indexes = [
            models.Index(fields=["tenant_id", "begun"], name="staysum_month"),
            models.Index(fields=["tenant_id"], name="staysum_fresh", condition=models.Q(fresh=True)),
        ]

    def __str__(self) -> str:
        return f"{self.reached} in {self.place}"


class SumsWanted(TenantModel):
    """A tenant whose deals are older than their sums: until these are filled in, the deals themselves are counted."""

    id = Id(primary_key=True)

    on_erase = "keep"

    class Meta(TenantModel.Meta):
        app_label = "sales"

    def __str__(self) -> str:
        return str(self.tenant_id)
