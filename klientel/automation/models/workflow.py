"""A workflow: what starts it, which records it is for, and what it does, one step after the other.

``definition`` is what people work on; what runs is the version that was made of it when it was activated.
"""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from klientel.automation.models import shape
from klientel.kernel.kinds import Choice, Json, Link, LongText, Sentence, Text, Whole
from klientel.kernel.records.record import Record

LONGEST = 1000  # characters of why it was stopped, in all languages
DRAFT, ACTIVE, PAUSED, OFF = "draft", "active", "paused", "off"


class Definition(Json):
    """What a workflow does, see `models.shape`."""

    most_nested = 60


def _sound(workflow: Any) -> None:
    """A definition has the shape of one; whether it can run is checked when it is activated."""
    if workflow.definition:
        shape.check(workflow.definition)


class Workflow(Record):
    """What happens by itself. It acts with the rights of whoever activated it, never with more."""

    name = Text(_("name"), required=True, max_length=120)
    purpose = LongText(_("what it is for"), max_length=2000)
    state = Choice(
        _("state"),
        default=DRAFT,
        readonly=True,
        of=((DRAFT, _("draft")), (ACTIVE, _("active")), (PAUSED, _("paused")), (OFF, _("switched off"))),
        tones={DRAFT: "info", ACTIVE: "ok", PAUSED: "warn", OFF: ""},
    )
    definition = Definition(_("definition"))
    number = Whole(_("active version"), readonly=True)
    runs_as = Link("kernel.member", _("acts for"), readonly=True, reverse=_("workflows with these rights"))
    trouble = Sentence(_("why it was stopped"), max_length=LONGEST, readonly=True)

    class Meta(Record.Meta):
        app_label = "automation"

    class About:
        label, plural, slug, icon = _("workflow"), _("workflows"), "workflows", "zap"
        note = _("What happens by itself, under which conditions")
        title = "name"
        columns = ("state", "number", "runs_as", "trouble", "changed_at")
        sections = (
            (_("Workflow"), ("name", "purpose", "state", "trouble")),
            (_("Version"), ("number", "runs_as")),
        )
        system = True
        mergeable = False
        check = staticmethod(_sound)
