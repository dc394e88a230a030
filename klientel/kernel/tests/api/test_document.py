"""The OpenAPI document, for a token and for nobody."""

from __future__ import annotations

from django.test import Client

from klientel.kernel.actions import run
from klientel.kernel.records import all_types

DOCUMENT = "/api/v1/openapi.json"


def references(part):
    """Every reference in a part of the document."""
    if isinstance(part, dict):
        yield from ([part["$ref"]] if isinstance(part.get("$ref"), str) else [])
        for inner in part.values():
            yield from references(inner)
    elif isinstance(part, list):
        for inner in part:
            yield from references(inner)


def follow(document, reference):
    """What a reference leads to; KeyError where it leads nowhere."""
    found = document
    for word in reference.removeprefix("#/").split("/"):
        found = found[word]
    return found


def operations(document):
    """Every operation."""
    return [o for path in document["paths"].values() for method, o in path.items() if method != "parameters"]


def test_every_reference_leads_somewhere(anna_api):
    document = anna_api.get("/openapi.json").json()
    assert document["openapi"] == "3.1.0"
    assert all(follow(document, r) for r in set(references(document)))


def test_every_operation_has_a_name_of_its_own_and_tells_what_can_go_wrong(anna_api):
    document = anna_api.get("/openapi.json").json()
    names = [o["operationId"] for o in operations(document)]
    assert len(names) == len(set(names)) > 250
    for operation in operations(document):
        assert {"401", "429"} <= operation["responses"].keys()
        assert any(status.startswith("2") for status in operation["responses"])
        if "requestBody" in operation:
            assert {"400", "403", "409", "413", "415", "422"} <= operation["responses"].keys()


def test_without_a_token_it_shows_what_every_installation_has(anna):
    run(
        anna,
        "kernel.customfield.create",
        record_type="contacts.person",
        name="x_hobby",
        label_de="Hobby",
        kind="text",
        privacy="personal",
    )
    answer = Client().get(DOCUMENT)
    assert answer.status_code == 200 and b"x_hobby" not in answer.content
    schemas = answer.json()["components"]["schemas"]
    assert {t.key for t in all_types()} <= schemas.keys()


def test_a_wrong_token_gets_no_document():
    assert Client().get(DOCUMENT, headers={"Authorization": "Bearer x"}).status_code == 401


def test_narrow_rights_make_a_narrow_document(boris_api, program, anna):
    document = boris_api.get("/openapi.json").json()
    assert "/persons" in document["paths"] and "/tasks" not in document["paths"]
    assert "delete" not in document["paths"]["/persons/{id}"] and "post" not in document["paths"]["/organisations"]
    schemas = document["components"]["schemas"]
    assert not {"birthday", "phones"} & schemas["contacts.person"]["properties"].keys()
    body = document["paths"]["/persons/{id}"]["patch"]["requestBody"]["content"]["application/json"]["schema"]
    assert "first_name" in body["properties"] and not {"stage", "birthday"} & body["properties"].keys()
    reading = program(anna, "contacts.person:view").get("/openapi.json").json()
    assert list(reading["paths"]["/persons"]) == ["get"]


def test_rights_that_change_change_the_document(anna, anna_api, boris, boris_api):
    assert "/tasks" not in boris_api.get("/openapi.json").json()["paths"]
    role = run(anna, "kernel.role.create", name="Aufgaben", grants=[{"record": "work.task", "verb": "view"}]).record
    run(anna, "kernel.member.change", boris.member, roles=[str(role.id)])
    assert "/tasks" in boris_api.get("/openapi.json").json()["paths"]
