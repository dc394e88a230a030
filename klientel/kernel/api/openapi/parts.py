"""The parts of the document that hang on no record type: problems, headers, parameters, conditions, events."""

from __future__ import annotations

from typing import Any

from klientel.kernel.api.openapi.words import PROBLEMS
from klientel.kernel.api.problems import CONTENT_TYPE
from klientel.kernel.api.reading import LONGEST, MOST, PAGE
from klientel.kernel.conditions import OPERATORS
from klientel.kernel.history import Choice
from klientel.kernel.history.models import State
from klientel.kernel.twins import intake

Json = dict[str, Any]
ID: Json = {"type": "string", "format": "uuid"}
UUID_PATTERN = "^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$"
EXAMPLE_ID = "0198f0c2-7a51-7c3e-9b1e-4f6d2a8c0e11"
TEXT: Json = {"type": "string"}
MAYBE_ID: Json = {"type": ["string", "null"], "format": "uuid"}
RATES = ("RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset", "RateLimit-Policy")


def ref(kind: str, name: str) -> Json:
    """A reference to a component."""
    return {"$ref": f"#/components/{kind}/{name}"}


def record_of(properties: Json, required: list[str] | None = None) -> Json:
    """An object with these properties and no others."""
    made: Json = {"type": "object", "properties": properties, "additionalProperties": False}
    return made | ({"required": required} if required else {})


def full(properties: Json) -> Json:
    """An object that has all of these properties."""
    return record_of(properties, list(properties))


def rates() -> Json:
    """The headers of every answer to a token."""
    return {name: ref("headers", name) for name in RATES}


def problem_schemas() -> Json:
    """What a refusal looks like."""
    error = full({"code": TEXT, "detail": TEXT, "field": {"type": ["string", "null"]}})
    twin = ref("schemas", "Duplicate")
    problem = record_of(
        {
            "type": TEXT, "title": TEXT, "status": {"type": "integer"}, "code": TEXT, "detail": TEXT,
            "field": {"type": ["string", "null"]}, "errors": {"type": "array", "items": error, "minItems": 1},
            "version": {"type": "integer"}, "candidates": {"type": "array", "items": twin}, "into": ID,
        },
        ["type", "title", "status", "code", "detail", "field", "errors"],
    )  # fmt: skip
    score = {"type": "number", "minimum": 0, "maximum": 1}
    found = full({"id": ID, "title": TEXT, "score": score, "reasons": {"type": "array", "items": TEXT}})
    return {"Problem": problem, "Duplicate": found}


def responses() -> Json:
    """One answer for each kind of refusal."""
    made: Json = {}
    for status, (name, description, code, detail) in PROBLEMS.items():
        error = {"code": code, "detail": detail, "field": None}
        example = {
            "type": f"urn:klientel:problem:{code}",
            "title": description,
            "status": status,
            **error,
            "errors": [error],
        }
        headers = rates() if status not in (400, 401) else {}
        if status == 401:
            headers = {"WWW-Authenticate": ref("headers", "WWW-Authenticate")}
        if status == 429:
            headers["Retry-After"] = ref("headers", "Retry-After")
        content = {CONTENT_TYPE: {"schema": ref("schemas", "Problem"), "example": example}}
        made[name] = {"description": description, "content": content} | ({"headers": headers} if headers else {})
    return made


def headers() -> Json:
    """Headers of answers."""
    whole = {"type": "integer", "minimum": 0}
    return {
        "RateLimit-Limit": {"description": "Requests per minute that this token may make.", "schema": whole},
        "RateLimit-Remaining": {"description": "How many of them are left now.", "schema": whole},
        "RateLimit-Reset": {"description": "Seconds until all of them are there again.", "schema": whole},
        "RateLimit-Policy": {"description": "Requests, and the window in seconds.", "schema": TEXT},
        "Retry-After": {"description": "Seconds to wait.", "schema": whole},
        "WWW-Authenticate": {"description": "How to sign in.", "schema": TEXT},
        "ETag": {"description": "The version of the record, for If-Match.",
                 "schema": {"type": "string", "pattern": '^"[0-9]+"$'}},
        "Location": {"description": "Address of the new record.", "schema": TEXT},
        "Content-Location": {"description": "Only where the id asked for is an old one, of a record that was merged"
                             " into another: the address of that other record, which is the answer.", "schema": TEXT},
        "Idempotency-Replayed": {"description": "“true” where an earlier request was answered so.", "schema": TEXT},
    }  # fmt: skip


