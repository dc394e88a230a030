"""Bare views: the least Django code that answers the same questions from the same database.

No session, no rights, no translation; row-level security is on, statements are written by hand, pages are Jinja2.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson
from django.db import connection, transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from jinja2 import Environment, FileSystemLoader

from bench.reference import sql
from klientel.kernel.tenancy import inside
from klientel.lib.ids import uuid7
from klientel.lib.words import fold

TENANT = UUID(os.environ["BENCH_TENANT"])
PAGES = Environment(loader=FileSystemLoader(Path(__file__).parent / "templates"), autoescape=True)


def rows(statement: str, /, **params: Any) -> list[tuple[Any, ...]]:
    """What a statement answers, in a transaction of the tenant."""
    with inside(TENANT), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement, params | {"tenant": TENANT})
        return cursor.fetchall()


def shown(name: str, **values: Any) -> HttpResponse:
    """A page."""
    return HttpResponse(PAGES.get_template(name).render(**values))


def persons(request: HttpRequest) -> HttpResponse:
    """Fifty rows of eight columns."""
    more, params = "", {}
    if "sort" in request.GET:
        more, params = sql.AFTER, {"sort": request.GET["sort"], "id": request.GET["id"]}
    if "three" in request.GET:
        more = sql.THREE_PARTS
    found = [
        (*row[:5], [e["value"] for e in orjson.loads(row[5])], [e["value"] for e in orjson.loads(row[6])], *row[7:])
        for row in rows(sql.LIST.format(more=more), **params)[:50]
    ]
    return shown("list.html", rows=found)


def search(request: HttpRequest) -> HttpResponse:
    """Eight hits: by word start, else nearly so."""
    text = fold(request.GET["q"])
    found = rows(sql.SEARCH.format(test=sql.BEGINS), like=f"% {text}%")
    if not found:
        found = rows(sql.SEARCH.format(test=sql.NEARLY), text=text)
    return shown("search.html", found=found)


def person(_request: HttpRequest, person_id: UUID) -> HttpResponse:
    """Facts, thirty events, related records."""
    with inside(TENANT), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql.PERSON, {"tenant": TENANT, "id": person_id})
        facts = dict(zip([c.name for c in cursor.description], cursor.fetchone(), strict=True))
        cursor.execute(sql.TIMELINE, {"tenant": TENANT, "id": person_id})
        events = [(*row[:4], orjson.loads(row[4] or "{}") | orjson.loads(row[5] or "{}")) for row in cursor.fetchall()]
        cursor.execute(sql.RELATED, {"tenant": TENANT, "id": person_id})
        related = cursor.fetchall()
    return shown("record.html", facts=facts, events=events, related=related)


def create(request: HttpRequest) -> HttpResponse:
    """A person and its event."""
    given, new = orjson.loads(request.body), uuid7()
    title = f"{given['first_name']} {given['last_name']}"
    with inside(TENANT), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql.CREATE, {
            "id": new, "tenant": TENANT, "title": title, "sort": fold(f"{given['last_name']} {given['first_name']}"),
            "keys": [given["emails"][0]["value"]], "first": given["first_name"], "last": given["last_name"],
            "emails": orjson.dumps(given["emails"]).decode(), "stage": given["stage"],
        })  # fmt: skip
        _event(cursor, new, "create", given)
    return JsonResponse({"id": str(new)}, status=201)


def change(request: HttpRequest, person_id: UUID) -> HttpResponse:
    """One field and its event."""
    given = orjson.loads(request.body)
    with inside(TENANT), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql.CHANGE, {"tenant": TENANT, "id": person_id, "position": given["position"]})
        _event(cursor, person_id, "change", given)
    return JsonResponse({"id": str(person_id)})


def board(_request: HttpRequest) -> HttpResponse:
    """Columns with count and sum, 25 cards each."""
    with inside(TENANT), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql.STAGES, {"tenant": TENANT})
        stages = cursor.fetchall()
        cursor.execute(sql.CARDS, {"tenant": TENANT, "stages": [row[0] for row in stages]})
        cards: dict[UUID, list[Any]] = {}
        for row in cursor.fetchall():
            cards.setdefault(row[1], []).append(row)
    return shown("board.html", stages=stages, cards=cards)


def move(request: HttpRequest, deal_id: UUID) -> HttpResponse:
    """Another stage and its event."""
    given = orjson.loads(request.body)
    with inside(TENANT), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql.MOVE, {"tenant": TENANT, "id": deal_id, "stage": given["stage"]})
        _event(cursor, deal_id, "move", given)
    return JsonResponse({"id": str(deal_id)})


def _event(cursor: Any, record: UUID, kind: str, changes: dict[str, Any]) -> None:
    cursor.execute(sql.EVENT, {
        "event": uuid7(), "tenant": TENANT, "kind": f"contacts.person.{kind}", "id": record,
        "changes": orjson.dumps(changes).decode(),
    })  # fmt: skip
