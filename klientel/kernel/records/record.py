"""The abstract record: what every business object of a tenant has."""

from __future__ import annotations

from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.utils.translation import gettext_lazy as _

from klientel.kernel.kinds import DateTime, Link, Links
from klientel.kernel.tenancy.models import Id, TenantModel


class Record(TenantModel):
    """A row of one tenant's business. Subclass it, add kinds and an ``About``; nothing else is registered."""

    gone = False  # deleted for good in this transaction
    beforehand: Any = None  # what follows from its values, where that was worked out before it is written

    id = Id(primary_key=True)
    version = models.PositiveIntegerField(default=1, editable=False)
    title = models.TextField(default="", editable=False)
    sort_key = models.TextField(default="", editable=False)
    match_keys = ArrayField(models.TextField(), default=list, editable=False)
    extra = models.JSONField(default=dict, editable=False)
    restricted = models.BooleanField(default=False, editable=False)
    created_by = models.CharField(max_length=60, default="", editable=False)
    created_at = DateTime(_("created"), readonly=True, null=False)
    changed_at = DateTime(_("last changed"), readonly=True, null=False)
    archived_at = DateTime(_("in the trash since"), readonly=True)
    owner = Link("kernel.member", _("owner"), reverse=_("owned records"))
    tags = Links("kernel.tag", _("tags"), reverse=_("tagged records"))

    class Meta(TenantModel.Meta):
        abstract = True
        indexes = [
            models.Index("tenant_id", "sort_key", "id", name="%(class)s_sorted", condition=models.Q(archived_at=None)),
            models.Index("tenant_id", "changed_at", "id", name="%(class)s_changed"),
            models.Index("tenant_id", "owner", "id", name="%(class)s_owner"),
            GinIndex(fields=["tenant_id", "tags"], name="%(class)s_tags", opclasses=["uuid_ops", "array_ops"]),
        ]

    class About:
        label: Any = ""
        plural: Any = ""

    def __str__(self) -> str:
        return self.title


#: set by the step, never by people
KEPT = (
    "version",
    "title",
    "sort_key",
    "match_keys",
    "restricted",
    "created_by",
    "created_at",
    "changed_at",
    "archived_at",
)
