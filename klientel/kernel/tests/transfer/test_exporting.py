"""Exports: only what one may take, in every format, and back again the same."""

from __future__ import annotations

import io

import orjson
import pytest
from django.db import connection
from django.utils import translation
from psycopg.types.json import Jsonb

from klientel.kernel import events
from klientel.kernel.access.granting import ActorScope
from klientel.kernel.actions import Item, run_many
from klientel.kernel.actions import run as act
from klientel.kernel.errors import Forbidden, Refused
from klientel.kernel.records import type_of
from klientel.kernel.sql import Sql
from klientel.kernel.tenancy import inside
from klientel.kernel.testing.cast import ALL as EVERYTHING
from klientel.kernel.testing.making import make_member, make_tenant
from klientel.kernel.tests.transfer.conftest import Bench
from klientel.kernel.transfer import cells, columns, exporting
from klientel.kernel.transfer.columns import default_paths

PERSON = "contacts.person"
FULL = {
    "salutation": "ms", "academic_title": "Dr.", "first_name": "Anna", "last_name": "von Müller-Ł",
    "emails": [{"value": "a@example.org"}, {"value": "b@example.org", "purpose": "private", "state": "bounced"}],
    "phones": [{"value": "+4930123456;ext=12"}, {"value": "+491715000001", "purpose": "mobile"}],
    "addresses": [{"street": "Am (Markt) 1; Hof | 2", "postcode": "10115", "city": "Berlin", "country": "DE"},
                  {"city": "Ulm", "purpose": "billing"}],
    "position": "=1+1", "department": "-", "description": "Zeile 1\nZeile 2; \"x\"", "birthday": "1980-02-01",
    "stage": "customer", "language": "de", "website": "https://example.org/ä",
}  # fmt: skip


def taken(actor, rtype=PERSON, where=None, paths=None, form="csv"):
    out = io.BytesIO()
    exporting.export(ActorScope(actor), type_of(rtype), where, paths, form, out)
    return out.getvalue()


@pytest.fixture
def people(anna):
    firm = act(anna, "contacts.organisation.create", name="Bergmann GmbH").record
    tag = act(anna, "kernel.tag.create", name="VIP").record
    act(anna, "contacts.person.create", **FULL, organisation=firm.id, tags=[tag.id], owner=anna.member)
    act(anna, "contacts.person.create", last_name="Nur Name")
    return anna


def facts(actor):
    rtype = type_of(PERSON)
    left = ("id", "created_at", "changed_at", "archived_at")
    kept = [n for n in default_paths(rtype, rtype.fields) if n not in left and "." not in n]
    names = [n for n in kept if n not in ("organisation", "tags", "owner")]
    return sorted(({"title": r["title"]} | {n: r[n] for n in names} for r in Bench(actor).people(*kept)), key=str)


@pytest.mark.parametrize("form", ["csv", "xlsx"])
@pytest.mark.parametrize("language", ["de", "en"])
def test_what_goes_out_comes_back_the_same(people, form, language):
    with translation.override(language):
        data = taken(people, form=form)
        other = make_tenant("elsewhere", language=language)
        with inside(other.pk):
            bench = Bench(make_member("Eva Else", EVERYTHING))
            run = bench.run(io.BytesIO(data))
            assert (run.counts["new"], run.counts.get("error"), run.counts.get("duplicate")) == (2, None, None)
            [there] = bench.titles("contacts.organisation")
            assert (there, bench.titles("kernel.tag")) == ("Bergmann GmbH", ["VIP"])
            copied = facts(bench.actor)
    assert copied == facts(people)


def test_a_vcard_comes_back(people):
    data = taken(people, form="vcf")
    assert data.count(b"BEGIN:VCARD") == 2
    with inside(make_tenant("elsewhere").pk):
        bench = Bench(make_member("Eva Else", EVERYTHING))
        run = bench.run(io.BytesIO(data))
        assert run.counts["new"] == 2
        [anna] = [p for p in bench.people("emails", "phones", "position", "birthday") if "Anna" in p["title"]]
        assert [e["value"] for e in anna["emails"]] == ["a@example.org", "b@example.org"]
        assert [p["purpose"] for p in anna["phones"]] == ["work", "mobile"]
        assert (anna["position"], anna["birthday"].isoformat()) == ("=1+1", "1980-02-01")


