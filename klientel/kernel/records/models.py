"""Records of the kernel itself: tags, comments, relations, saved views, and what a tenant declares by rows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from klientel.kernel.kinds import Choice, Json, Link, Links, LongText, Options, Privacy, Text, Whole, YesNo
from klientel.kernel.records import checks
from klientel.kernel.records.record import Record
from klientel.kernel.records.types import all_types
from klientel.kernel.tenancy import current
from klientel.kernel.tenancy.models import Tenant

forgetters: list[Callable[[UUID], None]] = []  # told at once when a tenant's own fields change here

TONES = (
    ("", _("grey")),
    ("info", _("blue")),
    ("ok", _("green")),
    ("warn", _("amber")),
    ("bad", _("red")),
    ("plum", _("plum")),
)


def extendable() -> list[tuple[str, str]]:
    """The record types that can have fields of a tenant's own, with their names."""
    return [(t.key, str(t.plural)) for t in all_types() if not t.system]


def linkable() -> list[tuple[str, str]]:
    """The record types that a link can lead to, with their names."""
    return [(t.key, str(t.plural)) for t in all_types() if not t.system or t.open]


def rollable() -> list[tuple[str, str]]:
    """The ways from a record to records that lead to it, with their names: type and link."""
    found = []
    for source in all_types():
        if not source.system:
            found += [
                (f"{source.key}.{n}", f"{source.plural} ({k.verbose_name}{_to(k.to)})") for n, k in source.links.items()
            ]
    return sorted(found, key=lambda one: one[1].casefold())


def _to(key: str) -> str:
    known = {t.key: str(t.label) for t in all_types()}
    return f" → {known[key]}" if key in known else ""


def schema_changed(_records: Any) -> None:
    """Every cached custom field and type of the tenant is stale now."""
    for forgets in forgetters:
        forgets(current())
    Tenant.objects.filter(pk=current()).update(schema_version=models.F("schema_version") + 1)


class Tag(Record):
    """A word that records are marked with."""

    name = Text(_("name"), required=True, max_length=60)
    tone = Choice(_("colour"), of=TONES)

    class Meta(Record.Meta):
        app_label = "kernel"
        constraints = [
            models.UniqueConstraint("tenant_id", Lower("name"), name="tag_once", condition=models.Q(archived_at=None)),
        ]

    class About:
        label, plural, slug, icon = _("tag"), _("tags"), "tags", "tag"
        note = _("Words to mark records with")
        title = "name"
        columns = ("name", "tone")
        sections = ((_("Name and colour"), ("name", "tone")),)
        system = open = True


class Comment(Record):
    """What somebody says about a record."""

    about = Links("*", _("about"), required=True, reverse=_("comments"))
    text = LongText(_("comment"), required=True, max_length=5000, privacy=Privacy.PERSONAL)
    mentions = Links("kernel.member", _("mentions"), reverse=_("mentioned in comments"))

    class Meta(Record.Meta):
        app_label = "kernel"
        indexes = [
            *Record.Meta.indexes,
            GinIndex(fields=["tenant_id", "about"], name="comment_about", opclasses=["uuid_ops", "array_ops"]),
        ]

    class About:
        label, plural, slug, icon = _("comment"), _("comments"), "comments", "message-square"
        title = staticmethod(lambda c: c.text[:80])
        made_of = ("text",)
        columns = ("text", "about", "created_at")
        concerns = ("about",)
        sections = ((_("Comment"), ("text", "about", "mentions")),)


class RelationKind(Record):
    """A way in which two records can belong together, with a name for each direction."""

    name = Text(_("name"), required=True, max_length=80, help_text=_("Seen from the first record, such as “advises”."))
    back = Text(_("name backwards"), required=True, max_length=80, help_text=_("Seen from the second record."))
    from_type = Choice(_("first record's type"), of=linkable, max_length=80)
    to_type = Choice(_("second record's type"), of=linkable, max_length=80)

    class Meta(Record.Meta):
        app_label = "kernel"

    class About:
        label, plural, slug, icon = _("relation type"), _("relation types"), "relation-types", "waypoints"
        note = _("How two records can belong together")
        title = "name"
        columns = ("name", "back", "from_type", "to_type")
        sections = ((_("Relation type"), ("name", "back", "from_type", "to_type")),)
        fitting = {"from_type": "", "to_type": ""}
        system = open = True


class Relation(Record):
    """Two records belong together, in a way that has a name for each direction."""

    kind = Link("kernel.relationkind", _("relation type"), required=True)
    first = Links("*", _("first record"), required=True, reverse=_("relations"))
    second = Links("*", _("second record"), required=True, reverse=_("relations backwards"))
    note = Text(_("note"), privacy=Privacy.PERSONAL)

    class Meta(Record.Meta):
        app_label = "kernel"
        indexes = [
            *Record.Meta.indexes,
            GinIndex(fields=["tenant_id", "first"], name="relation_first", opclasses=["uuid_ops", "array_ops"]),
            GinIndex(fields=["tenant_id", "second"], name="relation_second", opclasses=["uuid_ops", "array_ops"]),
        ]

    class About:
        label, plural, slug, icon = _("relation"), _("relations"), "relations", "waypoints"
        title = staticmethod(lambda r: r.note)
        made_of = ("note",)
        columns = ("kind", "first", "second", "note")
        concerns = ("first", "second")
        tie = True
        sections = ((_("Relation"), ("kind", "first", "second", "note")),)


