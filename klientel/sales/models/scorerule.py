"""What a lead is worth: rules that give points, for what it is or for what happened, less with time."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as say
from django.utils.translation import gettext_lazy as _

from klientel.kernel.actions import actions_on
from klientel.kernel.conditions.saying import event_name
from klientel.kernel.errors import Refused
from klientel.kernel.kinds import Choice, Json, Text, Whole
from klientel.kernel.records import all_types
from klientel.kernel.records.record import Record
from klientel.sales.models import explaining
from klientel.sales.models.leadrule import understood


def happenings() -> list[tuple[str, str]]:
    """What can happen with a lead or its person, with its name."""
    return [
        (one.key, event_name(one.key))
        for rtype in all_types()
        if not rtype.system and (rtype.concerns or rtype.key == "sales.lead")
        for one in actions_on(rtype)
        if one.verb == "create" or not one.basic
    ]


def _sound(rule: Any) -> None:
    understood(rule)
    if rule.points == 0:
        raise Refused("no_points", _("A rule of 0 points changes no score: please give it more or fewer."), "points")
    if rule.half_life and not rule.event:
        message = _("Only what happened fades: please choose what, or leave this empty.")
        raise Refused("nothing_fades", message, "half_life")


class ScoreRule(Record):
    """Points for every lead that fulfils the condition; for what happened they fade, by half in so many days."""

    name = Text(_("name"), required=True, max_length=80)
    points = Whole(_("points"), required=True, least=-1000, most=1000)
    condition = Json(_("condition"))
    event = Choice(_("what happened"), of=happenings, max_length=120)
    half_life = Whole(_("halves every so many days"), least=1, most=3650)

    class Meta(Record.Meta):
        app_label = "sales"

    class About:
        label, plural, slug, icon = _("score rule"), _("score rules"), "score-rules", "chart-no-axes-column"
        note = _("What makes a lead worth more or less")
        title = "name"
        columns = ("points", "event", "half_life")
        sections = ((_("Score rule"), ("name", "points", "event", "half_life")),)
        system = open = True
        mergeable = False
        check = staticmethod(_sound)

    def said(self, scope: Any) -> str:
        """Which leads it means, in words."""
        return explaining.told(scope, self.condition) if self.condition else say("all leads")
