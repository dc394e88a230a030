"""The addresses of one record type."""

from __future__ import annotations

from typing import Any

from klientel.kernel import actions
from klientel.kernel.actions import Action
from klientel.kernel.api import shapes
from klientel.kernel.api.openapi.parts import EXAMPLE_ID, ID, Json, full, rates, record_of, ref
from klientel.kernel.api.openapi.seeing import Reader
from klientel.kernel.api.openapi.words import PROBLEMS
from klientel.kernel.api.writing import BULK_CHOICES, ITEM, MOST_ITEMS
from klientel.kernel.kinds import Kind, Link, Links
from klientel.kernel.records import RecordType

READS = (401, 403, 404, 422, 429)
WRITES = (400, 401, 403, 404, 409, 413, 415, 422, 429)


def schemas(reader: Reader, rtype: RecordType) -> Json:
    """The record as it is given back, its page, and what actions answer."""
    visible = reader.scope.visible(rtype)
    version = {"type": "integer", "minimum": 1}
    fixed: Json = {"id": ID, "version": version, "title": {"type": "string"}}
    fields = {n: shapes.given_back(k) | {"title": str(k.verbose_name)} for n, k in visible.items()}
    cursor = {"type": ["string", "null"]}
    page = {
        "items": {"type": "array", "items": ref("schemas", rtype.key)}, "after": cursor, "before": cursor,
        "count": {"type": "integer", "minimum": 0}, "count_is_capped": {"type": "boolean"},
    }  # fmt: skip
    change_set = {"type": ["string", "null"], "format": "uuid"}
    done = {"type": {"type": "string"}, "record": ref("schemas", rtype.key), "change_set": change_set}
    other = done | {"record": {"type": "object"}}
    twins = {"type": "array", "items": ref("schemas", "Duplicate")}
    return {
        rtype.key: record_of(fixed | fields, ["id", "version"]) | {"title": str(rtype.label)},
        f"{rtype.key}.page": record_of(page, ["items", "after", "before"]),
        f"{rtype.key}.done": full(done),
        f"{rtype.key}.made": full(other),
        f"{rtype.key}.created": full(done | {"possible_duplicates": twins}),
    }


def paths(reader: Reader, rtype: RecordType) -> Json:
    """Every address of the type that the reader may use."""
    root = f"/{rtype.slug}"
    found: Json = {}
    whole: Json = {"get": _list(reader, rtype)}
    single: Json = {"parameters": [ref("parameters", "id")], "get": _get(reader, rtype, "")}
    for act in actions.actions_on(rtype):
        if not reader.may(rtype, act.needs):
            continue
        if act.basic and act.verb == "create":
            whole["post"] = _create(reader, rtype, act)
        elif act.basic and act.verb == "change":
            single["patch"] = _act(reader, rtype, act, "change")
        elif act.basic and act.verb == "archive":
            single["delete"] = _archive(rtype)
        elif act.new:
            found[f"{root}/actions/{act.verb}"] = {"post": _act(reader, rtype, act, f"actions.{act.verb}")}
        else:
            made = {"parameters": [ref("parameters", "id")], "post": _act(reader, rtype, act, f"actions.{act.verb}")}
            found[f"{root}/{{id}}/actions/{act.verb}"] = made
    happened = {"parameters": [ref("parameters", "id")], "get": _events(rtype, "")}
    trashed = {"parameters": [ref("parameters", "id")], "get": _get(reader, rtype, "trash.")}
    trashed_events = {"parameters": [ref("parameters", "id")], "get": _events(rtype, "trash.")}
    described = {"get": _described(rtype)}
    if reader.may(rtype, "remove"):
        good = _good("What keeps it, what goes with it, what loses a link.", ref("schemas", "Removal"))
        summary = f"{rtype.label}: what deleting it for good would do"
        seen = _operation(rtype, "trash.removal", summary, {"200": good}, problems=READS)
        found[f"{root}/trash/{{id}}/removal"] = {"parameters": [ref("parameters", "id")], "get": seen}
    return {
        root: whole, f"{root}/actions": described, f"{root}/bulk": {"post": _bulk(reader, rtype)},
        f"{root}/{{id}}": single, f"{root}/{{id}}/events": happened,
        f"{root}/trash/{{id}}": trashed, f"{root}/trash/{{id}}/events": trashed_events, **found,
    }  # fmt: skip


