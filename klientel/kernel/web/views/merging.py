"""Pages of merging: records side by side, one choice for each field; and taking them apart again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from klientel.kernel import actions, tenancy
from klientel.kernel.access.reading import get, names, visible_ids
from klientel.kernel.errors import Conflict, Forbidden, Missing, Refused
from klientel.kernel.kinds import Entries, Kind, Links
from klientel.kernel.merge import deciding, previewing
from klientel.kernel.merge.previewing import Side, Together
from klientel.kernel.records import RecordType, aliases, type_of
from klientel.kernel.web import cells, fields, values
from klientel.kernel.web.answers import act, came_from, id_of, say_done, version_in
from klientel.kernel.web.fields import label_of
from klientel.kernel.web.speech import large
from klientel.kernel.web.views.lists import seen_type
from klientel.lib.ids import read_id

MOST = 10  # records side by side


@dataclass(frozen=True)
class Cell:
    """One record's value in a row of the comparison, or one entry of a united list."""

    key: str
    html: Any
    chosen: bool
    empty: bool = False


@dataclass(frozen=True)
class Compared:
    """A row of the comparison."""

    name: str
    label: str
    cells: list[Cell]
    entries: list[Cell]
    differs: bool
    open: bool
    why: str


@act
def merge(request: Any, slug: str) -> HttpResponse:
    """GET shows the records side by side, and asks for another one where only one is named; POST merges them."""
    with tenancy.reading():
        rtype = seen_type(request, slug)
    if not request.scope.may(rtype, "merge"):
        raise Forbidden("forbidden", _("You may not do this here."))
    ids = _ids(request.GET if request.method != "POST" else request.POST)
    now = _led_on(request, rtype, ids)
    if len(now) == 1 < len(ids):
        say_done(request, _("These records are one already."))
        return HttpResponseRedirect(reverse("record", args=[slug, now[0]]))
    if request.method != "POST":
        return _look(request, rtype, now)
    if now != ids:
        return _look(request, rtype, now, Conflict("merged", _("This record was merged into another one meanwhile.")))
    try:
        done = _merge(request, rtype, ids)
    except Missing:
        raise
    except Refused as no:
        return _look(request, rtype, ids, no)
    text = _("Merged: %(title)s") % {"title": done.record.title}
    say_done(request, text, done.change_set)
    return HttpResponseRedirect(came_from(request) or reverse("record", args=[slug, done.record.pk]))


def _ids(sent: Any) -> list[UUID]:
    return list(dict.fromkeys(map(id_of, sent.getlist("id"))))[:MOST]


def _led_on(request: Any, rtype: RecordType, ids: list[UUID]) -> list[UUID]:
    """The records, and for those that became part of another one meanwhile that one."""
    with tenancy.reading():
        old = aliases.survivors(ids)
        seen = visible_ids(request.scope, rtype, old.values())
    return list(dict.fromkeys(old[i] if old.get(i) in seen else i for i in ids))


def _merge(request: Any, rtype: RecordType, ids: list[UUID]) -> actions.Done:
    with tenancy.reading():
        seen = previewing.together(request.scope, rtype, ids, read_id(request.POST.get("keep", "")))
        chosen, given = _choices(request.POST, seen)
    told = {k.removeprefix("v-"): version_in(v) for k, v in request.POST.items() if k.startswith("v-")}
    versions = {k: v for k, v in told.items() if v is not None}
    losers = [i for i in ids if i != seen.survivor.pk]
    return actions.run(
        request.actor, f"{rtype.key}.merge", seen.survivor.pk, scope=request.scope, records=losers,
        fields=chosen, values=given, versions=versions,
    )  # fmt: skip


def _choices(sent: Any, seen: Together) -> tuple[dict[str, Any], dict[str, Any]]:
    """Whose value each field has, and the entries of lists that were left on."""
    chosen: dict[str, Any] = {}
    given: dict[str, Any] = {}
    for side in seen.sides:
        name = side.kind.name
        if not side.open or not side.differs:
            continue
        if deciding.several(side.kind):
            on = {int(t) for t in sent.getlist(f"e-{name}") if t.isdigit()}
            if f"m-{name}" in sent and len(on) < len(side.decided.value):
                plain = side.kind.plain(side.decided.value)
                given[name] = [entry for n, entry in enumerate(plain) if n in on]
        elif (one := sent.get(f"f-{name}")) and one != str(side.decided.source):
            chosen[name] = one
    return chosen, given


def _look(request: Any, rtype: RecordType, ids: list[UUID], refused: Refused | None = None) -> HttpResponse:
    with tenancy.reading():
        context: dict[str, Any] = {"rtype": rtype, "refused": refused, "next": came_from(request), "ids": ids}
        context["more"] = _search(request, rtype)
        if len(ids) > 1:
            seen = previewing.together(
                request.scope, rtype, ids, read_id(request.POST.get("keep", "")) or read_id(request.GET.get("keep", ""))
            )
            context |= {"seen": seen, "records": [seen.survivor, *seen.losers], "rows": _rows(request.scope, seen)}
            context["moves"] = [f"{n} {large(_counted(key, n))}" for key, n in seen.moves.items()]
            context["cancel"] = reverse("record", args=[rtype.slug, seen.survivor.pk])
        elif ids:
            context["one"] = get(request.scope, rtype, ids[0], archived=False)
        return render(request, "records/merge.html", context, status=refused.status if refused else 200)


