"""Likely duplicates of one record: who is named, why, and what nobody is told."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from klientel.kernel.access.granting import ActorScope
from klientel.kernel.actions import run
from klientel.kernel.errors import Conflict, Refused
from klientel.kernel.records import type_of
from klientel.kernel.tenancy import PRIVACY, inside
from klientel.kernel.testing.making import make_member
from klientel.kernel.twins.checking import similar, similar_after
from klientel.kernel.twins.intake import take_in
from klientel.kernel.twins.saying import WORDS
from klientel.kernel.twins.searching import Searcher, begin
from klientel.lib import matching

PERSON, FIRM = "contacts.person", "contacts.organisation"
KIM = {"first_name": "Kim", "last_name": "Zwingenberger", "emails": [{"value": "kim@acme.example"}]}


def names(actor, values, key=PERSON, **more):
    return [s.title for s in similar(ActorScope(actor), type_of(key), values, **more)]


def test_every_reason_can_be_said_in_words():
    folder = Path(matching.__file__).parent
    text = "".join(path.read_text() for path in folder.glob("*.py"))
    codes = set(re.findall(r'"((?:same|similar|other|swapped|younger)_\w+)"', text)) - {"other_legal_form"}
    assert codes >= {"same_email", "other_town", "swapped_name"}
    assert codes - set(WORDS) == set()


def test_one_with_the_same_mail_and_a_misspelt_name_is_certain(anna):
    run(anna, f"{PERSON}.create", **KIM)
    [found] = similar(ActorScope(anna), type_of(PERSON), KIM | {"last_name": "Zwingenberg"})
    assert found.certain
    assert found.reasons[0] == "same_email"
    assert {e.code for e in found.evidence} >= {"same_email", "same_first_name"}


def test_hidden_fields_do_not_betray_themselves_by_a_warning(anna, boris):
    phone = {"phones": [{"value": "+49301234567"}], "birthday": "1980-05-17"}
    run(anna, f"{PERSON}.create", first_name="Kim", last_name="Maier", owner=boris.member, **phone)
    given = {"first_name": "Kim", "last_name": "Meyer"} | phone
    assert names(anna, given) == ["Kim Maier"]
    assert names(boris, given) == [], "birthday and phones are hidden from boris"


def test_records_of_others_other_tenants_the_trash_and_restricted_ones_are_no_candidates(anna, boris, cleo):
    made = run(anna, f"{PERSON}.create", **KIM).record
    assert names(anna, KIM) == ["Kim Zwingenberger"]
    assert names(boris, KIM) == []
    with inside(cleo.tenant):
        assert names(cleo, KIM) == []
    with inside(anna.tenant, purpose=PRIVACY):
        from django.db import connection

        with connection.cursor() as cursor:
            cursor.execute("UPDATE contacts_person SET restricted = true WHERE id = %s", [made.pk])
    assert names(anna, KIM) == []
    with inside(anna.tenant, purpose=PRIVACY), connection.cursor() as cursor:
        cursor.execute("UPDATE contacts_person SET restricted = false WHERE id = %s", [made.pk])
    run(anna, f"{PERSON}.archive", made.pk)
    assert names(anna, KIM) == []


def test_a_change_is_checked_against_the_others_and_not_against_itself(anna):
    first = run(anna, f"{PERSON}.create", **KIM).record
    second = run(anna, f"{PERSON}.create", first_name="Kim", last_name="Petersen").record
    scope, rtype = ActorScope(anna), type_of(PERSON)
    assert similar_after(scope, rtype, second.pk, {}) == []
    assert [s.id for s in similar_after(scope, rtype, second.pk, KIM)] == [first.pk]
    run(anna, "kernel.distinct.create", records=[first.pk, second.pk])
    assert similar_after(scope, rtype, second.pk, KIM) == [], "somebody said that they are not the same"


def test_what_comes_in_is_refused_made_filled_in_or_found(anna):
    first = take_in(anna, PERSON, KIM)
    assert first.new
    assert first.twins == []
    with pytest.raises(Conflict) as no:
        take_in(anna, PERSON, KIM, on_duplicate="refuse")
    assert [c["id"] for c in no.value.details["candidates"]] == [str(first.record.pk)]
    filled = take_in(anna, PERSON, KIM | {"position": "Chief"}, on_duplicate="update")
    assert (filled.new, filled.record.pk, filled.record.position) == (False, first.record.pk, "Chief")
    found = take_in(anna, PERSON, KIM, on_duplicate="existing")
    assert (found.new, found.record.pk, found.events) == (False, first.record.pk, [])
    assert take_in(anna, PERSON, KIM, on_duplicate="create").new
    unsure = {"first_name": "Kim", "last_name": "Zwingenberger"}
    with pytest.raises(Conflict):
        take_in(anna, PERSON, unsure, on_duplicate="update")
    assert take_in(anna, PERSON, {"last_name": "Unbekannt"}, on_duplicate="update").new


def test_rules_of_the_workspace_say_what_counts(anna):
    run(anna, f"{PERSON}.create", first_name="Kim", last_name="Zwingenberger")
    given = {"first_name": "Kim", "last_name": "Zwingenberger"}
    assert names(anna, given) == ["Kim Zwingenberger"]
    rule = run(anna, "kernel.duplicaterule.create", record_type=PERSON, propose_from=99, certain_from=99).record
    assert names(anna, given) == []
    run(anna, "kernel.duplicaterule.archive", rule.pk)
    assert names(anna, given) == ["Kim Zwingenberger"]
    run(anna, "kernel.duplicaterule.create", record_type=PERSON, ignored=["name"])
    assert names(anna, given) == []
    with pytest.raises(Refused) as no:
        run(anna, "kernel.duplicaterule.create", record_type=PERSON, propose_from=99, certain_from=90)
    assert no.value.field == "certain_from"


def test_a_certain_duplicate_is_refused_where_the_rule_says_so(anna):
    take_in(anna, PERSON, KIM)
    run(anna, "kernel.duplicaterule.create", record_type=PERSON, when_created="refuse")
    with pytest.raises(Conflict):
        take_in(anna, PERSON, KIM)


def test_a_field_of_ones_own_identifies(anna):
    field = {"record_type": PERSON, "name": "x_member", "label_de": "Mitglied", "kind": "text", "privacy": "personal"}
    run(anna, "kernel.customfield.create", **field)
    run(anna, "kernel.duplicaterule.create", record_type=PERSON, identified_by=[f"{PERSON}:x_member"])
    run(anna, f"{PERSON}.create", first_name="Kim", last_name="Maier", x_member="A 17")
    begin(type_of(PERSON))
    while Searcher(type_of(PERSON)).step():
        continue
    [found] = similar(ActorScope(anna), type_of(PERSON), {"last_name": "Maier", "x_member": "a17"})
    assert "same_number" in found.reasons
    assert names(anna, {"last_name": "Maier", "x_member": "A 18"}) == []


def test_records_of_a_row_declared_type_are_matched_by_name_and_mail(anna):
    run(anna, "kernel.customtype.create", name="ship", label_de="Schiff", plural_de="Schiffe")
    field = {"record_type": "custom.ship", "name": "x_mail", "label_de": "Mail", "kind": "email", "privacy": "public"}
    run(anna, "kernel.customfield.create", **field)
    run(anna, "custom.ship.create", name="Wappen von Hamburg", x_mail="bruecke@wappen.example")
    assert names(anna, {"name": "Wapen von Hamburg"}, "custom.ship") == ["Wappen von Hamburg"]
    assert names(anna, {"name": "Seute Deern"}, "custom.ship") == []
    mailed = {"name": "Seute Deern Hamburg", "x_mail": "bruecke@wappen.example"}
    [found] = similar(ActorScope(anna), type_of("custom.ship"), mailed | {"name": "Wappen Hamburg"})
    assert "same_email" in found.reasons


def test_organisations_meet_by_domain_and_a_free_provider_is_none(anna):
    acme = {"name": "Acme Werkzeuge GmbH", "website": "https://acme.example"}
    run(anna, f"{FIRM}.create", **acme)
    assert names(anna, {"name": "ACME Werkzeug", "website": "http://www.acme.example/"}, FIRM) == [
        "Acme Werkzeuge GmbH"
    ]
    run(anna, f"{FIRM}.create", name="Bäcker Ohm", emails=[{"value": "ohm@gmx.de"}])
    assert names(anna, {"name": "Metzger Ahm", "emails": [{"value": "ahm@gmx.de"}]}, FIRM) == []


def test_whoever_sees_no_record_of_a_type_gets_no_candidate(anna):
    run(anna, f"{PERSON}.create", **KIM)
    blind = make_member("Berta Blind", [{"record": PERSON, "verb": "create"}])
    assert names(blind, KIM) == []
