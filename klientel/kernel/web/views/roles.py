"""The rights of a role, in words and line by line: which records, what, whose, without which fields."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _

from klientel.kernel import actions, conditions, tenancy
from klientel.kernel.access import ActorScope
from klientel.kernel.access.presets import reaches
from klientel.kernel.access.reading import get, select
from klientel.kernel.conditions import SystemScope, say
from klientel.kernel.errors import Forbidden, Missing, Refused
from klientel.kernel.records import RecordType, all_types, type_of
from klientel.kernel.web import builder
from klientel.kernel.web.answers import act, say_done, version_of
from klientel.kernel.web.fields import label_of
from klientel.kernel.web.listing import titles_in, views_of
from klientel.kernel.web.speech import large

ROLE = "kernel.role"
FIRST = ("*", "view", "create", "change", "archive", "remove", "assign", "export", "import", "privacy")


@dataclass
class Line:
    """All that a role allows with one selection of records."""

    record: str
    verbs: list[str]
    where: Any
    hidden: list[str]
    readonly: list[str]

    @property
    def type(self) -> RecordType | None:
        """The record type; none where it speaks of all."""
        return None if self.record == "*" else type_of(self.record)


def lines_of(grants: list[dict[str, Any]]) -> list[Line]:
    """Grants of the same records as one line. Of two open ones a field stays closed only if both close it."""
    found: dict[bytes, Line] = {}
    for grant in grants:
        record, where = grant.get("record", ""), grant.get("where") or None
        key = orjson.dumps([record, where], option=orjson.OPT_SORT_KEYS)
        line = found.setdefault(key, Line(record, [], where, [], []))
        line.verbs.append(grant.get("verb", ""))
        line.hidden += [n for n in grant.get("hidden") or () if n not in line.hidden]
        line.readonly += [n for n in grant.get("readonly") or () if n not in line.readonly]
    return list(found.values())


def grants_from(lines: list[Line]) -> list[dict[str, Any]]:
    """The grants that these lines stand for: hidden fields belong to seeing, read-only ones to changing."""
    made = []
    for line in lines:
        for verb in dict.fromkeys(line.verbs):
            grant: dict[str, Any] = {"record": line.record, "verb": verb}
            if line.where:
                grant["where"] = line.where
            if line.hidden and verb in ("*", "view"):
                grant["hidden"] = line.hidden
            if line.readonly and verb in ("*", "change"):
                grant["readonly"] = line.readonly
            made.append(grant)
    return made


@act
def grants(request: Any, role_id: UUID) -> HttpResponse:
    """What a role allows, a card for each line."""
    with tenancy.reading():
        role = get(request.scope, type_of(ROLE), role_id)
        context = {
            "role": role,
            "lines": [_told(request.scope, n, line) for n, line in enumerate(lines_of(role.grants))],
            "types": sorted(all_types(), key=lambda t: (t.system, str(t.plural))),
            "may_change": request.scope.may(type_of(ROLE), "change"),
            "holders": _holders(request, role.pk),
        }
        return render(request, "settings/grants.html", context)


def _told(scope: ActorScope, n: int, line: Line) -> dict[str, Any]:
    try:
        rtype = line.type
    except Missing:
        return {"n": n, "what": line.record, "icon": "circle-alert", "verbs": line.verbs, "whose": "", "hidden": []}
    known, fields = dict(verbs_of(rtype)), rtype.fields if rtype else {}
    return {
        "n": n,
        "what": large(str(rtype.plural)) if rtype else _("All records"),
        "icon": rtype.icon if rtype else "box",
        "verbs": [known.get(v, v) for v in line.verbs],
        "whose": _whose(scope, rtype, line.where),
        "hidden": [label_of(fields[f]) for f in line.hidden if f in fields],
        "readonly": [label_of(fields[f]) for f in line.readonly if f in fields],
    }


def _whose(scope: ActorScope, rtype: RecordType | None, where: Any) -> str:
    if not where or rtype is None:
        return _("all")
    named = next((text for key, text, known in wheres() if known == where and key != "all"), "")
    try:
        wide = SystemScope(scope.tenant, scope.me, scope.teams)
        return named or say(rtype, where, wide, titles_in(scope, rtype, where))
    except Refused:
        return _("a condition that no longer works: selects nothing")


def wheres() -> list[tuple[str, str, Any]]:
    """The usual answers to “whose records”: key, words, condition."""
    return [
        ("all", _("all"), None),
        ("own", _("only own ones"), reaches("own")),
        ("team", _("those of my teams"), reaches("team")),
        ("reach", _("own ones, those of my teams and nobody's"), reaches("reach")),
    ]


def verbs_of(rtype: RecordType | None) -> list[tuple[str, str]]:
    """What can be allowed with a type (or with all), with words."""
    found = {"*": _("everything"), "view": _("see"), "export": _("export"), "import": _("import")}
    if rtype is None or rtype.calendar is not None:
        found["busy"] = _("see in the calendar that somebody is busy, not with what")
    if rtype is None or rtype.personal:
        found["privacy"] = _("report, restrict and erase (data protection)")
    for one in (a for t in ([rtype] if rtype else all_types()) for a in actions.actions_on(t)):
        found.setdefault(one.needs, large(str(one.label)))
    order = [v for v in FIRST if v in found]
    return [(v, found[v]) for v in [*order, *(v for v in found if v not in order)]]


def _holders(request: Any, role_id: UUID) -> list[Any]:
    where = {"field": "roles", "op": "contains_one", "value": [str(role_id)]}
    member = type_of("kernel.member")
    return select(request.scope, member, where=where, limit=50).rows if request.scope.may(member, "view") else []


@act
def line(request: Any, role_id: UUID) -> HttpResponse:
    """One line of a role: made, changed, or taken away."""
    if not request.scope.may(type_of(ROLE), "change"):
        raise Forbidden("forbidden", _("You may not change roles."))
    with tenancy.reading():
        role = get(request.scope, type_of(ROLE), role_id)
    lines, given = lines_of(role.grants), request.POST if request.method == "POST" else request.GET
    place = int(given["n"]) if given.get("n", "").isdigit() and int(given["n"]) < len(lines) else None
    old = lines[place] if place is not None else Line(given.get("record") or "*", ["view"], None, [], [])
    if request.method != "POST":
        return _line_page(request, role, place, old, None)
    made, part = old, None
    if old.type is not None:
        with tenancy.reading():
            taken = builder.sent(request.scope, old.type, request.POST)
        part = taken.part
        if taken.pressed:  # a part of the condition was added or taken away; nothing is saved yet
            return _line_page(request, role, place, _ticked(request, old), None, part)
    try:
        if "remove" in given:
            lines = [one for n, one in enumerate(lines) if n != place]
        else:
            made = _ticked(request, old)
            made = _sent(request, old, made)
            lines = [made if n == place else one for n, one in enumerate(lines)] + ([made] if place is None else [])
        return _save(request, role_id, grants_from(lines))
    except Refused as no:
        return _line_page(request, role, place, made, no, part)


def _save(request: Any, role_id: UUID, made: list[dict[str, Any]]) -> HttpResponse:
    done = actions.run(
        request.actor,
        f"{ROLE}.change",
        role_id,
        scope=request.scope,
        grants=made,
        version=version_of(request),
    )
    say_done(request, _("Saved."), done.change_set if done.events else None)
    return HttpResponseRedirect(reverse("settings_grants", args=[role_id]))


def _ticked(request: Any, old: Line) -> Line:
    data = request.POST
    return Line(old.record, data.getlist("verb"), old.where, data.getlist("hidden"), data.getlist("readonly"))


def _sent(request: Any, old: Line, made: Line) -> Line:
    made.where = _where_sent(request, old)
    if not made.verbs:
        raise Refused("required", _("Please choose what may be done."), "verb")
    return made


def _where_sent(request: Any, old: Line) -> Any:
    whose = request.POST.get("whose", "all")
    if whose == "keep":
        return old.where
    if whose == "custom" and old.type is not None:
        with tenancy.reading():
            taken = builder.sent(request.scope, old.type, request.POST)
        if taken.refused is not None:
            raise taken.refused
        where = taken.json
        if not where or where == {"all": []}:
            raise Refused("required", _("Please give a condition, or choose all."), "where")
        conditions.check(old.type, where, SystemScope(request.tenant.pk))
        return where
    if whose.startswith("view:") and old.type is not None:
        with tenancy.reading():
            views = views_of(request.scope, old.type)
        found = next((v for v in views if f"view:{v.id}" == whose), None)
        if found is None:
            raise Refused("missing", _("There is no such view."), "where")
        return found.values["condition"] or None
    return next((where for key, _text, where in wheres() if key == whose), None)


def _line_page(
    request: Any, role: Any, place: int | None, made: Line, refused: Refused | None, part: builder.Part | None = None
) -> HttpResponse:
    with tenancy.reading():
        rtype = made.type
        known = wheres() if rtype else wheres()[:1]
        named = next((key for key, _text, where in known if where == made.where), "keep")
        fields = rtype.fields if rtype else {}
        views = [v for v in views_of(request.scope, rtype) if v.values["condition"]] if rtype else []
        context = {
            "role": role,
            "place": place,
            "line": made,
            "rtype": rtype,
            "refused": refused,
            "what": large(str(rtype.plural)) if rtype else _("All records"),
            "verbs": verbs_of(rtype),
            "wheres": known,
            "whose": request.POST.get("whose", named),
            "as_now": _whose(request.scope, rtype, made.where) if named == "keep" else "",
            "views": views,
            "part": part or (builder.of(request.scope, rtype, made.where) if rtype else None),
            "fields": [(n, label_of(k)) for n, k in fields.items()],
            "changeable": [(n, label_of(k)) for n, k in fields.items() if not k.readonly],
        }
        return render(request, "settings/grant.html", context, status=refused.status if refused else 200)
