"""Rights of a role, chosen by their words."""

from __future__ import annotations

import orjson
import pytest
from django.test import Client

from klientel.kernel.access.presets import presets
from klientel.kernel.actions import run
from klientel.kernel.identity.actor import Actor
from klientel.kernel.testing import make
from klientel.kernel.web.tests.conftest import at_browser
from klientel.kernel.web.views.roles import grants_from, lines_of

pytestmark = pytest.mark.django_db
PERSON = "contacts.person"
OWN = {"field": "owner", "op": "is", "value": {"me": True}}


def typed(field: str, value: str) -> dict[str, object]:
    """What the builder's form sends for one comparison."""
    return {"where:how": "all", "where:0:what": f"field:{field}", "where:0:op": "is", "where:0:v": value}


def role_with(actor: Actor, *grants: dict[str, object]) -> object:
    return run(actor, "kernel.role.create", name="Office", grants=list(grants)).record


def test_a_line_is_made_from_words_and_ticks(client: Client, actor: Actor) -> None:
    role = role_with(actor)
    at = f"/settings/roles/{role.pk}/grants"
    assert "allows nothing yet" in client.get(at).content.decode()
    form = client.get(f"{at}/line?record={PERSON}").content.decode()
    assert "birthday" in form.lower()
    assert "x_" not in form
    answer = client.post(
        f"{at}/line",
        {
            "version": 1,
            "record": PERSON,
            "verb": ["view", "change"],
            "whose": "own",
            "hidden": ["birthday", "phones"],
            "readonly": "stage",
        },
    )
    assert answer.status_code == 302
    role.refresh_from_db()
    assert role.grants == [
        {"record": PERSON, "verb": "view", "where": OWN, "hidden": ["birthday", "phones"]},
        {"record": PERSON, "verb": "change", "where": OWN, "readonly": ["stage"]},
    ]
    page = client.get(at).content.decode()
    assert "only own ones" in page
    assert "Birthday, Phone" in page


def test_a_line_is_changed_by_a_condition_and_taken_away(client: Client, actor: Actor) -> None:
    role = role_with(actor, {"record": PERSON, "verb": "view", "where": OWN}, {"record": "*", "verb": "export"})
    at = f"/settings/roles/{role.pk}/grants/line"
    lead = {"all": [{"field": "stage", "op": "is", "value": "lead"}]}
    client.post(at, {"version": 1, "n": 0, "verb": "view", "whose": "custom"} | typed("stage", "lead"))
    role.refresh_from_db()
    assert role.grants == [{"record": PERSON, "verb": "view", "where": lead}, {"record": "*", "verb": "export"}]
    pressed = {"version": 2, "n": 0, "verb": "view", "whose": "custom", "where!": "add where"} | typed("stage", "lead")
    again = client.post(at, pressed)
    assert again.status_code == 200
    assert "where:1:what" in again.content.decode()
    role.refresh_from_db()
    assert role.version == 2
    kept = client.get(f"{at}?n=0").content.decode()
    assert 'value="keep" checked' in kept
    client.post(at, {"version": 2, "n": 0, "verb": ["view", "export"], "whose": "keep", "where": ""})
    role.refresh_from_db()
    assert [g["where"] for g in role.grants[:2]] == [lead, lead]
    client.post(at, {"version": 3, "n": 0, "remove": "1"})
    role.refresh_from_db()
    assert role.grants == [{"record": "*", "verb": "export"}]


@pytest.mark.parametrize(
    "wrong",
    [
        {"verb": []},
        {"whose": "custom"} | typed("stage", "nothing of it"),
        {"whose": "custom"} | typed("nowhere", "1"),
        {"whose": "custom"},
        {"whose": "view:gone"},
        {"verb": "view", "hidden": "nowhere"},
    ],
)
def test_a_wrong_line_is_refused_with_nothing_saved(client: Client, actor: Actor, wrong: dict[str, object]) -> None:
    role = role_with(actor)
    sent = {"version": 1, "record": PERSON, "verb": "view", "whose": "all"} | wrong
    assert client.post(f"/settings/roles/{role.pk}/grants/line", sent).status_code == 422
    role.refresh_from_db()
    assert role.grants == []


def test_the_rows_of_a_saved_view_serve_without_scripts(client: Client, actor: Actor) -> None:
    where = {"all": [{"field": "stage", "op": "is", "value": "customer"}]}
    view = run(
        actor, "kernel.view.create", name="Customers", record_type=PERSON, condition=where, owner=actor.member
    ).record
    role = role_with(actor)
    at = f"/settings/roles/{role.pk}/grants/line"
    assert "as in the view “Customers”" in client.get(f"{at}?record={PERSON}").content.decode()
    client.post(at, {"version": 1, "record": PERSON, "verb": "view", "whose": f"view:{view.pk}"})
    role.refresh_from_db()
    assert role.grants == [{"record": PERSON, "verb": "view", "where": where}]


def test_who_may_not_change_roles_sees_no_form(tenant: object, actor: Actor) -> None:
    role = role_with(actor)
    browser, _narrow = at_browser(tenant, "Rita", [{"record": "kernel.role", "verb": "view"}])  # type: ignore[arg-type]
    page = browser.get(f"/settings/roles/{role.pk}/grants")
    assert page.status_code == 200
    assert "/line" not in page.content.decode()
    assert browser.post(f"/settings/roles/{role.pk}/grants/line", {"record": "*", "verb": "*"}).status_code == 403


def test_every_preset_role_survives_its_lines_unchanged_in_meaning(actor: Actor) -> None:
    make(actor, "kernel.tag")
    for preset in presets():
        again = grants_from(lines_of(preset.grants))
        assert sorted(map(orjson.dumps, again)) == sorted(map(orjson.dumps, preset.grants)), preset.key
