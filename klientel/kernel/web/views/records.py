"""The page of one record: facts, what is to come, what happened, what belongs to it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from klientel.kernel import actions
from klientel.kernel.access import seen
from klientel.kernel.access.leading_on import stands_for
from klientel.kernel.access.naming import naming
from klientel.kernel.access.reading import Name, get, names_by_type
from klientel.kernel.conditions.compiling import is_anchor
from klientel.kernel.errors import Missing
from klientel.kernel.kinds import Kind, Link, Links
from klientel.kernel.records import RecordType, aliases, type_of
from klientel.kernel.statements import Question
from klientel.kernel.web import cells, entries, related, shaping, shell, timeline
from klientel.kernel.web.addresses import place
from klientel.kernel.web.answers import fragment, page, wants_part
from klientel.kernel.web.fields import label_of, moment_as_sent
from klientel.kernel.web.panels import panel_of
from klientel.kernel.web.views import neighbours
from klientel.kernel.web.views.lists import seen_type

NOT_FACTS = ("tags", "owner")  # tags stand above the facts; settings belong to nobody
NOT_OFFERED = {"create", "change", "archive", "restore", "comment", "link", "tag", "untag", "assign"} | {
    "merge", "unmerge", "remove", "exported", "note_sign_in"
}  # fmt: skip


@page
def record(request: Any, slug: str, record_id: UUID) -> HttpResponse:
    """Everything known about one record."""
    rtype, scope = seen_type(request, slug), request.scope
    if (found := led_on(scope, rtype, record_id)).pk != record_id:
        return HttpResponseRedirect(f"{place('list', slug)}{found.pk}/")
    beside = [] if rtype.system else entries.entry_types(scope)
    options, chosen, told = _timeline(request, rtype, record_id, beside)
    if wants_part(request):
        return fragment(request, "records/_timeline.html", _past(rtype, options, chosen, told.asked(), found))
    coming = entries.coming(scope, lambda t: entries.about(t, record_id), types=beside)
    around = shell.shell_of(request)
    merges = rtype.mergeable and scope.may(rtype, "merge")
    there = related.taken(scope, rtype, record_id), aliases.stands_for_others(record_id, asked=merges)
    leads = naming(scope, _leads(scope, rtype, found))
    past, (ways, taken), merged, linked, *some = around.read_with(told, *there, leads, *coming)
    steps = sorted((s for one in some for s in one), key=entries.soonest)
    _remember(request, rtype, record_id)
    return render(
        request,
        "records/record.html",
        _past(rtype, options, chosen, past, found)
        | related.beside_it(scope, rtype, record_id, ways, taken)
        | _menu(scope, rtype, found, merges=merges, merged=merged)
        | _captures(scope, wanted=found.archived_at is None and not rtype.system)
        | {
            "behind": neighbours.list_behind(request, rtype),
            "sections": sections(scope, rtype, found, linked),
            "subtitle": _subtitle(rtype, found, linked),
            "tags": [linked[t] for t in found.tags if t in linked],
            "stage": _stage(scope, rtype, found),
            "owner": linked.get(found.owner),
            "may_upload": found.archived_at is None and scope.may(type_of(related.FILE), "create"),
            "contact": contact(scope, rtype, found),
            "may_change": scope.may(rtype, "change") and found.archived_at is None,
            "may_archive": scope.may(rtype, "archive"),
            "panel": panel_of(rtype.key, request, found),
            **_coming(rtype, steps),
        },
    )


def _coming(rtype: RecordType, steps: list[Any]) -> dict[str, Any]:
    """The next steps and whether the page asks for one; what of them can be ticked off: the first one, and how many."""
    some = [s for s in steps if s.completable]
    asks = bool(steps) or (rtype.followed and not rtype.aside and is_anchor(rtype))
    return {"steps": steps[:8], "asks_for_next": asks, "first_open": some[0] if some else None, "open_count": len(some)}


def _captures(scope: Any, *, wanted: bool) -> dict[str, Any]:
    """The small forms, what they begin with, and how this moment stands in them."""
    now = timezone.now().replace(second=0, microsecond=0)
    made = entries.captures(scope, now) if wanted else []
    begins = tuple((n, str(v)) for one in made for n, v in one.start.items() if v != now)
    return {"captures": made, "capture_key": begins, "now_text": moment_as_sent(now)}


def led_on(scope: Any, rtype: RecordType, record_id: UUID) -> Any:
    """A record; of an old id the one that it became part of, or :class:`Missing`."""
    try:
        found = get(scope, rtype, record_id)
    except Missing:
        found = None
    if found is None or found.archived_at is not None:
        now = stands_for(scope, rtype, record_id)
        if now is not None or found is None:
            return get(scope, rtype, now or record_id)
    return found


Options = list[timeline.Filter]


def _timeline(
    request: Any, rtype: RecordType, record_id: UUID, beside: list[RecordType]
) -> tuple[Options, timeline.Filter, Question[tuple[list[timeline.Told], str]]]:
    """The ways to narrow the timeline, the chosen one, and the question what it holds."""
    key = ("filters", rtype.key, get_language())
    options = request.scope.known(key, lambda: timeline.filters(rtype, beside))
    chosen = next((f for f in options if f.key == request.GET.get("show", "")), options[0])
    return options, chosen, timeline.reading(request.scope, record_id, chosen, request.GET.get("before", ""))


def _past(rtype: RecordType, options: Options, chosen: timeline.Filter, past: Any, found: Any) -> dict[str, Any]:
    """The record, and what its timeline tells."""
    some, rest = past
    return {
        "rtype": rtype,
        "record": found,
        "days": timeline.days(some),
        "filters": options,
        "chosen": chosen,
        "base": f"{place('list', rtype.slug)}{found.pk}/",
        "rest": rest,
    }


def _linked(scope: Any, rtype: RecordType, found: Any) -> dict[UUID, Name]:
    """Names of all records that this one leads to."""
    return names_by_type(scope, _leads(scope, rtype, found))


def _leads(scope: Any, rtype: RecordType, found: Any) -> dict[str, set[UUID]]:
    """By type the records that this one leads to."""
    wanted: dict[str, set[UUID]] = {}
    for name, kind in scope.visible(rtype).items():
        value = rtype.value(found, name)
        if isinstance(kind, Link | Links) and value and kind.to != "kernel.user":
            wanted.setdefault(kind.to, set()).update(value if isinstance(kind, Links) else [value])
    return wanted


def sections(scope: Any, rtype: RecordType, found: Any, linked: dict[UUID, Name]) -> list[dict[str, Any]]:
    """The facts, in the declared order; what no section names follows, custom fields too."""
    visible, writable = scope.visible(rtype), scope.writable(rtype)
    may_change = scope.may(rtype, "change") and found.archived_at is None
    declared, whole = shaping.sections_of(scope, rtype)
    named = {n for _label, some in declared for n in some}
    no_fact = NOT_FACTS if rtype.system else NOT_FACTS[:1]
    known = (*named, *no_fact)
    rest = tuple(n for n, k in visible.items() if n not in known and (k.custom or not k.readonly) and k.cell != "json")
    if shaping.rules_of(scope, rtype):
        away = shaping.states(scope, rtype, shaping.stored(rtype, found.id))[0]
        visible = {n: k for n, k in visible.items() if n not in away}
    made = []
    for label, some in declared if whole else (*declared, ("", rest)):
        facts = [
            _fact(rtype, found, visible[n], linked, editable=may_change and n in writable)
            for n in some
            if n in visible and n != "tags"
        ]
        if facts:
            made.append({"label": label, "facts": facts})
    return made


def _fact(rtype: RecordType, found: Any, kind: Kind, linked: dict[UUID, Name], *, editable: bool) -> dict[str, Any]:
    value = rtype.value(found, kind.name) if kind.custom else getattr(found, kind.name)
    shown = cells.fact(kind, value, linked)
    return {
        "name": kind.name,
        "label": label_of(kind),
        "html": shown,
        "empty": shown == "",
        "edit": cells.edit_of(kind) or "text" if editable and kind.cell != "json" else "",
        "wide": kind.widget in ("addresses", "textarea", "rich"),
    }


def _subtitle(rtype: RecordType, found: Any, linked: dict[UUID, Name]) -> list[Any]:
    """What stands under the name: position, firm."""
    parts: list[Any] = []
    for name, kind in rtype.static.items():
        if name in ("position", "industry", "legal_form") and (value := rtype.value(found, name)):
            parts.append(kind.show(value))
        elif isinstance(kind, Link) and name not in ("owner",) and (link := linked.get(rtype.value(found, name))):
            parts.append(link)
    return parts[:3]


def _stage(scope: Any, rtype: RecordType, found: Any) -> Any:
    """The first choice that has colours: where the record stands in its life."""
    for name, kind in scope.visible(rtype).items():
        if getattr(kind, "tones", None) and (value := rtype.value(found, name)):
            return cells.cell(kind, {})(value)
    return ""


def contact(scope: Any, rtype: RecordType, found: Any) -> dict[str, str]:
    """The first phone number and mail address, for the buttons that use them."""
    made: dict[str, str] = {}
    for name, kind in scope.visible(rtype).items():
        value = rtype.value(found, name)
        if not value:
            continue
        if kind.key in ("phones", "phone"):
            made.setdefault("phone", value[0]["value"] if kind.key == "phones" else value)
        elif kind.key in ("emails", "email"):
            made.setdefault("email", value[0]["value"] if kind.key == "emails" else value)
    return made


def _menu(scope: Any, rtype: RecordType, found: Any, *, merges: bool, merged: bool) -> dict[str, Any]:
    """What else can be done with this record: the actions that fit it, and becoming one with others or apart again."""
    if found.archived_at is not None:
        return {"menu_key": (), "more": list}
    seen_fields = scope.visible(rtype)
    fitting = [a for a in _offered(scope, rtype) if a.fits(found, seen_fields)]
    key = (*(a.verb for a in fitting), *["merge"] * merges, *["unmerge"] * merged)

    def more() -> list[dict[str, Any]]:
        made = [
            {
                "label": str(a.label),
                "icon": a.icon,
                "dangerous": a.dangerous,
                "url": reverse("do", args=[rtype.slug, found.pk, a.verb]),
                "asks": bool(a.params) or a.outward or a.dangerous,
            }
            for a in fitting
        ]
        if merges:
            at = f"{place('merge', rtype.slug)}?id={found.pk}"
            made.append({"label": _("Merge with …"), "icon": "merge", "dangerous": False, "asks": True, "url": at})
        if merged:
            at = reverse("unmerge", args=[rtype.slug, found.pk])
            made.append({"label": _("Take apart"), "icon": "split", "dangerous": False, "asks": True, "url": at})
        return made

    return {"menu_key": key, "more": more}


def _offered(scope: Any, rtype: RecordType) -> list[Any]:
    return scope.known(("offered", rtype.key), lambda: [  # type: ignore[no-any-return]
        a
        for a in actions.actions_on(rtype)
        if not a.new
        and (a.verb not in NOT_OFFERED or a.verb in ("assign", "tag", "link"))
        and scope.may(rtype, a.needs)
    ])  # fmt: skip


def _remember(request: Any, rtype: RecordType, record_id: UUID) -> None:
    """The last records somebody opened stand first in the palette and on the home page."""
    seen.note(request.actor, rtype, [record_id], seen.How.OPENED)
    opened, this = request.session.get("opened", []), str(record_id)
    if opened and opened[0][1] == this:
        return
    mine = [e for e in opened if e[1] != this]
    request.session["opened"] = [[rtype.key, this], *mine][:12]


@page
def peek(request: Any, slug: str, record_id: UUID) -> HttpResponse:
    """A preview of a record, for the panel beside a list."""
    rtype, scope = seen_type(request, slug), request.scope
    found = led_on(scope, rtype, record_id)
    seen.note(request.actor, rtype, [found.pk], seen.How.OPENED)
    linked = _linked(scope, rtype, found)
    facts = [f for s in sections(scope, rtype, found, linked) for f in s["facts"] if not f["empty"]][:12]
    return fragment(
        request,
        "records/_peek.html",
        {
            "rtype": rtype,
            "record": found,
            "facts": facts,
            "subtitle": _subtitle(rtype, found, linked),
            "tags": [linked[t] for t in found.tags if t in linked],
            "stage": _stage(scope, rtype, found),
        },
    )
