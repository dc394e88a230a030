"""Lists of every record type: columns, sort, filter, saved views, keyset paging; everything is in the address."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from uuid import UUID

from django.http import HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _

from klientel.kernel import actions
from klientel.kernel.access.ordering import Sort, by_name
from klientel.kernel.access.reading import Name, Page, Row, count, selecting
from klientel.kernel.errors import Forbidden, Refused
from klientel.kernel.kinds import Kind
from klientel.kernel.records import RecordType, by_slug
from klientel.kernel.statements import Question
from klientel.kernel.transfer.exporting import formats
from klientel.kernel.web import cells, entries, rows, selections, shell
from klientel.kernel.web.addresses import place
from klientel.kernel.web.answers import page
from klientel.kernel.web.escaping import escaped
from klientel.kernel.web.fields import label_of
from klientel.kernel.web.listing import PAGE, State, beginning, chips, said_by, state_of, views_of
from klientel.kernel.web.speech import number

#: columns whose values are short, and how long a heading may be to stand above them
NARROW, LONG_WORD = ("number", "money", "date", "datetime", "yes_no"), 13
MOST_COUNTED = 10_000
#: verbs that the bar of a selection offers, in order; others of the type follow
BULK = ("assign", "tag", "untag", "merge", "archive")
DONE = "done_at"
NOT_BULK = ("create", "change", "restore", "comment", "link", "unmerge", "remove")


@dataclass(frozen=True)
class Column:
    """One column, with all that is the same for every row."""

    kind: Kind
    state: State
    css: str
    edit: str
    render: Callable[[Any], str]

    @property
    def name(self) -> str:
        """The name of its field."""
        return self.kind.name

    @property
    def label(self) -> str:
        """Its heading."""
        return label_of(self.kind)

    @property
    def sorted(self) -> str:
        """Whether the list stands by it: ``ascending``, ``descending`` or not at all."""
        way = str(self.state.sort)
        return "ascending" if way == self.name else "descending" if way == f"-{self.name}" else ""

    @property
    def sort_url(self) -> str:
        """The list by this column, the other way round where it stands so already; empty where that cannot be."""
        if not self.kind.sortable or self.name == "name":
            return ""
        return self.state.url(sort=f"-{self.name}" if self.sorted == "ascending" else self.name)

    @property
    def head(self) -> str:
        """The class of its heading, which makes room for a word longer than its values."""
        return f"{self.css} long" if self.kind.cell in NARROW and len(self.label) > LONG_WORD else self.css

    @cached_property
    def open(self) -> str:
        """The beginning of each of its cells."""
        edit = f' data-edit="{self.edit}" data-field="{escaped(self.name)}"' if self.edit else ""
        return f'<td class="{escaped(self.css)}"{edit}>'


@page
def record_list(request: Any, slug: str) -> HttpResponse:
    """A page of fifty records."""
    rtype, scope = seen_type(request, slug), request.scope
    around = shell.shell_of(request)
    around.list_of = rtype.key
    state = state_of(scope, rtype, request.GET, around.views if request.GET.get("view") else [])
    broken: Refused | None = None
    try:
        [found] = around.read_with(_selecting(scope, state))
    except Refused as no:  # a filter or sort that no longer works selects nothing and says so
        broken, found, state = no, Page([], None, None), State(rtype, state.columns, view=state.view, changed=True)
    columns = table_columns(scope, state, found.names)
    context = {
        "rtype": rtype,
        "state": state,
        "found": found,
        "broken": broken,
        "columns": columns,
        "rows": rows.body(rtype, [(c.name, c.open, c.render) for c in columns], found.rows, _late(scope, state, found))
        if found.rows
        else "",
    }
    return render(request, "records/list.html", context | _around(request, state, found, around.views))


def _selecting(scope: Any, state: State) -> Question[Page]:
    return selecting(
        scope,
        state.rtype,
        columns=(*state.columns, *(() if DONE in state.columns or not _due(scope, state) else (DONE,))),
        where=state.where,
        sort=state.sort,
        after=state.after,
        before=state.before,
        limit=PAGE,
        named=True,
    )


def _due(scope: Any, state: State) -> str:
    """The column that says when something to be ticked off is due, where this list shows it; else nothing."""
    name = entries.when(state.rtype) if entries.completable(state.rtype) else ""
    return name if name in state.columns and DONE in scope.visible(state.rtype) else ""


def _late(scope: Any, state: State, found: Page) -> tuple[str, set[UUID]]:
    """That column, and which of the rows are overdue."""
    name, today = _due(scope, state), timezone.localdate()
    late = {r.id for r in found.rows if r.values[DONE] is None and (r.values[name] or today) < today} if name else set()
    return name, late


def seen_type(request: Any, slug: str) -> RecordType:
    """The type of an address, if this actor may see any of its records."""
    rtype = by_slug(slug)
    if not request.scope.may(rtype, "view"):
        raise Forbidden("forbidden", _("You may not see these records."))
    return rtype


def table_columns(scope: Any, state: State, names: dict[Any, Name]) -> list[Column]:
    """The columns with their renderers, made once for all rows."""
    visible, writable = scope.visible(state.rtype), scope.writable(state.rtype)
    may_change = scope.may(state.rtype, "change")
    made, slots = [], {"m-sub": True, "m-tag": True, "m-when": True}
    for name in state.columns:
        kind = visible[name]
        edit = cells.edit_of(kind) if may_change and name in writable else ""
        css = f"{cells.css_of(kind)} {_slot(kind, slots)}".strip()
        made.append(Column(kind, state, css, edit, cells.html(kind, names)))
    return made


def _slot(kind: Any, free: dict[str, bool]) -> str:
    """Where a cell stands on the two-line card of a phone; most do not."""
    by_cell = {
        "choice": "m-tag",
        "datetime": "m-when",
        "date": "m-when",
        "link": "m-sub",
        "text": "m-sub",
        "email": "m-sub",
        "emails": "m-sub",
        "links": "m-sub",
    }
    slot = by_cell.get(kind.cell, "")
    if slot and free.get(slot) and kind.name not in ("owner", "tags"):
        free[slot] = False
        return slot
    return "m-off"


def _around(request: Any, state: State, found: Page, views: list[Row]) -> dict[str, Any]:
    """What stands around the table."""
    scope, rtype = request.scope, state.rtype
    first_page = not (state.after or state.before)
    visible, at = scope.visible(rtype), place("list", rtype.slug)
    return {
        "views": [
            {
                "row": v,
                "url": f"{at}?view={v.id}",
                "current": state.view is not None and v.id == state.view.id,
                "own": v.values["owner"] == scope.me,
            }
            for v in views
        ],
        "chips": lambda: chips(scope, state),
        "said_by": said_by(scope, state),
        "sorts": lambda: [
            {"label": label_of(k), "url": state.url(sort=n), "down_url": state.url(sort=f"-{n}")}
            for n, k in visible.items()
            if k.sortable and n in state.columns
        ],
        "total": len(found.rows) if first_page and not found.after else None,
        "bulk": lambda: bulk_actions(scope, rtype),
        "is_entry": bool(entries.concern(rtype)),
        "begins": beginning(rtype, visible),
        "may_create": scope.may(rtype, "create") and not rtype.arises,
        "may_export": scope.may(rtype, "export"),
        "formats": lambda: formats(rtype) if scope.may(rtype, "export") else [],
        **_name_column(state, named=by_name(visible, rtype)),
    }


def _name_column(state: State, *, named: bool) -> dict[str, Any]:
    """How the list stands by name; for somebody who may not know the names there is no such order."""
    by_title = named and state.sort.field in ("title", "name")
    return {
        "by_name": named,
        "name_sorted": by_title and ("descending" if state.sort.down else "ascending"),
        "name_sort_url": lambda: state.url(sort=str(Sort("title", by_title and not state.sort.down))),
    }


def all_columns(scope: Any, state: State) -> list[dict[str, Any]]:
    """Every field that a list can show: the shown ones in their order, then the others."""
    visible = scope.visible(state.rtype)
    names = dict.fromkeys((*state.columns, *(n for n, k in visible.items() if k.listed)))
    return [{"name": n, "label": label_of(visible[n]), "on": n in state.columns} for n in names]


def bulk_actions(scope: Any, rtype: RecordType) -> list[dict[str, Any]]:
    """What can be done with a selection: actions that need nothing, or one thing, more."""
    found = {a.verb: a for a in actions.actions_on(rtype)}
    usual = dict.fromkeys((*rtype.often, *BULK))
    order = [v for v in usual if v in found] + [v for v in found if v not in usual and v not in NOT_BULK]
    made: list[dict[str, Any]] = []
    for verb in order:
        act = found[verb]
        looked_at = verb == "merge"  # has a page of its own, where what it asks is decided
        if act.new or not scope.may(rtype, act.needs) or (len(act.params) > 1 and not looked_at):
            continue
        if looked_at and not rtype.mergeable:
            continue
        made.append(
            {
                "verb": verb,
                "usual": verb in usual,
                "label": str(act.label),
                "icon": act.icon,
                "dangerous": act.dangerous,
                "params": bool(act.params) and not looked_at,
                "url": place("bulk", rtype.slug, verb),
            }
        )
    made += selections.offered(scope, rtype)
    made.sort(key=lambda a: bool(a["dangerous"]))
    return made


@page
def how_many(request: Any, slug: str) -> HttpResponse:
    """The number of records of a list, counted up to a limit; asked for after the page is there."""
    rtype = seen_type(request, slug)
    state = state_of(request.scope, rtype, request.GET, views_of(request.scope, rtype))
    n = count(request.scope, rtype, state.where, most=MOST_COUNTED)
    text = number(min(n, MOST_COUNTED)) + ("+" if n > MOST_COUNTED else "")
    return JsonResponse({"n": n, "text": text})