def parameters() -> Json:
    """Parameters that many addresses share."""
    yes = {"type": "boolean", "default": False}
    key = {"type": "string", "pattern": "^[!-~]{1,200}$", "minLength": 1, "maxLength": 200}
    cursor = {"type": "string", "minLength": 1, "maxLength": 2000, "pattern": "^[A-Za-z0-9_-]+$"}
    given_id = {"type": "string", "format": "uuid", "pattern": UUID_PATTERN}
    duplicates = {"type": "string", "enum": list(intake.CHOICES), "default": intake.CHOICES[0]}
    repeats = {"type": "string", "enum": [intake.CREATE, intake.REFUSE], "default": intake.CREATE}
    limit = {"type": "integer", "minimum": 1, "maximum": MOST, "default": PAGE}
    return {
        "id": _in("path", "id", given_id, "Id of the record.") | {"required": True},
        "change_set": _in("path", "change_set", given_id, "The change set to undo.") | {"required": True},
        "run": _in("path", "run", given_id, "A bulk edit or an undo in the background.") | {"required": True},
        "last": _in("query", "after", given_id, "“after” of the page before."),
        "limit": _in("query", "limit", limit, "Records on a page."),
        "after": _in("query", "after", cursor, "Cursor “after” of the page before."),
        "before": _in("query", "before", cursor, "Cursor “before” of the page after; not together with after."),
        "trash": _in("query", "trash", yes, "What lies in the trash instead of what does not."),
        "count": _in("query", "count", yes, "Count the records too, up to 10,000."),
        "where": _in("query", "where", {"type": "string", "contentMediaType": "application/json", "minLength": 1,
                                        "maxLength": LONGEST, "contentSchema": ref("schemas", "Condition")},
                     "Which records: a condition, as JSON."),
        "on_duplicate": _in("query", "on_duplicate", duplicates,
                            "Where a likely duplicate exists: refuse makes nothing (409 with candidates), report makes"
                            " the record and names it, create makes it without looking, update fills in the certain"
                            " one, existing answers with it; the last two refuse where none is certain."),
        "repeats": _in("query", "on_duplicate", repeats,
                       "With “refuse” nothing is changed where the record would repeat another: 409 with candidates."),
        "If-Match": _in("header", "If-Match", {"type": "string", "pattern": '^(W/)?"[0-9]{1,9}"$'},
                        "The ETag that the change is meant for: 412 where the record changed since."),
        "If-None-Match": _in("header", "If-None-Match", TEXT, "The ETag one has: 304 where it is still the same."),
        "Idempotency-Key": _in("header", "Idempotency-Key", key,
                               "Any text of one's own: the same request with the same key is done once, for 24 hours."),
    }  # fmt: skip


def _in(place: str, name: str, schema: Json, description: str) -> Json:
    return {"name": name, "in": place, "description": description, "schema": schema}


def condition() -> Json:
    """The language of conditions."""
    many = {"type": "array", "items": ref("schemas", "Condition")}
    times = record_of({sign: {"type": "integer", "minimum": 0} for sign in ("over", "under", "is")}) | {
        "minProperties": 1,
        "maxProperties": 1,
    }
    within = full({"days": {"type": "integer", "minimum": 1, "maximum": 36_600}})
    clause = {"field": TEXT, "op": {"type": "string", "enum": list(OPERATORS)}, "value": {}}
    return {
        "description": "Which records. Values may be {\"me\": true}, {\"today\": true} or {\"days_ago\": 7}.",
        "anyOf": [
            full({"all": many}), full({"any": many}), full({"not": ref("schemas", "Condition")}),
            record_of(clause, ["field", "op"]),
            record_of({"has": TEXT, "where": ref("schemas", "Condition"), "times": times}, ["has"]),
            record_of({"happened": TEXT, "within": within, "times": times}, ["happened"]),
            full({"id": {"type": "array", "items": ID}}),
        ],
        "examples": [{"all": [{"field": "tags", "op": "empty"}, {"field": "changed_at", "op": "within", "value": 7}]}],
    }  # fmt: skip


def event_schemas() -> Json:
    """Events and their pages."""
    change = {"type": "object", "additionalProperties": full({"old": {}, "new": {}})}
    event = full({
        "id": ID, "at": {"type": "string", "format": "date-time"}, "kind": TEXT, "actor": TEXT, "actor_name": TEXT,
        "record_type": TEXT, "record_id": ID, "change_set": ID, "cause": MAYBE_ID, "undoes": MAYBE_ID,
        "changes": change, "parameters": {"type": "object"},
    })  # fmt: skip
    page = full({"items": {"type": "array", "items": ref("schemas", "Event")}, "after": {"type": ["string", "null"]}})
    return {"Event": event, "EventPage": page}