def _operation(rtype: RecordType, name: str, summary: str, answers: Json, *, problems: tuple[int, ...]) -> Json:
    for status in problems:
        answers[str(status)] = ref("responses", PROBLEMS[status][0])
    return {"operationId": f"{rtype.key}.{name}", "tags": [rtype.key], "summary": summary, "responses": answers}


def _good(description: str, schema: Json, *headers: str) -> Json:
    told = rates() | {name: ref("headers", name) for name in headers}
    return {"description": description, "headers": told, "content": {"application/json": {"schema": schema}}}


def _fields_parameter(reader: Reader, rtype: RecordType) -> Json:
    names = list(reader.scope.visible(rtype))
    schema = {"type": "array", "items": {"type": "string", "enum": names}, "minItems": 1, "uniqueItems": True}
    return {"name": "fields", "in": "query", "style": "form", "explode": False, "schema": schema,
            "description": "Only these fields, beside id, version and title."}  # fmt: skip


def _list(reader: Reader, rtype: RecordType) -> Json:
    sortable = ["title", *(n for n, k in reader.scope.visible(rtype).items() if k.sortable)]
    order = {"type": "string", "enum": [f"{sign}{n}" for n in sortable for sign in ("", "-")], "default": "title"}
    made = _operation(
        rtype,
        "list",
        f"{rtype.plural}: a page",
        {"200": _good("A page.", ref("schemas", f"{rtype.key}.page"))},
        problems=(400, *READS),
    )
    made["parameters"] = [
        ref("parameters", "where"), _fields_parameter(reader, rtype),
        {"name": "sort", "in": "query", "schema": order, "description": "Order of the list."},
        *(ref("parameters", n) for n in ("limit", "after", "before", "trash", "count")),
    ]  # fmt: skip
    return made


def _get(reader: Reader, rtype: RecordType, where: str) -> Json:
    good = _good("The record; of an old id the one it was merged into.", ref("schemas", rtype.key), "ETag",
                 "Content-Location")  # fmt: skip
    same = {
        "description": "It is still the version that If-None-Match names.",
        "headers": {"ETag": ref("headers", "ETag")},
    }
    summary = f"{rtype.label}: one" + (" in the trash" if where else "")
    made = _operation(rtype, f"{where}get", summary, {"200": good, "304": same}, problems=READS)
    made["parameters"] = [
        _fields_parameter(reader, rtype),
        ref("parameters", "If-None-Match"),
    ]
    return made


def _events(rtype: RecordType, where: str) -> Json:
    good = _good("Newest first.", ref("schemas", "EventPage"))
    made = _operation(rtype, f"{where}events", f"{rtype.label}: what happened", {"200": good}, problems=READS)
    made["parameters"] = [ref("parameters", "limit"), ref("parameters", "after")]
    return made


def _described(rtype: RecordType) -> Json:
    good = _good("All of them.", ref("schemas", "Actions"))
    return _operation(rtype, "actions", f"{rtype.plural}: what can be done", {"200": good}, problems=READS)


def _body(schema: Json, example: Any = None, *, required: bool = True) -> Json:
    media: Json = {"schema": schema} | ({"example": example} if example is not None else {})
    return {"required": required, "content": {"application/json": media}}


def body_of(reader: Reader, rtype: RecordType, act: Action) -> Json:
    """The schema of an action's parameters, as this reader may send them."""
    kinds = shapes.takes(reader.scope, rtype, act)
    told = {n: shapes.taken(k) | _told(k) for n, k in kinds.items()}
    return record_of(told, shapes.needed(rtype, act, kinds))


def _told(kind: Kind) -> Json:
    help_text = str(kind.help_text)
    return {"title": str(kind.verbose_name)} | ({"description": help_text} if help_text else {})


