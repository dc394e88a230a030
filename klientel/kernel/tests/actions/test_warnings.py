"""Warnings are stored, found, acknowledged and go when the value is mended; they never refuse anything."""

from __future__ import annotations

from typing import Any

import pytest

from klientel.kernel.access import ActorScope
from klientel.kernel.access.reading import select
from klientel.kernel.actions import Item, run, run_many
from klientel.kernel.identity.actor import Actor
from klientel.kernel.records import type_of
from klientel.kernel.testing.making import make_member
from klientel.lib.phones import in_use
from klientel.lib.plausible import domain_hint, place_fits, postcode_fits, vat_holds

PERSON = "contacts.person"


def warnings(actor: Actor, **where: Any) -> list[dict[str, Any]]:
    columns = ("about", "field", "code", "hint", "state")
    return [r.values for r in select(ActorScope(actor), type_of("kernel.warning"), columns=columns).rows]


def mail(address: str) -> list[dict[str, str]]:
    return [{"value": address}]


def test_a_misspelt_domain_is_stored_warned_of_and_mended(anna: Actor) -> None:
    made = run(anna, f"{PERSON}.create", last_name="A", emails=mail("anna@gmial.com")).record
    [one] = warnings(anna)
    assert (one["about"], one["field"], one["code"], one["hint"], one["state"]) == (
        [made.id], "emails", "mail_domain", "anna@gmail.com", "open")  # fmt: skip
    where = {"has": "kernel.warning.about", "where": {"field": "state", "op": "is", "value": "open"}}
    assert [r.id for r in select(ActorScope(anna), type_of(PERSON), where=where).rows] == [made.id]
    run(anna, f"{PERSON}.change", made.id, emails=mail("anna@gmail.com"))
    assert warnings(anna) == []


def test_what_is_acknowledged_stays_so_while_the_value_stays(anna: Actor) -> None:
    made = run(anna, f"{PERSON}.create", last_name="A", emails=mail("a@gmial.com")).record
    [one] = select(ActorScope(anna), type_of("kernel.warning")).rows
    done = run(anna, "kernel.warning.accept", one.id)
    assert done.events[0].kind == "kernel.warning.accept"
    run(anna, f"{PERSON}.change", made.id, emails=[*mail("a@gmial.com"), *mail("b@example.org")])
    assert [w["state"] for w in warnings(anna)] == ["accepted"]


def test_who_may_not_see_the_record_sees_no_warning_of_it(anna: Actor) -> None:
    own = {"field": "owner", "op": "is", "value": {"me": True}}
    dora = make_member("Dora", [{"record": PERSON, "verb": "view", "where": own}])
    run(anna, f"{PERSON}.create", last_name="A", emails=mail("a@gmial.com"))
    mine = run(anna, f"{PERSON}.create", last_name="B", emails=mail("b@gmial.com"), owner=dora.member).record
    assert [w["about"] for w in warnings(dora)] == [[mine.id]]


def test_many_rows_are_warned_of_in_one_go(anna: Actor) -> None:
    items = [Item(params={"last_name": f"N{n}", "emails": mail(f"n{n}@{'gmial' if n % 2 else 'gmail'}.com")})
             for n in range(6)]  # fmt: skip
    assert all(o.refused is None for o in run_many(anna, f"{PERSON}.create", items))
    assert len(warnings(anna)) == 3


def test_every_kind_of_value_is_looked_at(anna: Actor) -> None:
    run(anna, "kernel.customfield.create", record_type="contacts.organisation", name="x_iban", label_de="IBAN",
        kind="text", privacy="personal")  # fmt: skip
    place = [{"street": "Ring 1", "postcode": "80331", "city": "Hamburg", "country": "DE"},
             {"street": "Ring 2", "postcode": "123", "city": "Wien", "country": "AT"}]  # fmt: skip
    run(anna, "contacts.organisation.create", name="W", vat_id="DE123456789", x_iban="DE89 3704 0044 0532 0130 01",
        addresses=place)  # fmt: skip
    assert {w["code"] for w in warnings(anna)} == {"vat_id", "iban", "postcode_place", "postcode_form"}


@pytest.mark.parametrize(("domain", "hint"), [
    ("gmial.com", "gmail.com"), ("gmail.con", "gmail.com"), ("gmail.com", ""), ("mail.com", ""), ("gmx.at", ""),
    ("t-onlin.de", "t-online.de"), ("hansewerk.example", ""), ("web.dee", "web.de"), ("outlok.com", "outlook.com"),
])  # fmt: skip
def test_domains(domain: str, hint: str) -> None:
    assert domain_hint(domain) == hint


def test_places_phones_and_numbers() -> None:
    assert place_fits("20095", "Hamburg", "DE") and not place_fits("80331", "Hamburg", "DE")
    assert place_fits("99999", "Kleinkleckersdorf", "DE")
    assert postcode_fits("9490", "LI") and not postcode_fits("8000", "LI")
    assert postcode_fits("SW1A 1AA", "GB") and not postcode_fits("0815", "DE")
    assert in_use("+493012345678") and not in_use("+49301")
    assert vat_holds("DE136695976") and not vat_holds("DE136695977")