class CustomField(Record):
    """A field that a tenant adds to a record type: a row that names a kind; values live in the record's ``extra``."""

    record_type = Choice(_("record type"), required=True, of=extendable, max_length=80)
    name = Text(
        _("technical name"),
        required=True,
        max_length=40,
        help_text=_("Begins with x_; lower case letters, digits and _."),
    )
    label_de = Text(_("label (German)"), required=True, max_length=80)
    label_en = Text(_("label (English)"), max_length=80)
    help_de = Text(_("help (German)"))
    help_en = Text(_("help (English)"))
    kind = Choice(
        _("kind"),
        required=True,
        of=(
            ("text", _("Text")),
            ("long_text", _("Long text")),
            ("rich_text", _("Formatted text")),
            ("email", _("E-mail")),
            ("phone", _("Phone")),
            ("url", _("Web address")),
            ("choice", _("Choice")),
            ("choices", _("Multiple choice")),
            ("whole", _("Whole number")),
            ("decimal", _("Decimal number")),
            ("money", _("Money")),
            ("date", _("Date")),
            ("date_time", _("Date and time")),
            ("yes_no", _("Yes or no")),
            ("link", _("Link")),
            ("links", _("Many links")),
            ("file", _("File")),
            ("country", _("Country")),
            ("language", _("Language")),
            ("formula", _("Formula")),
            ("roll_up", _("Roll-up of related records")),
        ),
    )
    choices = Options(
        _("choices"),
        help_text=_(
            "A line for each: German label | English label. Put “key = ” before it to set the key that is stored."
        ),
    )
    target = Choice(_("leads to record type"), of=linkable, max_length=80)
    privacy = Choice(
        _("privacy class"),
        required=True,
        of=(
            ("public", _("says nothing about a person")),
            ("personal", _("personal")),
            ("sensitive", _("sensitive")),
        ),
    )
    mandatory = YesNo(_("must be filled in"))
    position = Whole(_("position"), least=0, most=1000)
    formula = LongText(
        _("formula"),
        max_length=2000,
        help_text=_('Such as if(x_budget > 1000, "large", "small"). Fields stand there by their technical names.'),
    )
    roll_by = Choice(_("related records"), of=rollable, max_length=120)
    roll_what = Choice(
        _("what is worked out"),
        of=(
            ("count", _("number of records")),
            ("sum", _("sum")),
            ("min", _("smallest or earliest")),
            ("max", _("largest or latest")),
            ("avg", _("average")),
            ("latest", _("value of the newest record")),
        ),
    )
    roll_field = Text(_("over which field"), max_length=80, help_text=_("The technical name of a field there."))
    roll_tree = YesNo(_("also of all records below (subsidiaries)"))
    roll_where = Json(_("only where"))

    class Meta(Record.Meta):
        app_label = "kernel"
        constraints = [models.UniqueConstraint(fields=["tenant_id", "record_type", "name"], name="customfield_once")]

    class About:
        label, plural, slug, icon = _("custom field"), _("custom fields"), "fields", "text-cursor-input"
        note = _("Fields of your own for every kind of record")
        title = "label_de"
        columns = ("record_type", "label_de", "name", "kind", "privacy", "mandatory")
        sections = (
            (
                _("Custom field"),
                (
                    "record_type",
                    "name",
                    "kind",
                    "label_de",
                    "label_en",
                    "help_de",
                    "help_en",
                    "choices",
                    "target",
                    "privacy",
                    "mandatory",
                    "position",
                ),
            ),
            (_("Formula"), ("formula",)),
            (_("Roll-up"), ("roll_by", "roll_what", "roll_field", "roll_tree", "roll_where")),
        )
        system = True
        mergeable = False  # values are kept under its name
        settled = schema_changed
        check = staticmethod(checks.custom_field)


class CustomType(Record):
    """A record type that a tenant declares by a row; its fields are custom fields, its records rows of one table."""

    name = Text(_("technical name"), required=True, max_length=40)
    label_de = Text(_("name (German)"), required=True, max_length=80)
    plural_de = Text(_("plural (German)"), required=True, max_length=80)
    label_en = Text(_("name (English)"), max_length=80)
    plural_en = Text(_("plural (English)"), max_length=80)

    class Meta(Record.Meta):
        app_label = "kernel"
        constraints = [models.UniqueConstraint(fields=["tenant_id", "name"], name="customtype_once")]

    class About:
        label, plural, slug, icon = _("custom record type"), _("custom record types"), "own-types", "box"
        title = "label_de"
        columns = ("label_de", "name", "plural_de")
        sections = ((_("Custom record type"), ("name", "label_de", "plural_de", "label_en", "plural_en")),)
        system = True
        mergeable = False
        settled = schema_changed
        check = staticmethod(checks.custom_type)


class Custom(Record):
    """The rows of all record types that tenants declare; what each holds is in ``extra``."""

    type_id = models.UUIDField(editable=False)
    name = Text(_("name"), required=True, privacy=Privacy.PERSONAL, search="A")

    class Meta(Record.Meta):
        app_label = "kernel"
        indexes = [*Record.Meta.indexes, models.Index("tenant_id", "type_id", "sort_key", "id", name="custom_typed")]