def outcome_schemas() -> Json:
    """What bulk and undo tell."""
    done = full({"status": {"enum": [200, 201]}, "id": ID, "version": {"type": "integer"}})
    refused = full({"status": {"type": "integer", "minimum": 400}, "id": {"type": ["string", "null"]},
                    "problem": ref("schemas", "Problem")})  # fmt: skip
    whole = {"type": "integer", "minimum": 0}
    bulk = full({"change_set": MAYBE_ID, "succeeded": whole, "refused": whole,
                 "outcomes": {"type": "array", "items": {"anyOf": [done, refused]}}})  # fmt: skip
    left = full({"record_type": TEXT, "record_id": ID, "status": {"type": "integer"}, "code": TEXT, "detail": TEXT,
                 "field": {"type": ["string", "null"]}})  # fmt: skip
    clash = full({"field": TEXT, "now": {}, "then": {}, "before": {}})
    left["properties"]["conflicts"] = many(clash)
    left["required"] = list(left["properties"])
    partly = full({"record_type": TEXT, "record_id": ID, "fields": many(TEXT)})
    undone = full({"change_set": ID, "records": whole, "refused": many(left), "partly": many(partly)})
    return {"BulkDone": bulk, "Undone": undone, **_undo_schemas(clash), **_removal_schemas()}


def many(items: Json) -> Json:
    """A list."""
    return {"type": "array", "items": items}


def _undo_schemas(clash: Json) -> Json:
    """What an undo would do, what is asked of it, and a run in the background."""
    yes, whole = {"type": "boolean"}, {"type": "integer", "minimum": 0}
    back = {"type": "object", "additionalProperties": full({"now": {}, "old": {}})}
    one = full({"record_type": TEXT, "record_id": ID, "title": TEXT, "gone": yes, "allowed": yes, "to_trash": yes,
                "closed": yes, "back": back, "conflicts": many(clash)})  # fmt: skip
    seen = full({"change_set": ID, "at": {"type": "string", "format": "date-time"}, "kind": TEXT, "actor": TEXT,
                 "actor_name": TEXT, "events": whole, "undone": whole,
                 "shares": many(full({"record_type": TEXT, "made": whole, "changed": whole})),
                 "conflicts": many(one), "more_conflicts": yes, "items": many(one), "after": MAYBE_ID})  # fmt: skip
    choice = {"type": "string", "enum": [str(c) for c in Choice],
              "description": "What changed since: leave the record, keep those values, or restore all."}  # fmt: skip
    asked = record_of({"choice": choice, "choices": {"type": "object", "additionalProperties": choice},
                       "background": {"type": "boolean", "default": False}})  # fmt: skip
    run = full({"id": ID, "kind": {"enum": ["bulk", "undo"]}, "state": {"enum": [str(s) for s in State]},
                "change_set": ID, "undoes": MAYBE_ID, "total": whole, "done": whole, "changed": whole, "left": whole,
                "reason": TEXT})  # fmt: skip
    row = full({"record_type": TEXT, "record_id": MAYBE_ID, "code": TEXT, "detail": TEXT, "fields": many(TEXT)})
    left = full({"items": many(row), "after": MAYBE_ID})
    return {"UndoPreview": seen, "UndoAsked": asked, "Run": run, "RunLeft": left}


def _removal_schemas() -> Json:
    """What deleting a record for good would do."""
    named = {"record_id": ID, "title": TEXT}
    block = full({"code": TEXT, "detail": TEXT, "record": {"anyOf": [full({"record_type": TEXT} | named),
                                                                    {"type": "null"}]}})  # fmt: skip
    group = full({"record_type": TEXT, "count": {"type": "integer", "minimum": 1}, "records": many(full(named))})
    return {"Removal": full({"id": ID, "possible": {"type": "boolean"}, "blocks": many(block),
                             "goes_along": many(group), "loses_link": many(group)})}  # fmt: skip


def description_schemas() -> Json:
    """What /me, /types and /{type}/actions tell."""
    words = {"type": "array", "items": TEXT}
    yes = {"type": "boolean"}
    option = full({"value": TEXT, "label": TEXT})
    field = full({
        "name": TEXT, "label": TEXT, "help": TEXT, "kind": TEXT, "required": yes, "writable": yes, "privacy": TEXT,
        "custom": yes, "sortable": yes, "operators": words, "to": {"type": ["string", "null"]},
        "options": {"type": "array", "items": option}, "schema": {"type": "object"},
    })  # fmt: skip
    rtype = full({
        "key": TEXT, "slug": TEXT, "label": TEXT, "plural": TEXT, "icon": TEXT, "system": yes, "custom": yes,
        "fields": {"type": "array", "items": field}, "actions": words,
    })  # fmt: skip
    action = full({
        "verb": TEXT, "key": TEXT, "label": TEXT, "needs": TEXT, "new": yes, "undoable": yes, "outward": yes,
        "dangerous": yes, "allowed": yes, "parameters": {"type": "object"},
    })  # fmt: skip
    token = full({"id": ID, "name": TEXT, "scopes": words, "expires_at": {"type": "string", "format": "date-time"}})
    home = full({"id": ID, "name": TEXT, "slug": TEXT, "time_zone": TEXT, "country": TEXT, "currency": TEXT})
    me = full({"token": token, "member": full({"id": ID, "language": TEXT}), "tenant": home})
    return {
        "Me": me, "Types": full({"items": {"type": "array", "items": rtype}}),
        "Actions": full({"items": {"type": "array", "items": action}}),
    }  # fmt: skip
