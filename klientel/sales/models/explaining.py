"""Why a lead has its score, and why its owner looks after it: in words, under the rights of who asks."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.apps import apps
from django.db import connection
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, npgettext

from klientel.kernel.access.reading import names
from klientel.kernel.conditions import say
from klientel.kernel.conditions.saying import event_name
from klientel.kernel.errors import Refused
from klientel.kernel.records import type_of
from klientel.kernel.sql import loaded
from klientel.kernel.tenancy import current
from klientel.lib import clock

LEAD = "sales.lead"


@dataclass(frozen=True)
class Line:
    """One rule that gives points: how many now, and why in words."""

    points: str
    text: str


@dataclass
class Assigned:
    """The last assignment: what happened, what matched, and who was passed over."""

    said: str
    rule: UUID | None = None
    lines: list[str] = field(default_factory=list)


def worth(scope: Any, lead: Any) -> list[Line]:
    """The score as it is kept, line by line; nothing for whoever may not see scores."""
    if "score" not in scope.visible(type_of(LEAD)):
        return []
    rules = apps.get_model("sales", "ScoreRule").objects.in_bulk([UUID(one["rule"]) for one in lead.score_lines])
    found = []
    for one in lead.score_lines:
        rule = rules.get(UUID(one["rule"]))
        points, of = one["points"], one["of"]
        shown = f"{points:+d}" if points == of else _("%(points)+d of %(of)d") % {"points": points, "of": of}
        found.append(Line(shown, _because(scope, rule, one) if rule else _("a rule that is gone")))
    return found


def _because(scope: Any, rule: Any, one: dict[str, Any]) -> str:
    parts = [told(scope, rule.condition)] if rule.condition else []
    if rule.event:
        days = (clock.now() - dt.datetime.fromisoformat(one["at"])).days if "at" in one else 0
        when = (
            npgettext("how long ago", "%(n)d day ago", "%(n)d days ago", days) % {"n": days} if days > 0 else _("today")
        )
        parts.append(f"{event_name(rule.event)}, {when}")
        if rule.half_life:
            parts.append(
                ngettext("halves every day", "halves every %(n)d days", rule.half_life) % {"n": rule.half_life}
            )
    return ", ".join(parts) or str(rule.title)


def told(scope: Any, condition: Any) -> str:
    """A condition in words; one that asks for hidden fields only says so."""
    rtype = type_of(LEAD)
    try:
        return say(rtype, condition, scope, _titles(scope, condition))
    except Refused:
        return _("a condition on what you may not see")


def _titles(scope: Any, condition: Any) -> dict[UUID, str]:
    ids = set(_ids(condition))
    return {i: one.title for i, one in names(scope, ids).items()} if ids else {}


def _ids(json: Any) -> Any:
    if isinstance(json, dict):
        json = list(json.values())
    if isinstance(json, list):
        for part in json:
            yield from _ids(part)
    elif isinstance(json, str) and len(json) == 36:
        try:
            yield UUID(json)
        except ValueError:
            return


_LAST = """
SELECT e.kind, e.actor_name, e.parameters, e.changes FROM kernel_about a JOIN kernel_event e ON e.id = a.event_id
WHERE a.tenant_id = %s AND a.record_id = %s AND a.kind = ANY(%s) AND e.tenant_id = a.tenant_id AND e.record_id = %s
ORDER BY a.at DESC, a.event_id DESC LIMIT 1
"""
_GIVING = [f"{LEAD}.{verb}" for verb in ("route", "hand_over", "assign", "take")]


def assigned(scope: Any, lead: Any) -> Assigned | None:
    """Why somebody looks after a lead: by a rule, whose turn it was, who was skipped; or by whom, and their reason."""
    if "owner" not in scope.visible(type_of(LEAD)):
        return None
    with connection.cursor() as cursor:
        cursor.execute(_LAST, [current(), lead.pk, _GIVING, lead.pk])
        row = cursor.fetchone()
    if row is None:
        return None
    kind, who, parameters = row[0], row[1], loaded(row[2]) or {}
    if kind.endswith(".take"):
        return Assigned(_("%(who)s took it.") % {"who": who})
    if not kind.endswith(".route"):
        reason = parameters.get("reason", "")
        said = _("%(who)s gave it: %(reason)s") if reason else _("%(who)s gave it.")
        return Assigned(said % {"who": who, "reason": reason})
    return _by_rule(scope, parameters.get("why") or {})


def _by_rule(scope: Any, why: dict[str, Any]) -> Assigned:
    skipped = [*why.get("skipped", ()), *(one for rule in why.get("passed", ()) for one in rule.get("skipped", ()))]
    wanted = {UUID(one["member"]) for one in skipped} | ({UUID(why["deputy_of"])} if why.get("deputy_of") else set())
    known = {str(i): one.title for i, one in names(scope, wanted, "kernel.member").items()}
    lines = [_skipped(one, known) for one in skipped]
    if not why.get("rule"):
        return Assigned(_("No rule fits."), None, lines)
    rule_id = UUID(why["rule"])
    rule = apps.get_model("sales", "LeadRule").objects.filter(pk=rule_id).first()
    said = _("By the rule “%(rule)s”.") % {"rule": rule.title} if rule else _("By a rule that is gone.")
    matched = []
    if rule is not None and rule.condition:
        matched.append(_("It fits: %(what)s.") % {"what": told(scope, rule.condition)})
    if why.get("region"):
        matched.append(_("It lies in %(region)s.") % {"region": why["region"]})
    return Assigned(said, rule_id, [*matched, *_turn(why, known), *lines])


def _turn(why: dict[str, Any], known: dict[str, str]) -> list[str]:
    if why.get("deputy_of"):
        return [_("Stands in for %(who)s.") % {"who": known.get(why["deputy_of"], "…")}]
    if "among" not in why:
        return [_("It waits in the inbox of the team.")]
    if why["among"] == 1:
        return [_("Nobody else takes part just now.")]
    return [_("Next in turn of %(n)d: %(weight)d of %(of)d leads.") % {
        "n": why["among"], "weight": why["weight"], "of": why["of"]
    }]  # fmt: skip


def _skipped(one: dict[str, Any], known: dict[str, str]) -> str:
    who = known.get(one["member"], "…")
    if one["why"] == "full":
        facts = {"who": who, "n": one["open"], "most": one["most"]}
        return _("%(who)s was passed over: %(n)d open leads of at most %(most)d.") % facts
    if one["why"] == "away" and one.get("until"):
        return _("%(who)s was passed over: away until %(day)s.") % {"who": who, "day": one["until"]}
    return _("%(who)s was passed over: %(why)s.") % {
        "who": who, "why": _("away") if one["why"] == "away" else _("no longer here")
    }  # fmt: skip
