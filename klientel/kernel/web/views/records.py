"""The page of one record: facts, what is to come, what happened, what belongs to it."""

from __future__ import annotations

from collections import Counter
from typing import Any
from uuid import UUID

import orjson
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from klientel.kernel import actions
from klientel.kernel.access import seen
from klientel.kernel.access.leading_on import stands_for
from klientel.kernel.access.reading import Name, Page, exist, get, names, names_by_type, select
from klientel.kernel.access.reading import Row as ListRow
from klientel.kernel.errors import Missing
from klientel.kernel.kinds import Kind, Link, Links
from klientel.kernel.records import RecordType, Reverse, aliases, reverses, type_of
from klientel.kernel.web import cells, entries, shaping, timeline
from klientel.kernel.web.addresses import place, urlencoded
from klientel.kernel.web.answers import fragment, page, wants_part
from klientel.kernel.web.fields import label_of, moment_as_sent
from klientel.kernel.web.panels import panel_of
from klientel.kernel.web.views import neighbours
from klientel.kernel.web.views.lists import seen_type

#: how many related records a card shows
RELATED = 6
MOST_CARDS = 8
NOT_FACTS = ("tags", "owner")  # tags stand above the facts; settings belong to nobody
NO_ROWS = Page([], None, None)
RELATION = "kernel.relation"
WARNING = "kernel.warning"
FILE = "kernel.file"
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
    past = _timeline(request, rtype, record_id, beside)
    if wants_part(request):
        return fragment(request, "records/_timeline.html", past | {"rtype": rtype, "record": found})
    linked = _linked(scope, rtype, found)
    steps = [s for t in beside for s in entries.upcoming(scope, [entries.about(t, record_id)], types=[t])]
    steps.sort(key=entries.soonest)
    _remember(request, rtype, record_id)
    return render(
        request,
        "records/record.html",
        past
        | beside_it(scope, rtype, record_id)
        | _captures(scope, wanted=found.archived_at is None and not rtype.system)
        | {
            "rtype": rtype,
            "record": found,
            "steps": steps[:8],
            "behind": neighbours.list_behind(request, rtype),
            "sections": sections(scope, rtype, found, linked),
            "subtitle": _subtitle(rtype, found, linked),
            "tags": [linked[t] for t in found.tags if t in linked],
            "stage": _stage(scope, rtype, found),
            "owner": linked.get(found.owner),
            "may_upload": found.archived_at is None and scope.may(type_of(FILE), "create"),
            "any_more": found.archived_at is None and bool(_offered(scope, rtype)),
            "more": lambda: more_actions(scope, rtype, found),
            "contact": contact(scope, rtype, found),
            "may_change": scope.may(rtype, "change") and found.archived_at is None,
            "may_archive": scope.may(rtype, "archive"),
            "panel": panel_of(rtype.key, request, found),
            "first_open": next((s for s in steps if s.completable), None),
            "open_count": sum(s.completable for s in steps),
        },
    )


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


def _timeline(request: Any, rtype: RecordType, record_id: UUID, beside: list[RecordType]) -> dict[str, Any]:
    key = ("filters", rtype.key, get_language())
    options = request.scope.known(key, lambda: timeline.filters(rtype, beside))
    chosen = next((f for f in options if f.key == request.GET.get("show", "")), options[0])
    some, rest = timeline.read(request.scope, record_id, chosen, request.GET.get("before", ""))
    base = f"{place('list', rtype.slug)}{record_id}/"
    return {"days": timeline.days(some), "filters": options, "chosen": chosen, "base": base, "rest": rest}


def _linked(scope: Any, rtype: RecordType, found: Any) -> dict[UUID, Name]:
    """Names of all records that this one leads to."""
    wanted: dict[str, set[UUID]] = {}
    for name, kind in scope.visible(rtype).items():
        value = rtype.value(found, name)
        if isinstance(kind, Link | Links) and value and kind.to != "kernel.user":
            wanted.setdefault(kind.to, set()).update(value if isinstance(kind, Links) else [value])
    return names_by_type(scope, wanted)


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


def beside_it(scope: Any, rtype: RecordType, record_id: UUID) -> dict[str, Any]:
    """Related records, relations and files. One statement says where there is anything, and only that is read."""
    ways = scope.known(("ways", rtype.key), lambda: _ways(scope, rtype))
    asked = [(way.source, _leads(way, record_id)) for way in ways]
    more = [(RELATION, _either(record_id)), (FILE, _on(record_id)), (WARNING, _warned(record_id))]
    *taken, relates, holds, warned = exist(scope, [*asked, *((type_of(key), where) for key, where in more)])
    return {
        "related": related(scope, ways, taken, record_id),
        "relations": relations(scope, record_id) if relates else [],
        "files": files(scope, record_id) if holds else [],
        "warnings": warnings(scope, rtype, record_id) if warned else [],
    }


def _either(record_id: UUID) -> dict[str, Any]:
    return {"any": [{"field": f, "op": "contains_one", "value": [str(record_id)]} for f in ("first", "second")]}


def _on(record_id: UUID) -> dict[str, Any]:
    return {"field": "concerns", "op": "contains_one", "value": [str(record_id)]}


def related(scope: Any, ways: list[Reverse], taken: list[bool], record_id: UUID) -> list[dict[str, Any]]:
    """Cards of related records: one statement per way that leads here, for those ways on which there is anything."""
    found = zip(ways, taken, strict=True)
    shown = [_card(scope, w, record_id, there=t) for w, t in found if t or scope.may(w.source, "create")]
    often = Counter(str(c["label"]) for c in shown)
    return [c | {"label": c["source"].plural} if often[str(c["label"])] > 1 else c for c in shown]