def test_every_purpose_comes_back_from_a_vcard(anna):
    fields = type_of(PERSON).fields
    facts = {}
    for name in ("emails", "phones", "addresses"):
        kind = fields[name]
        facts[name] = [kind.sample(n)[0] | {"purpose": p} for n, p in enumerate(kind.purposes, start=3)]
    act(anna, "contacts.person.create", last_name="Voll", **facts)
    data = taken(anna, form="vcf")
    with inside(make_tenant("elsewhere").pk):
        bench = Bench(make_member("Eva Else", EVERYTHING))
        bench.run(io.BytesIO(data))
        [there] = bench.people(*facts)
    for name, entries in facts.items():
        assert [(e.get("value", e.get("street")), e["purpose"]) for e in there[name]] == [
            (e.get("value", e.get("street")), e["purpose"]) for e in fields[name].accept(entries)
        ]


def test_json_lines_are_plain_values(people):
    first, _second = [orjson.loads(line) for line in taken(people, form="jsonl").splitlines()]
    assert first["birthday"] == "1980-02-01"
    assert first["emails"][1] == {"value": "b@example.org", "purpose": "private", "state": "bounced"}


def test_formulas_are_made_harmless(people):
    text = taken(people, paths=["position", "department", "phones"]).decode("utf-8-sig")
    assert "'=1+1;'-;" in text


def test_parts_of_entries_are_columns_too(people):
    text = taken(people, paths=["emails.private", "phones.2", "addresses.1.city", "organisation", "organisation.id"])
    line = text.decode("utf-8-sig").splitlines()[1].split(";")
    assert line[:4] == ["b@example.org", "'+491715000001", "Berlin", "Bergmann GmbH"]
    assert len(line[4]) == 36


def test_only_with_the_right_and_only_what_one_sees(people, boris):
    with pytest.raises(Forbidden):
        taken(boris)
    some = [
        {"record": PERSON, "verb": "view", "hidden": ["phones"]},
        {"record": PERSON, "verb": "export", "where": {"field": "last_name", "op": "is", "value": "Nur Name"}},
    ]  # fmt: skip
    narrow = make_member("Nora Narrow", some)
    text = taken(narrow).decode("utf-8-sig")
    assert len(text.splitlines()) == 2
    assert "Nur Name" in text
    assert "Phone" not in text
    with pytest.raises(Refused):
        taken(narrow, paths=["phones"])
    with pytest.raises(Refused):
        taken(people, "kernel.tag", form="vcf")


def test_who_took_what_is_written_down(people):
    taken(people, where={"field": "last_name", "op": "is", "value": "Nur Name"}, paths=["last_name"])
    [event] = events.read(Sql("e.kind = %s", (exporting.EXPORTED,)))
    assert event.record_id == people.member
    assert event.parameters == {"record_type": PERSON, "format": "csv", "columns": ["last_name"], "selected": True}


def test_pages_follow_each_other(people, monkeypatch):
    monkeypatch.setattr(exporting, "_PAGE", 3)
    list(run_many(people, "contacts.person.create", [Item(params={"last_name": f"Name {n % 4}"}) for n in range(10)]))
    lines = taken(people, paths=["id", "last_name"]).decode("utf-8-sig").splitlines()[1:]
    assert len(lines) == len(set(lines)) == 12


@pytest.mark.parametrize("name", ["emails", "phones", "addresses"])
def test_cells_of_entries_read_back(people, name):
    kind = type_of(PERSON).fields[name]
    for value in ([], kind.accept(FULL[name]), kind.accept(kind.sample(3))):
        assert kind.accept(cells.read(kind, cells.write(kind, value))) == value


@pytest.mark.parametrize("name", ["emails", "phones", "addresses"])
def test_the_text_of_the_database_becomes_the_same_cell_as_its_entries(anna, name):
    kind = type_of("contacts.person").fields[name]
    first = {p: {"value": "a@b.de", "country": "DE"}.get(p, f"{p} 1") for p in kind.parts}
    some = [
        first | {"purpose": kind.purposes[0], "state": "ok"},
        first | {"purpose": kind.purposes[-1], "state": "bounced"},
        {kind.parts[0]: 'Weg "5"; Hof', "purpose": kind.purposes[0], "state": "ok"},
        {kind.parts[0]: "Weg | (Hof) \\ 5", "purpose": "private", "state": "unchecked"},
        {kind.parts[0]: "+49 30 1", "purpose": "private", "state": "ok"},
        dict.fromkeys(kind.parts, "") | {kind.parts[0]: "Straße\u00a01", "purpose": "private", "state": "ok"},
    ]
    every = [[], *([one] for one in some), *([one, two] for one in some for two in some), some]
    with connection.cursor() as cursor:
        query = "SELECT v.x::text FROM jsonb_array_elements(%s) WITH ORDINALITY v(x, n) ORDER BY n"
        cursor.execute(query, [Jsonb(every)])
        texts = [row[0] for row in cursor.fetchall()]
    assert columns._unread(kind)([None, *texts]) == ["", *(cells.write(kind, one) for one in every)]
