"""What is known of twins: rules of a tenant, decisions of people, and what the search found."""

from __future__ import annotations

from typing import Any

from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from klientel.kernel.errors import Refused
from klientel.kernel.kinds import Choice, Choices, Links, Privacy, Text, Whole
from klientel.kernel.records import RecordType, all_types
from klientel.kernel.records.models import schema_changed
from klientel.kernel.records.record import Record
from klientel.kernel.tenancy.models import Id, TenantModel
from klientel.kernel.twins.regrouping import regroup_apart

#: what can be told apart in the settings, by the key of the feature
FEATURES = (
    ("name", _("name")),
    ("email", _("e-mail")),
    ("phone", _("phone")),
    ("birthday", _("birthday")),
    ("address", _("address")),
    ("domain", _("web domain")),
    ("organisation", _("organisation")),
    ("salutation", _("salutation")),
    ("vat_id", _("VAT ID")),
    ("customer_number", _("customer number")),
)


def matchable() -> list[tuple[str, str]]:
    """The record types whose twins can be found, with their names."""
    return [(t.key, str(t.plural)) for t in all_types() if t.declared_match is not None]


def identifying() -> list[tuple[str, str]]:
    """The fields that can identify a record where a tenant says so, with the names of their types."""
    fits = ("text", "email", "phone", "url", "whole")
    return [
        (f"{t.key}:{name}", f"{t.plural}: {kind.verbose_name}")
        for t in all_types()
        if t.declared_match is not None
        for name, kind in t.fields.items()
        if kind.key in fits and not kind.readonly and name not in _compared(t)
    ]


def _compared(rtype: RecordType) -> set[str]:
    declared = rtype.declared_match
    return {name for one in declared.features for name in one.fields} if declared is not None else set()


class DuplicateRule(Record):
    """How the twins of one record type are found in this workspace, where it is not as delivered; of several the
    last made counts.
    """

    record_type = Choice(_("record type"), required=True, of=matchable, max_length=80)
    propose_from = Whole(
        _("propose from (per cent)"), least=20, most=99, default=50,
        help_text=_("So likely two records must be the same to be named as possible duplicates."),
    )  # fmt: skip
    certain_from = Whole(
        _("certain from (per cent)"), least=80, most=100, default=98,
        help_text=_("From here on a pair counts as certain: several can be merged at once."),
    )  # fmt: skip
    when_created = Choice(
        _("when somebody creates a certain duplicate"),
        of=(("ask", _("ask before it is saved")), ("warn", _("only warn")), ("refuse", _("do not save it"))),
        default="ask",
    )
    ignored = Choices(_("do not compare"), of=FEATURES)
    identified_by = Choices(
        _("fields that identify"), of=identifying, base_field=models.CharField(max_length=130),
        help_text=_(
            "Fields whose value belongs to one record only, such as a member number. They count after the next search."
        ),
    )  # fmt: skip

    class Meta(Record.Meta):
        app_label = "kernel"

    class About:
        label, plural, slug, icon = _("duplicate rule"), _("duplicate rules"), "duplicate-rules", "copy"
        note = _("How duplicates are recognised")
        title = staticmethod(lambda rule: dict(matchable()).get(rule.record_type, rule.record_type))
        made_of = ("record_type",)
        columns = ("record_type", "propose_from", "certain_from", "when_created")
        sections = (
            (
                _("Duplicate rule"),
                ("record_type", "propose_from", "certain_from", "when_created", "ignored", "identified_by"),
            ),
        )
        system = True
        settled = schema_changed
        check = staticmethod(lambda rule: _in_order(rule))


def _in_order(rule: Any) -> None:
    if rule.propose_from is not None and rule.certain_from is not None and rule.propose_from > rule.certain_from:
        message = _("What is certain must not begin below what is proposed.")
        raise Refused("out_of_order", message, "certain_from")