def _ways(scope: Any, rtype: RecordType) -> list[Reverse]:
    """The ways by which other records lead to those of a type. Entries are left to the timeline."""
    found = [
        way
        for way in reverses(rtype).values()
        if not (entries.concern(way.source) or way.source.system or way.source.key == RELATION) and _open(scope, way)
    ]
    return found[:MOST_CARDS]


def _leads(way: Reverse, record_id: UUID) -> dict[str, Any]:
    value: Any = [str(record_id)] if way.many else str(record_id)
    return {"field": way.field, "op": "contains_one" if way.many else "is", "value": value}


def _card(scope: Any, way: Reverse, record_id: UUID, *, there: bool) -> dict[str, Any]:
    source, where = way.source, _leads(way, record_id)
    columns = tuple(c for c in source.columns if c in scope.visible(source) and c != way.field)[:2]
    found = select(scope, source, columns=columns, where=where, limit=RELATED) if there else NO_ROWS
    may_create = scope.may(source, "create")
    return {
        "label": way.label,
        "source": source,
        "rows": found.rows,
        "more": found.after is not None,
        "new": f"{place('new', source.slug)}?{urlencoded({way.field: record_id})}" if may_create else "",
        "all": f"{place('list', source.slug)}?{urlencoded({'where': orjson.dumps(where).decode()})}",
        "sub": _subs(scope, source, columns, found.rows),
    }


def _warned(record_id: UUID) -> dict[str, Any]:
    on = {"field": "about", "op": "contains_one", "value": [str(record_id)]}
    return {"all": [on, {"field": "state", "op": "is", "value": "open"}]}


def warnings(scope: Any, rtype: RecordType, record_id: UUID) -> list[dict[str, Any]]:
    """What looks wrong with its values and nobody has acknowledged yet."""
    source = type_of(WARNING)
    rows = select(scope, source, columns=("field", "code", "hint"), where=_warned(record_id), limit=20).rows
    visible = scope.visible(rtype)
    return [
        {
            "label": label_of(visible[r.values["field"]]),
            "text": source.fields["code"].show(r.values["code"]),
            "hint": r.values["hint"],
            "accept": reverse("do", args=[source.slug, r.id, "accept"]),
        }
        for r in rows
        if r.values["field"] in visible
    ]


def files(scope: Any, record_id: UUID) -> list[ListRow]:
    """The newest files that stand on this record."""
    rtype = type_of(FILE)
    if not scope.may(rtype, "view"):
        return []
    return select(
        scope, rtype, columns=("size", "created_at"), where=_on(record_id), sort="-created_at", limit=RELATED
    ).rows


def relations(scope: Any, record_id: UUID) -> list[dict[str, Any]]:
    """Records that this one belongs together with, each with the name of the way, seen from here."""
    rtype = type_of(RELATION)
    if not scope.may(rtype, "view"):
        return []
    found = select(scope, rtype, columns=("kind", "first", "second", "note"), where=_either(record_id), limit=20).rows
    if not found:
        return []
    kinds = select(scope, type_of("kernel.relationkind"), columns=("name", "back"), limit=200).rows
    said = {k.id: (k.values["name"], k.values["back"]) for k in kinds}
    others = {i for r in found for i in (*r.values["first"], *r.values["second"])} - {record_id}
    known = names(scope, others)
    made = []
    for row in found:
        forwards = record_id in row.values["first"]
        way = said.get(row.values["kind"], ("", ""))[0 if forwards else 1]
        made += [
            {"way": way, "name": known[i], "note": row.values["note"], "id": row.id}
            for i in row.values["second" if forwards else "first"]
            if i in known
        ]
    return made


def _open(scope: Any, way: Reverse) -> bool:
    return scope.may(way.source, "view") and way.field in scope.visible(way.source)


def _subs(scope: Any, source: RecordType, columns: tuple[str, ...], rows: list[ListRow]) -> list[list[Any]]:
    """What stands under each related record: its first columns, links left out."""
    kinds = [scope.visible(source)[c] for c in columns]
    shown = [(k.name, cells.cell(k, {})) for k in kinds if not isinstance(k, Link | Links)]
    return [[text for name, render in shown if (text := render(row.values[name]))] for row in rows]


def more_actions(scope: Any, rtype: RecordType, found: Any) -> list[dict[str, Any]]:
    """What else can be done with this record."""
    if found.archived_at is not None:
        return []
    made = [
        {
            "verb": a.verb,
            "label": str(a.label),
            "icon": a.icon,
            "dangerous": a.dangerous,
            "url": reverse("do", args=[rtype.slug, found.pk, a.verb]),
            "asks": bool(a.params) or a.outward or a.dangerous,
        }
        for a in _offered(scope, rtype)
    ]
    return made + (_merges(rtype, found) if rtype.mergeable and scope.may(rtype, "merge") else [])


def _offered(scope: Any, rtype: RecordType) -> list[Any]:
    return scope.known(("offered", rtype.key), lambda: [  # type: ignore[no-any-return]
        a
        for a in actions.actions_on(rtype)
        if not a.new
        and (a.verb not in NOT_OFFERED or a.verb in ("assign", "tag", "link"))
        and scope.may(rtype, a.needs)
    ])  # fmt: skip


def _merges(rtype: RecordType, found: Any) -> list[dict[str, Any]]:
    """Becoming one with others, and standing alone again where others are part of it."""
    at = place("merge", rtype.slug)
    made = [{"verb": "merge", "label": _("Merge with …"), "icon": "merge", "dangerous": False, "asks": True}]
    made[0]["url"] = f"{at}?id={found.pk}"
    if aliases.old_ids(found.pk):
        made.append({"verb": "unmerge", "label": _("Take apart"), "icon": "split", "dangerous": False, "asks": True})
        made[1]["url"] = reverse("unmerge", args=[rtype.slug, found.pk])
    return made


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
