"""Own fields through the API and in files: what is worked out is read like any other and never written; choices."""

from __future__ import annotations

from typing import Any

import orjson

from klientel.kernel.access import ActorScope
from klientel.kernel.actions import run
from klientel.kernel.identity.actor import Actor
from klientel.kernel.records import type_of
from klientel.kernel.transfer import exporting

ORG = "contacts.organisation"


def test_a_formula_is_read_filtered_sorted_and_refused_like_any_field(anna: Actor, anna_api: Any) -> None:
    run(anna, "kernel.customfield.create", record_type=ORG, name="x_double", label_de="Doppelt", kind="formula",
        privacy="public", formula="employees * 2")  # fmt: skip
    made = anna_api.post("/organisations", {"name": "Werft", "employees": 4}).json()
    assert made["record"]["x_double"] == "8"
    one = anna_api.get(f"/organisations/{made['record']['id']}").json()
    assert one["x_double"] == "8"
    anna_api.post("/organisations", {"name": "Hafen", "employees": 5})
    where = orjson.dumps({"field": "x_double", "op": "over", "value": 8}).decode()
    found = anna_api.get(f"/organisations?where={where}&sort=-x_double&fields=x_double").json()
    assert [r["x_double"] for r in found["items"]] == ["10"]
    refused = anna_api.post("/organisations", {"name": "Nein", "x_double": 3})
    assert refused.status_code in (403, 422)


def test_a_formula_stands_in_a_file(anna: Actor) -> None:
    run(anna, "kernel.customfield.create", record_type=ORG, name="x_double", label_de="Doppelt", kind="formula",
        privacy="public", formula="employees * 2")  # fmt: skip
    run(anna, f"{ORG}.create", name="Werft", employees=4)
    made = b"".join(exporting.stream(ActorScope(anna), type_of(ORG), paths=("name", "x_double"))).decode("utf-8-sig")
    assert made.splitlines()[1].split(";")[-2:] == ["Werft", "8"]


def test_choices_are_sent_as_lines_or_as_keys_with_labels(anna_api: Any) -> None:
    own = {"record_type": ORG, "label_de": "Stufe", "kind": "choice", "privacy": "public"}
    for name, choices in (
        ("x_lines", ["gold = Gold | Golden", "Silber | Silver"]),
        ("x_pairs", [["gold", "Gold", "Golden"], ["silber", "Silber", "Silver"]]),
    ):
        made = anna_api.post("/fields", own | {"name": name, "choices": choices})
        assert made.status_code == 201, made.json()
        assert made.json()["record"]["choices"] == [["gold", "Gold", "Golden"], ["silber", "Silber", "Silver"]]
    schemas = anna_api.get("/openapi.json").json()["components"]["schemas"]
    told = [body["properties"].get("choices", {}).get("items", {}) for body in schemas.values() if "properties" in body]
    assert any("German label" in items.get("description", "") for items in told)
