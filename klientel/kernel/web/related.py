"""What stands beside a record on its page: related records, relations, files and warnings, only where there are any."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any
from uuid import UUID

import orjson
from django.urls import reverse

from klientel.kernel.access.reading import Row as ListRow
from klientel.kernel.access.reading import existing, names, select
from klientel.kernel.kinds import Link, Links, Money
from klientel.kernel.records import RecordType, Reverse, reverses, type_of
from klientel.kernel.statements import Question
from klientel.kernel.web import cells, entries
from klientel.kernel.web.addresses import place, urlencoded
from klientel.kernel.web.fields import label_of

#: how many related records a card shows
RELATED = 6
#: how many kinds of records that are not there yet are offered to be made
MOST_OFFERED = 8
RELATION = "kernel.relation"
WARNING = "kernel.warning"
FILE = "kernel.file"
BESIDE = (RELATION, FILE, WARNING)
#: keeps the place of a record in a question that is the same for all records
_ANY = UUID("00000000-0000-7000-8000-00000000face")
_ANY_TEXT = str(_ANY)


def taken(scope: Any, rtype: RecordType, record_id: UUID) -> Question[tuple[list[Reverse], list[bool]]]:
    """On which ways to related records there is anything, and whether there are relations, files and warnings."""
    ways = scope.known(("ways", rtype.key), lambda: _ways(scope, rtype))
    if any(scope.extent(t) == "some" for t in (*(w.source for w in ways), *map(type_of, BESIDE))):
        there = _existing(scope, ways, record_id)  # a condition of a grant may hang on the day, or on a saved view
    else:
        of_any = scope.known(("taken", rtype.key), lambda: _existing(scope, ways, _ANY))
        there = replace(of_any, sql=replace(of_any.sql, params=_put(of_any.sql.params, record_id)))
    return replace(there, made=lambda rows: (ways, there.made(rows)))


def _existing(scope: Any, ways: list[Reverse], record_id: UUID) -> Question[Any]:
    asked = [(way.source, _leads(way, record_id)) for way in ways]
    more = [(RELATION, _either(record_id)), (FILE, _on(record_id)), (WARNING, _warned(record_id))]
    return existing(scope, [*asked, *((type_of(key), where) for key, where in more)])


def _put(values: Any, record_id: UUID) -> Any:
    """These values with a record in the place that was kept for it."""
    made = []
    for value in values:
        if isinstance(value, list):
            value = _put(value, record_id)
        made.append(record_id if value == _ANY else str(record_id) if value == _ANY_TEXT else value)
    return type(values)(made)


def beside_it(scope: Any, rtype: RecordType, record_id: UUID, ways: list[Reverse], there: list[bool]) -> dict[str, Any]:
    """Related records, relations and files: only what :func:`taken` says is there is read."""
    *on, relates, holds, warned = there
    return {
        "related": related(scope, ways, on, record_id),
        "relations": relations(scope, record_id) if relates else [],
        "files": files(scope, record_id) if holds else [],
        "warnings": warnings(scope, rtype, record_id) if warned else [],
    }


def _either(record_id: UUID) -> dict[str, Any]:
    return {"any": [{"field": f, "op": "contains_one", "value": [str(record_id)]} for f in ("first", "second")]}


def _on(record_id: UUID) -> dict[str, Any]:
    return {"field": "concerns", "op": "contains_one", "value": [str(record_id)]}


def related(scope: Any, ways: list[Reverse], on: list[bool], record_id: UUID) -> list[dict[str, Any]]:
    """Cards of related records: one statement per way that leads here, for those ways on which there is anything."""
    found = list(zip(ways, on, strict=True))
    offered = [w for w, there in found if not there and _makes(scope, w)][:MOST_OFFERED]
    shown = [_card(scope, w, record_id, there=t) for w, t in found if t or w in offered]
    often = Counter(str(c["label"]) for c in shown)
    return [c | {"label": c["source"].plural} if often[str(c["label"])] > 1 else c for c in shown]


def _makes(scope: Any, way: Reverse) -> bool:
    return not way.source.arises and scope.may(way.source, "create") and way.field in scope.writable(way.source)


def _ways(scope: Any, rtype: RecordType) -> list[Reverse]:
    """The ways by which other records lead to those of a type. Entries are left to the timeline, but for those that
    follow one of their own type."""
    return [
        way
        for way in reverses(rtype).values()
        if not (way.source.system or way.source.key == RELATION)
        and (way.source.key == rtype.key or not entries.concern(way.source))
        and _open(scope, way)
    ]


def _leads(way: Reverse, record_id: UUID) -> dict[str, Any]:
    value: Any = [str(record_id)] if way.many else str(record_id)
    return {"field": way.field, "op": "contains_one" if way.many else "is", "value": value}


def _card(scope: Any, way: Reverse, record_id: UUID, *, there: bool) -> dict[str, Any]:
    source = way.source
    new = f"{place('new', source.slug)}?{way.field}={record_id}" if _makes(scope, way) else ""
    card = {"label": way.label, "source": source, "rows": [], "new": new}
    if not there:
        return card
    where = _leads(way, record_id)
    columns = _columns(scope, source, way.field)
    found = select(scope, source, columns=columns, where=where, limit=RELATED)
    return card | {
        "rows": found.rows,
        "more": found.after is not None,
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


def _columns(scope: Any, source: RecordType, field: str) -> tuple[str, ...]:
    """What a card tells of each record: the first two columns of its list that are no links, and its first amount.

    Nothing that its title says already; where nothing is left, the first record besides this one that it links.
    """
    visible = scope.visible(source)
    shown = [c for c in source.columns if c in visible and c not in source.made_of]
    told = [c for c in shown if not isinstance(visible[c], Link | Links)]
    if not told:
        return tuple(c for c in shown if isinstance(visible[c], Link) and c != field)[:1]
    amount = next((c for c in told if isinstance(visible[c], Money)), None)
    return tuple(dict.fromkeys([*told[:2], *([amount] if amount else [])]))


def _subs(scope: Any, source: RecordType, columns: tuple[str, ...], rows: list[ListRow]) -> list[dict[str, Any]]:
    """What stands at each related record: its ``amount`` beside the title, and ``texts`` under it."""
    visible = scope.visible(source)
    linked = {row.values[n] for n in columns if isinstance(visible[n], Link) for row in rows if row.values[n]}
    known = names(scope, linked) if linked else {}
    shown = [(name, isinstance(visible[name], Money), cells.cell(visible[name], known)) for name in columns]
    return [
        {
            "amount": next((render(row.values[name]) for name, amount, render in shown if amount), ""),
            "texts": [text for name, amount, render in shown if not amount and (text := render(row.values[name]))],
        }
        for row in rows
    ]
