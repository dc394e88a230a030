"""The questions of the bar: what is asked of Klientel and of the bare view, and how much more it may cost."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from bench.asking import Maker, Request

THREE_PARTS = {"all": [
    {"field": "stage", "op": "is", "value": "customer"},
    {"field": "organisation.industry", "op": "is", "value": "manufacturing"},
    {"field": "organisation.employees", "op": "over", "value": 20},
]}  # fmt: skip


@dataclass(frozen=True)
class Question:
    """One line of the report."""

    key: str
    label: str
    most: float
    app: Maker
    bare: Maker


def fixed(path: str) -> Maker:
    """The same request each time."""
    return lambda _n: Request(path)


def questions(facts: dict[str, Any], token: str, salt: int) -> list[Question]:
    """All of them; ``token`` for the API, ``salt`` makes what is created new in every run."""
    return [*_lists(facts), *_searches(facts), _record(facts), *_writes(facts, token, salt)]


def _lists(facts: dict[str, Any]) -> list[Question]:
    deep = urlencode({"after": facts["cursor"]})
    bare_deep = urlencode({"sort": facts["cursor_sort"], "id": facts["cursor_id"]})
    three = urlencode({"where": json.dumps(THREE_PARTS)})
    return [
        Question("list", "first list page", 3, fixed("/persons/"), fixed("/persons")),
        Question("deep", "page after row 50,000", 3, fixed(f"/persons/?{deep}"), fixed(f"/persons?{bare_deep}")),
        Question("three", "three-part condition", 2, fixed(f"/persons/?{three}"), fixed("/persons?three=1")),
    ]


def _searches(facts: dict[str, Any]) -> list[Question]:
    words = {"rare": facts["rare"], "frequent": "mey", "umlaut": "müll", "typo": facts["typo"]}
    return [
        Question(f"search_{key}", f"search, {key}: {text}", 2.5, fixed(f"/palette?q={quote(text)}"),
                 fixed(f"/search?q={quote(text)}"))
        for key, text in words.items()
    ]  # fmt: skip


def _record(facts: dict[str, Any]) -> Question:
    hot = facts["hot"]
    label = "record with 500 events, 20 related"
    return Question("record", label, 3, fixed(f"/persons/{hot}/"), fixed(f"/persons/{hot}"))


def _writes(facts: dict[str, Any], token: str, salt: int) -> list[Question]:
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}

    def new(path: str, side: str) -> Maker:
        def make(n: int) -> Request:
            name = _word(salt * 100_000 + n + 1000)
            values = {
                "first_name": "Neu", "last_name": f"{name}{side}", "stage": "lead",
                "emails": [{"value": f"{name}.{side}@example.org", "purpose": "work", "state": "ok"}],
            }  # fmt: skip
            return Request(path, "POST", json.dumps(values).encode(), headers)

        return make

    def change(path: str, method: str) -> Maker:
        return lambda n: Request(path, method, json.dumps({"position": f"Stelle {salt} {n}"}).encode(), headers)

    person = facts["person"]
    return [
        Question("create", "create a person by API", 5, new("/api/v1/persons?on_duplicate=report", "app"),
                 new("/create", "bare")),
        Question("change", "change one field by API", 4, change(f"/api/v1/persons/{person}", "PATCH"),
                 change(f"/change/{person}", "POST")),
    ]  # fmt: skip


def _word(number: int) -> str:
    """A made-up name for a number."""
    parts = ("ba", "ce", "di", "fo", "gu", "ha", "je", "ki", "lo", "mu")
    return "".join(parts[int(digit)] for digit in str(number))
