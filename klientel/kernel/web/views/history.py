"""All changes of one record: old and new, who, when, through what and why; and one field back to what it was."""

from __future__ import annotations

import datetime as dt
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from klientel.kernel import actions, tenancy
from klientel.kernel.access import seen
from klientel.kernel.access.reading import Name, get, names
from klientel.kernel.actions import Item
from klientel.kernel.errors import Missing, Refused
from klientel.kernel.events import Event
from klientel.kernel.history import reading
from klientel.kernel.history.undo import undoable, undone
from klientel.kernel.records import RecordType, type_of
from klientel.kernel.transfer.models import ImportRun
from klientel.kernel.web import values
from klientel.kernel.web.addresses import urlencoded
from klientel.kernel.web.answers import act, back, page, say_done
from klientel.kernel.web.fields import label_of
from klientel.kernel.web.speech import large
from klientel.kernel.web.views.lists import seen_type

MOST_TITLE = 60


@page
def history(request: Any, slug: str, record_id: UUID) -> HttpResponse:
    """A page of changes, newest first."""
    rtype, scope = seen_type(request, slug), request.scope
    found = get(scope, rtype, record_id)
    seen.note(request.actor, rtype, [record_id], seen.How.OPENED)
    visible = scope.visible(rtype)
    chosen = {k: request.GET.get(k, "") for k in ("field", "actor", "kind")}
    if chosen["field"] and chosen["field"] not in visible:
        raise Refused("no_such_field", _("There is no such field."), "field")
    verbs = {a.verb: a for a in actions.actions_on(rtype)}
    kinds = (verbs[chosen["kind"]].key,) if chosen["kind"] in verbs else ()
    past = reading.of_record(
        record_id, field_name=chosen["field"], actor=chosen["actor"], kinds=kinds,
        before=_place(request.GET.get("before", "")),
    )  # fmt: skip
    query = {k: v for k, v in chosen.items() if v}
    context = {
        "rtype": rtype,
        "record": found,
        "told": _told(request, rtype, found, past),
        "rest": urlencoded(query | {"before": past.rest}) if past.rest else "",
        "chosen": chosen,
        "fields": sorted(((n, label_of(k)) for n, k in visible.items()), key=lambda f: str(f[1]).lower()),
        "actors": reading.actors_of(record_id),
        "kinds": [(v, str(a.label)) for v, a in verbs.items()],
    }
    return render(request, "records/history.html", context)


def _place(text: str) -> tuple[dt.datetime, UUID] | None:
    at, _comma, event = text.partition(",")
    try:
        return (dt.datetime.fromisoformat(at), UUID(event)) if text else None
    except ValueError:
        raise Missing("missing", _("There is no such page.")) from None


def _told(request: Any, rtype: RecordType, found: Any, past: reading.Past) -> list[dict[str, Any]]:
    """The events with their lines; values of fields that are hidden today are left out."""
    scope = request.scope
    visible, writable = scope.visible(rtype), scope.writable(rtype)
    may_change = scope.may(rtype, "change") and found.archived_at is None
    known = values.names_in(scope, [(visible[n], p) for e in past.events for n, p in e.changes.items() if n in visible])
    titles = _titles(scope, past.causes.values())
    imports = _imports(past.events)
    gone = undone([e.id for e in past.events])
    made = []
    for event in past.events:
        lines = []
        for name, (old, new) in event.changes.items():
            if name not in visible:
                continue
            kind = visible[name]
            now = kind.plain(rtype.value(found, name))
            back_to = may_change and name in writable and event.parameters.get("new") is not True and now != old
            line = {"name": name, "label": label_of(kind), "old": values.shown(kind, old, known)}
            lines.append(line | {"new": values.shown(kind, new, known), "back": back_to})
        made.append(
            {
                "event": event, "what": _word(event), "lines": lines, "through": _through(event, past.runs, imports),
                "why": _why(event, past.causes, titles), "hidden": len(lines) < len(event.changes),
                "undone": event.id in gone, "undoable": undoable(event) and event.id not in gone,
                "as_of": event.at.isoformat(), "new": event.parameters.get("new") is True,
            }
        )  # fmt: skip
    return made


def _word(event: Event) -> str:
    try:
        return str(actions.get(event.kind).label)
    except Missing:
        return event.kind.rpartition(".")[2]


def _imports(some: list[Event]) -> dict[UUID, Any]:
    sets = {e.change_set for e in some}
    return {r.change_set: r for r in ImportRun.objects.filter(change_set__in=sets).only("pk", "name", "change_set")}


def _through(event: Event, runs: dict[UUID, str], imports: dict[UUID, Any]) -> dict[str, str]:
    """By which way the change came."""
    verb = event.kind.rpartition(".")[2]
    if event.change_set in imports:
        run = imports[event.change_set]
        return {"word": _("Import “%(name)s”") % {"name": run.name}, "url": reverse("import_result", args=[run.pk])}
    if event.undoes is not None:
        return {"word": _("Undo"), "url": ""}
    if verb in ("merge", "unmerge"):
        return {"word": _("Merge"), "url": ""}
    if runs.get(event.change_set) == "bulk":
        return {"word": _("Bulk edit"), "url": ""}
    words = {
        "member": _("by hand"), "token": _("API key"), "workflow": _("Rule"), "portal": _("Portal"),
        "job": _("Automatic"), "system": _("System"),
    }  # fmt: skip
    return {"word": words.get(event.actor.partition(":")[0], ""), "url": ""}


def _titles(scope: Any, causes: Any) -> dict[UUID, Name]:
    by_type: dict[str, set[UUID]] = {}
    for event in causes:
        by_type.setdefault(event.record_type, set()).add(event.record_id)
    found: dict[UUID, Name] = {}
    for key, ids in by_type.items():
        found |= names(scope, ids, key)
    return found


def _why(event: Event, causes: dict[UUID, Event], titles: dict[UUID, Name]) -> list[dict[str, Any]]:
    """The chain of causes, nearest first; a record that one may not see has no name in it."""
    chain: list[dict[str, Any]] = []
    at = event.cause
    while at is not None and at in causes and len(chain) < reading.DEEP:
        cause = causes[at]
        name = titles.get(cause.record_id)
        link = {"what": _word(cause), "who": cause.actor_name, "at": cause.at, "title": "", "url": ""}
        if name is not None:
            rtype = type_of(name.type)
            link |= {"title": f"{large(rtype.label)} {name.title}"[:MOST_TITLE]}
            link |= {"url": f"{reverse('history', args=[rtype.slug, cause.record_id])}#e-{cause.id}"}
        chain.append(link)
        at = cause.cause
    return chain


@require_POST
@act
def restore(request: Any, slug: str, record_id: UUID, event_id: UUID, name: str) -> HttpResponse:
    """One field back to what it was before an event: an ordinary change, which can be undone."""
    with tenancy.reading():
        rtype = seen_type(request, slug)
        get(request.scope, rtype, record_id, archived=False)
        kind = request.scope.writable(rtype).get(name)
        event = reading.one(record_id, event_id)
        if kind is None or event is None or name not in event.changes:
            raise Missing("no_such_field", _("There is no such field."))
    item = Item(record_id, {name: event.changes[name][0]})
    done = actions.run_item(request.actor, f"{rtype.key}.change", item, cause=event_id, scope=request.scope)
    say_done(request, _("%(field)s changed.") % {"field": label_of(kind)}, done.change_set if done.events else None)
    return back(request, reverse("history", args=[slug, record_id]))