class Distinct(Record):
    """Somebody said that these records look alike and are not the same. A merge moves it along like any link."""

    records = Links("*", _("records"), required=True, reverse=_("not the same as"))
    note = Text(_("note"), privacy=Privacy.PERSONAL)

    class Meta(Record.Meta):
        app_label = "kernel"
        indexes = [
            *Record.Meta.indexes,
            GinIndex(fields=["tenant_id", "records"], name="distinct_records", opclasses=["uuid_ops", "array_ops"]),
        ]

    class About:
        label, plural, slug, icon = _("“not a duplicate”"), _("“not a duplicate”"), "not-duplicates", "copy-x"
        title = staticmethod(lambda _one: _("not the same"))
        made_of = ("records",)
        columns = ("records", "created_at")
        concerns = ("records",)
        sections = ((_("Not a duplicate"), ("records", "note")),)
        settled = staticmethod(lambda some: regroup_apart([i for one in some for i in one.records]))


class TwinPair(TenantModel):
    """Two records that are likely one: ``one`` < ``two``, log-odds in bits."""

    id = Id(primary_key=True)
    record_type = models.CharField(max_length=80)
    one = models.UUIDField()
    two = models.UUIDField()
    bits = models.FloatField()
    found_at = models.DateTimeField(default=timezone.now)

    class Meta(TenantModel.Meta):
        app_label = "kernel"
        constraints = [models.UniqueConstraint("tenant_id", "one", "two", name="twinpair_once")]
        indexes = [
            models.Index("tenant_id", "two", name="twinpair_two"),
            models.Index("tenant_id", "record_type", "found_at", name="twinpair_found"),
        ]

    def __str__(self) -> str:
        return f"{self.one} {self.two}"


class TwinMember(TenantModel):
    """A record in a group of likely twins; certainty, size and date of the group stand with each."""

    id = Id(primary_key=True)
    record_type = models.CharField(max_length=80)
    group = models.UUIDField()
    record = models.UUIDField()
    certainty = models.FloatField()  # the probability of the group's weakest tie
    later = models.DateTimeField(null=True)  # put off until then

    class Meta(TenantModel.Meta):
        app_label = "kernel"
        constraints = [models.UniqueConstraint("tenant_id", "record", name="twinmember_once")]
        indexes = [
            models.Index(
                models.F("tenant_id"), models.F("record_type"), models.F("certainty").desc(), models.F("group"),
                name="twinmember_surest",
            ),
            models.Index("tenant_id", "group", name="twinmember_group"),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.record} in {self.group}"


class TwinSearch(TenantModel):
    """How far the search for twins of one record type is, and what is known of the base for weighing evidence.

    ``phase``: "" (idle), "keys", "count", "search", "group". ``cursor``: the place that is done, committed with it.
    """

    id = Id(primary_key=True)
    record_type = models.CharField(max_length=80)
    phase = models.CharField(max_length=10, default="")
    full = models.BooleanField(default=True)
    since = models.DateTimeField(null=True)  # changes before this are looked at already
    cursor = models.CharField(max_length=80, default="")
    counts = models.JSONField(default=dict)  # records, compared, found: of the search that runs or ran last
    fingerprint = models.CharField(max_length=64, default="")  # of the rules by which the keys were made
    identified_by = models.JSONField(default=list)  # fields of the rule whose keys are made or being made
    total = models.PositiveIntegerField(default=0)
    names = models.JSONField(default=dict)  # frequent names: feature -> folded name -> records
    frequent = models.JSONField(default=list)  # keys that too many share
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    class Meta(TenantModel.Meta):
        app_label = "kernel"
        constraints = [models.UniqueConstraint("tenant_id", "record_type", name="twinsearch_once")]

    def __str__(self) -> str:
        return f"{self.record_type} {self.phase}"


def types_with_twins() -> list[RecordType]:
    """The record types whose twins can be found, in a steady order."""
    return [t for t in all_types() if t.matching is not None]
