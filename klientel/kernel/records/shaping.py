"""How a tenant shapes its record types: rules of fields, lists of choices, and layouts for roles."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from klientel.kernel.kinds import Choice, Json, Links, Options, Text, YesNo
from klientel.kernel.records import checks
from klientel.kernel.records.models import extendable, schema_changed
from klientel.kernel.records.record import Record


class FieldRule(Record):
    """What a tenant says of one field, built in or its own: when it must be filled in, when it applies, its choices."""

    record_type = Choice(_("record type"), required=True, of=extendable, max_length=80)
    field = Text(_("field"), required=True, max_length=80, help_text=_("The technical name of the field."))
    required_when = Json(_("must be filled in when"))
    visible_when = Json(_("applies only when"))
    reason = Text(
        _("why it must be filled in"), max_length=500,
        help_text=_("Needed where nobody has to tell it, such as a birthday: it stays with the rule."),
    )  # fmt: skip
    choices = Options(_("choices"))

    class Meta(Record.Meta):
        app_label = "kernel"
        constraints = [
            models.UniqueConstraint(
                fields=["tenant_id", "record_type", "field"],
                name="fieldrule_once",
                condition=models.Q(archived_at=None),
            )
        ]

    class About:
        label, plural, slug, icon = _("field rule"), _("field rules"), "field-rules", "list-checks"
        title = "field"
        columns = ("record_type", "field")
        sections = ((_("Field rule"), ("record_type", "field", "required_when", "reason", "visible_when", "choices")),)
        system = True
        mergeable = False
        settled = schema_changed

        @staticmethod
        def check(row: Any) -> None:
            """What must hold for a rule."""
            for one in checks.ruled:
                one(row)


class Layout(Record):
    """Which fields stand where, in forms and on the page of a record, for the holders of some roles or for everybody.

    ``sections`` is ``[{"de": heading, "en": heading, "fields": [names]}]``; what no section names is not shown.
    """

    name = Text(_("name"), required=True, max_length=80)
    record_type = Choice(_("record type"), required=True, of=extendable, max_length=80)
    roles = Links("kernel.role", _("for roles"), help_text=_("Without a role it holds for everybody else."))
    sections = Json(_("sections"), empty=[])
    active = YesNo(_("active"), default=True)

    class Meta(Record.Meta):
        app_label = "kernel"

    class About:
        label, plural, slug, icon = _("layout"), _("layouts"), "layouts", "layout-list"
        title = "name"
        columns = ("name", "record_type", "roles", "active")
        sections = ((_("Layout"), ("name", "record_type", "roles", "sections", "active")),)
        system = True
        mergeable = False
        settled = schema_changed

        @staticmethod
        def check(row: Any) -> None:
            """What must hold for a layout."""
            for one in checks.laid_out:
                one(row)