def _example(rtype: RecordType, kinds: dict[str, Kind], needed: list[str]) -> Json:
    sample = rtype.sample(1)
    made: Json = {}
    for name, kind in kinds.items():
        if isinstance(kind, Links | Link):
            if name in needed:
                made[name] = [EXAMPLE_ID] if isinstance(kind, Links) else EXAMPLE_ID
        elif name in needed or len(made) < 6:
            value = sample[name] if name in sample else kind.plain(kind.accept(kind.sample(1)))
            if shapes.misfit(shapes.taken(kind), value) is None:
                made[name] = value
    return made


def _create(reader: Reader, rtype: RecordType, act: Action) -> Json:
    created = _good("It was made.", ref("schemas", f"{rtype.key}.created"), "ETag", "Location", "Idempotency-Replayed")
    given = {"id": "$response.body#/record/id"}
    created["links"] = {
        name: {"operationId": f"{rtype.key}.{name}", "parameters": given}
        for name, verb in (("get", "view"), ("change", "change"), ("archive", "archive")) if reader.may(rtype, verb)
    }  # fmt: skip
    there = _good("It was there already.", ref("schemas", f"{rtype.key}.created"), "ETag", "Location")
    made = _operation(rtype, "create", f"{rtype.label}: {act.label}", {"201": created, "200": there}, problems=WRITES)
    made["parameters"] = [ref("parameters", "on_duplicate"), ref("parameters", "Idempotency-Key")]
    kinds = shapes.takes(reader.scope, rtype, act)
    example = _example(rtype, kinds, shapes.needed(rtype, act, kinds))
    made["requestBody"] = _body(body_of(reader, rtype, act), example)
    return made


def _act(reader: Reader, rtype: RecordType, act: Action, name: str) -> Json:
    status, schema = ("201", f"{rtype.key}.made") if act.new else ("200", f"{rtype.key}.done")
    good = _good("It was done.", ref("schemas", schema), "ETag")
    made = _operation(rtype, name, f"{rtype.label}: {act.label}", {status: good}, problems=(*WRITES, 412))
    if act.fn.__doc__:
        made["description"] = act.fn.__doc__.strip()
    made["parameters"] = [] if act.new else [ref("parameters", "If-Match")]
    made["parameters"].append(ref("parameters", "repeats" if name == "change" else "Idempotency-Key"))
    kinds = shapes.takes(reader.scope, rtype, act)
    needed = shapes.needed(rtype, act, kinds)
    if kinds or name == "change":
        example = _example(rtype, kinds, needed) if name == "change" or needed else None
        made["requestBody"] = _body(body_of(reader, rtype, act), example, required=bool(needed) or name == "change")
    return made


def _archive(rtype: RecordType) -> Json:
    good = _good("It lies in the trash, from where it can be restored.", ref("schemas", f"{rtype.key}.done"), "ETag")
    made = _operation(rtype, "archive", f"{rtype.label}: to the trash", {"200": good}, problems=(*WRITES, 412))
    made["parameters"] = [ref("parameters", "If-Match")]
    return made


def _bulk(reader: Reader, rtype: RecordType) -> Json:
    verbs = [a.verb for a in actions.actions_on(rtype) if reader.may(rtype, a.needs)]
    items = {"type": "array", "items": ITEM, "minItems": 1, "maxItems": MOST_ITEMS}
    good = _good("An outcome for each item, in order.", ref("schemas", "BulkDone"), "Idempotency-Replayed")
    made = _operation(rtype, "bulk", f"{rtype.plural}: many at once", {"200": good}, problems=WRITES)
    made["parameters"] = [ref("parameters", "Idempotency-Key")]
    schema = full({"verb": {"type": "string", "enum": verbs or [""]}, "items": items})
    schema["properties"]["on_duplicate"] = {
        "type": "string", "enum": list(BULK_CHOICES), "default": BULK_CHOICES[0],
        "description": "Where an item makes a record that is likely there already: refuse (409 with candidates as its"
                       " outcome) or create. The items are not compared with each other.",
    }  # fmt: skip
    example = {"verb": "archive", "items": [{"id": EXAMPLE_ID, "version": 3}]}
    made["requestBody"] = _body(schema, example if "archive" in verbs else None)
    return made