def _counted(key: str, n: int) -> str:
    rtype = type_of(key)
    return str(rtype.label if n == 1 else rtype.plural)


def _search(request: Any, rtype: RecordType) -> fields.Field:
    """The control that finds the other record."""
    kind = Links(rtype.key, _("Other records"), name="id")
    [drawn] = fields.fields(request.scope, [kind], {"id": []}, prefix="merge")
    return drawn


def _rows(scope: Any, seen: Together) -> list[Compared]:
    known = values.names_in(scope, [(s.kind, s.values.values()) for s in seen.sides])
    return [_row(side, seen, known) for side in seen.sides]


def _row(side: Side, seen: Together, known: Any) -> Compared:
    kind, records = side.kind, [seen.survivor, *seen.losers]
    made = [
        Cell(
            str(r.pk),
            cells.cell(kind, known)(side.values[r.pk]),
            side.decided.source == r.pk,
            kind.is_empty(side.values[r.pk]),
        )
        for r in records
    ]
    entries = []
    if deciding.several(kind) and side.differs:
        entries = [Cell(str(n), _entry(kind, e, known), True) for n, e in enumerate(side.decided.value)]
    return Compared(kind.name, label_of(kind), made, entries, side.differs, side.open, _why(side))


def _entry(kind: Kind, entry: Any, known: Any) -> Any:
    return kind.line(entry) if isinstance(kind, Entries) else cells.cell(kind, known)([entry])


def _why(side: Side) -> str:
    """Why this is what the merge would take."""
    how = side.decided.how
    if not side.differs:
        return _("the same everywhere")
    if not side.open:
        return _("you may not set this field: what is kept stays, what is empty is filled")
    if how == deciding.UNITED:
        return _("all of them together, each once")
    if how == deciding.FILLED:
        return _("filled, because it is empty in the record that is kept")
    return _("from the record that is kept")


# -- taking apart ---------------------------------------------------------------------------------------------------


@act
def unmerge(request: Any, slug: str, record_id: UUID) -> HttpResponse:
    """GET shows who is part of a record and what changed since; POST takes the chosen ones out."""
    with tenancy.reading():
        rtype = seen_type(request, slug)
    if not request.scope.may(rtype, "merge"):
        raise Forbidden("forbidden", _("You may not do this here."))
    if request.method != "POST":
        return _look_apart(request, rtype, record_id)
    try:
        done = actions.run(
            request.actor, f"{rtype.key}.unmerge", record_id, scope=request.scope, records=_ids(request.POST),
            restore=_named(request.POST, "r-", "before"), give=_named(request.POST, "g-"),
        )  # fmt: skip
    except Missing:
        raise
    except Refused as no:
        return _look_apart(request, rtype, record_id, no)
    say_done(request, _told(done, record_id))
    return HttpResponseRedirect(reverse("record", args=[slug, record_id]))


def _named(sent: Any, prefix: str, only: str = "") -> dict[str, str]:
    found = {k.removeprefix(prefix): v for k, v in sent.items() if k.startswith(prefix) and v}
    return {k: v for k, v in found.items() if not only or v == only}


def _told(done: actions.Done, record_id: UUID) -> str:
    """What was taken apart, and what stayed because it changed since."""
    event = next(e for e in done.events if e.record_id == record_id)
    text = _("Taken apart: %(title)s") % {"title": done.record.title}
    stayed = int(event.parameters.get("left_count", 0)) + len(event.parameters.get("kept", ()))
    if stayed:
        text += ". " + ngettext("%(n)d was changed since and stays.", "%(n)d were changed since and stay.", stayed) % {
            "n": stayed
        }
    return text


def _look_apart(request: Any, rtype: RecordType, record_id: UUID, refused: Refused | None = None) -> HttpResponse:
    with tenancy.reading():
        record = get(request.scope, rtype, record_id, archived=False)
        named = request.GET.get("merge", "")
        seen = previewing.apart(request.scope, rtype, record, id_of(named) if named else None)
        visible = request.scope.visible(rtype)
        known = values.names_in(request.scope, [(visible[n], c.values()) for n, c in seen.conflicts.items()])
        context = {
            "rtype": rtype,
            "record": record,
            "seen": seen,
            "refused": refused,
            "others": [
                (m, ", ".join(n.title for n in names(request.scope, m.losers, rtype.key).values())) for m in seen.others
            ],
            "conflicts": [
                (n, label_of(visible[n]), {k: values.shown(visible[n], v, known) for k, v in told.items()})
                for n, told in seen.conflicts.items()
            ],
        }
        return render(request, "records/unmerge.html", context, status=refused.status if refused else 200)
