"""Boards of the record types that have one: the page, more cards of a column, and the cards that just changed."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import orjson
from django.http import HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from klientel.kernel import actions
from klientel.kernel.access.reading import Row
from klientel.kernel.errors import Missing, Refused
from klientel.kernel.records import RecordType, by_slug, type_of
from klientel.kernel.web import board, shell
from klientel.kernel.web.addresses import place, urlencoded
from klientel.kernel.web.answers import act, page, say_done
from klientel.kernel.web.carding import Cards, totals
from klientel.kernel.web.listing import State, chips, state_of
from klientel.kernel.web.sharing import shared
from klientel.kernel.web.views.lists import seen_type

MOST_CHANGED = 100
MINE = '{"field":"owner","op":"is","value":{"me":true}}'


def _views(request: Any, rtype: RecordType) -> list[Row]:
    return [v for v in shell.shell_of(request).beside[0] if v.values["record_type"] == rtype.key]


def _state(request: Any, rtype: RecordType, *, part: bool = False) -> State:
    """What the address asks for; of a ``part`` of the board the saved views matter only where it names one."""
    views = _views(request, rtype) if not part or request.GET.get("view") else []
    return state_of(request.scope, rtype, request.GET, views).looked_at("board", request.GET)


@page
def record_board(request: Any, slug: str) -> HttpResponse:
    """The board with the first cards of every column."""
    rtype, scope = seen_type(request, slug), request.scope
    shell.shell_of(request).list_of = rtype.key
    board.board_of(rtype, scope)
    state, broken = _state(request, rtype), None
    try:
        drawn = board.draw(scope, rtype, state.where, request.GET.get("within", ""))
    except Refused as no:
        broken, drawn = no, board.draw(scope, rtype, {"any": []}, request.GET.get("within", ""))
    query = state.query() | {"within": request.GET.get("within", "")}
    made = Cards(drawn)
    context = {
        "rtype": rtype,
        "state": state,
        "views": _views(request, rtype),
        "broken": broken,
        "drawn": drawn,
        "query": query,
        "columns": [(c, totals(c.sums), made.html(c.page.rows, c)) for c in drawn.columns],
        "sum": totals(drawn.sums),
        "weighted": totals(drawn.sums, weighted=True),
        "amounts": drawn.board.amount in scope.visible(rtype),
        "chips": chips(scope, state),
        "whole_urls": [(w, _url(rtype, query | {"within": str(w.id)})) for w in drawn.wholes],
        "mine_url": _url(rtype, query | {"where": MINE}),
        "may_create": scope.may(rtype, "create"),
        "may_change": scope.may(rtype, "change"),
        "part_query": urlencoded(query | {"as": "board"}),
        **_begin(scope, drawn),
    }
    return render(request, "records/board.html", context)


def _begin(scope: Any, drawn: board.Drawn) -> dict[str, Any]:
    """The button that makes the usual columns, where there are none and this actor may make them."""
    key = drawn.board.begin if not drawn.columns else ""
    act_ = actions.get(key) if key else None
    may = act_ is not None and scope.may(type_of(act_.on), act_.needs)
    return {"may_begin": may, "begin_label": act_.label if act_ else ""}


@require_POST
@act
def begin(request: Any, slug: str) -> HttpResponse:
    """Make the usual columns of a board."""
    rtype = by_slug(slug)
    if rtype.board is None or not rtype.board.begin:
        raise Missing("no_board", _("There is no board of these records."))
    done = actions.run(request.actor, rtype.board.begin, scope=request.scope)
    say_done(request, _("%(title)s was created.") % {"title": done.record.title}, done.change_set)
    return HttpResponseRedirect(place("board", slug))


def _url(rtype: RecordType, query: dict[str, Any]) -> str:
    return f"{place('board', rtype.slug)}?{urlencoded(query)}"


@page
def column(request: Any, slug: str) -> HttpResponse:
    """Further cards of one column, for the script that shows more while somebody scrolls."""
    rtype, scope = seen_type(request, slug), request.scope
    state = _state(request, rtype, part=True)
    key = request.GET.get("column", "")
    # the column of what stands in none is there only where something is counted
    drawn = board.outline(scope, rtype, state.where, request.GET.get("within", ""), numbers=not key)
    wanted = board.chosen(drawn, key)
    found = board.cards(scope, drawn, wanted, state.where, request.GET.get("after"))
    board.dress(scope, drawn, found.rows)
    return JsonResponse({"html": Cards(drawn).html(found.rows, wanted), "after": found.after})


@page
def changed(request: Any, slug: str) -> HttpResponse:
    """Some cards as they stand now, after somebody moved or changed them; with ``numbers`` those of all columns too.

    Cards are worth a question at once, and cost little; numbers are asked for when the board has come to rest.
    """
    rtype = seen_type(request, slug)
    state = _state(request, rtype, part=True)
    try:
        ids = [UUID(i) for i in request.GET.get("ids", "").split(",")[:MOST_CHANGED] if i]
    except ValueError:
        raise Refused("not_a_record", _("There is no such record."), "ids") from None
    whole, counted = request.GET.get("within", ""), bool(request.GET.get("numbers"))
    asked = [rtype.key, state.where, whole, sorted(ids), counted]
    told = shared(
        request, asked, lambda: orjson.dumps(_changed(request.scope, rtype, state.where, whole, ids, counted))
    )
    return HttpResponse(told, content_type="application/json")


def _changed(scope: Any, rtype: RecordType, where: Any, whole: str, ids: list[UUID], counted: bool) -> dict[str, Any]:
    drawn = board.outline(scope, rtype, where, whole, numbers=counted)
    rows = board.some(scope, drawn, ids, where) if ids else []
    board.dress(scope, drawn, rows)
    made = Cards(drawn)
    cards = {str(i): None for i in ids} | {str(r.id): _card(made, r) for r in rows}
    return {"cards": cards, **(_numbers(drawn) if counted else {})}


def _numbers(drawn: board.Drawn) -> dict[str, Any]:
    columns = {c.key: {"n": c.count, "sum": totals(c.sums)} for c in drawn.columns}
    return {"columns": columns, "sum": totals(drawn.sums), "weighted": totals(drawn.sums, weighted=True)}


def _card(made: Cards, row: Any) -> dict[str, Any]:
    at = board.column_of(made.drawn, row)
    return {"column": at.key if at else "", "html": made.card(row, at)}
