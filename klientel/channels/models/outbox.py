"""The outbox: one row for each mail on its way, and how fast each login may send."""

from __future__ import annotations

from django.db import models

from klientel.channels.models.saying import LONGEST
from klientel.kernel.tenancy.models import Id, TenantModel

#: waiting and later are to be claimed: they have no token, and only what is open, as an unclear one is, has no
#: ``settled_at``; the last five are final
STATES = (
    "waiting", "claimed", "delivering", "later", "accepted", "rejected", "unclear", "withheld", "recalled",
)  # fmt: skip


class Delivery(TenantModel):
    """One handing over of one mail, at most once on the wire. Holds no address: that stands in the mail."""

    id = Id(primary_key=True)
    mail_id = models.UUIDField()
    account_id = models.UUIDField()
    domain = models.CharField(max_length=253)
    state = models.CharField(max_length=12, default="waiting")
    attempts = models.PositiveSmallIntegerField(default=0)
    not_before = models.DateTimeField()
    token = models.UUIDField(null=True)  # of the worker that claimed it
    lease_until = models.DateTimeField(null=True)
    code = models.PositiveSmallIntegerField(default=0)
    reply = models.CharField(max_length=LONGEST, default="")
    sealed = models.TextField(default="")  # the secret link of the mail, until it is settled: no record holds it
    settled_at = models.DateTimeField(null=True)
    untold = models.BooleanField(default=False)  # settled, and the mail does not say so yet

    class Meta(TenantModel.Meta):
        app_label = "channels"
        # none of them knows the state, so that a row that only goes on to *delivering* stays where it is (HOT)
        indexes = [
            models.Index(
                fields=["tenant_id", "account_id", "not_before", "id"],
                name="delivery_due",
                condition=models.Q(token__isnull=True, settled_at__isnull=True),
            ),
            models.Index(
                fields=["tenant_id", "token"],
                name="delivery_held",
                condition=models.Q(token__isnull=False, settled_at__isnull=True),
            ),
            models.Index(
                fields=["tenant_id", "mail_id"], name="delivery_open", condition=models.Q(settled_at__isnull=True)
            ),
            models.Index(fields=["tenant_id", "id"], name="delivery_untold", condition=models.Q(untold=True)),
        ]


class Rate(TenantModel):
    """How much one SMTP login has sent in the slice of time that runs, and today. Locked by who claims."""

    id = Id(primary_key=True)
    login = models.CharField(max_length=64)  # hash of server and login
    slice = models.DateTimeField()
    used = models.PositiveIntegerField(default=0)
    day = models.DateField()
    used_today = models.PositiveIntegerField(default=0)
    share = models.FloatField(default=1.0)  # of the account's rate: lowered when the other side asks for it
    lowered_at = models.DateTimeField(null=True)
    not_before = models.DateTimeField(null=True)
    pause = models.PositiveSmallIntegerField(default=0)  # seconds, until then

    class Meta(TenantModel.Meta):
        app_label = "channels"
        constraints = [models.UniqueConstraint(fields=["tenant_id", "login"], name="rate_once")]


class DomainRate(TenantModel):
    """How much went to one domain by one login in the minute that runs."""

    id = Id(primary_key=True)
    login = models.CharField(max_length=64)
    domain = models.CharField(max_length=253)
    slice = models.DateTimeField()
    used = models.PositiveIntegerField(default=0)
    not_before = models.DateTimeField(null=True)

    class Meta(TenantModel.Meta):
        app_label = "channels"
        constraints = [models.UniqueConstraint(fields=["tenant_id", "login", "domain"], name="domainrate_once")]
