"""How a tenant sells: pipelines with their stages, and why deals are won or lost."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from klientel.kernel.kinds import Choice, Choices, Link, Text, Whole, YesNo
from klientel.kernel.records.record import Record
from klientel.sales.models.checklist import Checklist
from klientel.sales.models.holding import LOST, OPEN, WON, pipeline_written, stage_written

OUTCOMES = ((OPEN, _("open")), (WON, _("won")), (LOST, _("lost")))
#: why a lead is disqualified
UNFIT = "unfit"
REASONS_FOR = (*OUTCOMES[1:], (UNFIT, _("disqualified leads")))
TONES = {WON: "ok", LOST: "bad"}
#: how surely a deal is counted on in the forecast
PIPELINE, BEST, COMMITTED, OMITTED = "pipeline", "best", "committed", "omitted"
CATEGORIES = (
    (PIPELINE, _("pipeline")),
    (BEST, _("best case")),
    (COMMITTED, _("committed")),
    (OMITTED, _("not in the forecast")),
)
#: the fields of a deal that a stage can ask for
NEEDED = (
    ("value", _("value")),
    ("expected_close", _("expected close")),
    ("organisation", _("organisation")),
    ("person", _("contact person")),
    ("source", _("source")),
    ("description", _("description")),
    ("owner", _("owner")),
)


class Pipeline(Record):
    """One way of selling, such as new business or renewals; its stages say how far a deal is."""

    name = Text(_("name"), required=True, max_length=80)
    position = Whole(_("position"), least=0, most=10_000, default=0)
    standard = YesNo(_("for new deals"), default=False)
    accepted_to = Link(
        "sales.stage", _("stage after an accepted quote"),
        help_text=_("Deals go there by themselves when a customer accepts their quote. Empty: they stay."),
    )  # fmt: skip
    accepted_reason = Link(
        "sales.closereason", _("reason after an accepted quote"),
        help_text=_("Where that stage means won: the reason that is written down."),
    )  # fmt: skip

    class Meta(Record.Meta):
        app_label = "sales"

    class About:
        label, plural, slug, icon = _("pipeline"), _("pipelines"), "pipelines", "chart-no-axes-column"
        note = _("The ways that deals go")
        title = "name"
        order = "position"
        columns = ("name", "position", "standard")
        sections = (
            (_("Pipeline"), ("name", "position", "standard")),
            (_("After an accepted quote"), ("accepted_to", "accepted_reason")),
        )
        derive = pipeline_written
        system = open = True
        mergeable = False


class Stage(Record):
    """A step of a pipeline: how likely deals in it are won, what they need, and when they have been in it too long."""

    name = Text(_("name"), required=True, max_length=80)
    pipeline = Link("sales.pipeline", _("pipeline"), required=True, reverse=_("stages"))
    position = Whole(_("position"), least=0, most=10_000, default=0)
    outcome = Choice(_("deals here are"), of=OUTCOMES, default=OPEN, tones=TONES)
    probability = Whole(_("probability in %"), least=0, most=100, default=0)
    category = Choice(_("in the forecast"), of=CATEGORIES, default=PIPELINE)
    rots_after = Whole(_("too long after days"), least=1, most=3650)
    requires = Choices(_("required here"), of=NEEDED)
    checklist = Checklist(
        _("checklist"),
        help_text=_("A line for each thing to do here. A star before it: a deal goes no further without it."),
    )

    class Meta(Record.Meta):
        app_label = "sales"
        indexes = [
            *Record.Meta.indexes,
            models.Index("tenant_id", "pipeline", "position", "id", name="stage_pipeline"),
        ]

    class About:
        label, plural, slug, icon = _("stage"), _("stages"), "stages", "list-ordered"
        note = _("The steps of a pipeline, and what each asks for")
        title = "name"
        order = "position"
        columns = ("name", "pipeline", "position", "outcome", "probability", "rots_after", "requires")
        sections = (
            (_("Stage"), ("name", "pipeline", "position", "outcome", "probability", "category")),
            (_("Care"), ("rots_after", "requires", "checklist")),
        )
        derive = stage_written
        fitting: ClassVar[dict[str, Any]] = {"requires": []}
        system = open = True
        mergeable = False


class CloseReason(Record):
    """Why deals are won or lost and leads disqualified, in the words of a tenant."""

    name = Text(_("name"), required=True, max_length=80)
    outcome = Choice(_("for deals that are"), of=REASONS_FOR, default=LOST, tones=TONES)

    class Meta(Record.Meta):
        app_label = "sales"

    class About:
        label, plural, slug, icon = (
            _("reason for closing"),
            _("reasons for closing"),
            "close-reasons",
            "message-circle-question-mark",
        )
        note = _("Why deals are won and lost")
        title = "name"
        columns = ("name", "outcome")
        sections = ((_("Reason for closing"), ("name", "outcome")),)
        fitting = {"outcome": "unfit"}
        system = open = True
