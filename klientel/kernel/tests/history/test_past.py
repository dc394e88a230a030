"""The time machine: lists and records as they were, equal to a replay of the events, under today's rights."""

from __future__ import annotations

import datetime as dt
import random

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from klientel.kernel import events, writing
from klientel.kernel.access import ActorScope
from klientel.kernel.access.reading import count, which
from klientel.kernel.actions import run
from klientel.kernel.conditions import OPERATORS
from klientel.kernel.errors import Missing, Refused
from klientel.kernel.history import past, undo
from klientel.kernel.records import type_of
from klientel.kernel.sql import Sql
from klientel.kernel.tenancy import PRIVACY, inside
from klientel.kernel.testing import make
from klientel.kernel.testing.making import make_member

PERSON, FIRM = "contacts.person", "contacts.organisation"
NAMES = ("Anna", "Berta", "Cora", "Dora")
CITIES = ("Kiel", "Lübeck", "Husum")


def instant():
    return dt.datetime.now(dt.UTC)


class World:
    """Persons and firms that change all the time, and instants between the changes."""

    def __init__(self, anna, chance):
        self.anna, self.chance = anna, chance
        own = {"name": "x_grade", "label_de": "Güte", "label_en": "Grade", "privacy": "public", "kind": "text"}
        run(anna, "kernel.customfield.create", record_type=PERSON, **own)
        self.tags = [run(anna, "kernel.tag.create", name=n).record.id for n in ("rot", "blau")]
        self.firms = [run(anna, f"{FIRM}.create", name=f"Firma {n}", industry="it").record.id for n in range(3)]
        self.people = [self.person() for _n in range(12)]
        self.instants = [instant()]
        for _n in range(90):
            self.change()
            if self.chance.random() < 0.08:
                self.instants.append(instant())

    def person(self):
        values = {"last_name": self.chance.choice(NAMES), "position": self.chance.choice(CITIES)}
        return run(self.anna, f"{PERSON}.create", **values).record.id

    def change(self):
        c, one = self.chance, self.chance.choice(self.people)
        try:
            match c.randrange(10):
                case 0:
                    self.people.append(self.person())
                case 1:
                    run(self.anna, f"{PERSON}.archive", one)
                case 2:
                    run(self.anna, f"{PERSON}.restore", one)
                case 3:
                    run(self.anna, f"{FIRM}.change", c.choice(self.firms), name=f"Firma {c.choice(CITIES)}")
                case 4:
                    run(self.anna, f"{PERSON}.tag", one, tags=[c.choice(self.tags)])
                case 5:
                    done = run(self.anna, f"{PERSON}.change", one, x_grade=c.choice(["A", "B", None]))
                    if done.events and c.random() < 0.5:
                        undo(self.anna, done.change_set)
                case _:
                    run(self.anna, f"{PERSON}.change", one, **self.values())
        except Missing:
            return

    def values(self):
        c = self.chance
        made = {
            "last_name": c.choice(NAMES), "position": c.choice([*CITIES, None]),
            "stage": c.choice(["lead", "customer"]),
            "organisation": c.choice([*self.firms, None]), "owner": c.choice([self.anna.member, None]),
            "birthday": c.choice([None, "1970-01-01", "1980-05-05"]),
            "emails": c.choice([[], [{"value": f"{c.choice(NAMES)}@example.org"}]]),
        }  # fmt: skip
        return {n: made[n] for n in c.sample(sorted(made), c.randrange(1, 4))}

    # -- random conditions ---------------------------------------------------------------------------------------

    def condition(self, depth=0):
        c = self.chance
        match c.randrange(8 if depth < 3 else 5):
            case 5:
                return {"all": [self.condition(depth + 1) for _n in range(c.randrange(3))]}
            case 6:
                return {"any": [self.condition(depth + 1) for _n in range(1, 3)]}
            case 7:
                return {"not": self.condition(depth + 1)}
            case 4:
                return {"field": "organisation.name", "op": c.choice(["contains", "is", "is_not"]), "value": c.choice(
                    ["Firma Kiel", "Firma 1", "Firma"])}  # fmt: skip
        return self.clause()

    def clause(self):
        c = self.chance
        kinds = type_of(PERSON).fields
        name = c.choice(["last_name", "position", "stage", "organisation", "owner", "birthday", "emails", "tags",
                         "x_grade", "title" if "title" in kinds else "position"])  # fmt: skip
        kind = kinds[name]
        op = c.choice(kind.operators)
        values = {
            "last_name": NAMES, "position": CITIES, "stage": ("lead", "customer"), "x_grade": ("A", "B"),
            "organisation": [str(f) for f in self.firms], "owner": [str(self.anna.member)],
            "birthday": ("1970-01-01", "1975-01-01"), "emails": ("anna@example.org",),
            "tags": [str(t) for t in self.tags],
        }[name]  # fmt: skip
        takes = OPERATORS[op].takes
        value = {
            "none": None, "days": 10, "many": [c.choice(values)], "range": [values[0], values[-1]],
            "text": c.choice(values)[:3], "one": c.choice(values), "period": {"last": 3, "unit": "month"},
        }[takes]  # fmt: skip
        return {"field": name, "op": op} | ({} if value is None else {"value": value})


def replay(at):
    """Every field of every record at an instant, from the beginning of time: the new values of all events in order."""
    states = {}
    for event in events.read(Sql("e.at <= %s", (at,)), order="e.id"):
        state = states.setdefault((event.record_type, event.record_id), {})
        state |= {name: new for name, (_old, new) in event.changes.items()}
    return states


def as_it_was(at):
    """Make the tables what they were; the caller rolls back."""
    states = replay(at)
    with writing.door():
        for key in (PERSON, FIRM):
            rtype = type_of(key)
            for record in rtype.model.objects.all():
                state = states.get((key, record.pk))
                record.archived_at = instant() if state is None else None
                for name, kind in rtype.fields.items():
                    if name not in ("created_at", "changed_at") and state is not None:
                        plain = state.get(name)
                        rtype.put(record, name, kind.blank_value() if plain is None else kind.from_plain(plain))
                record.save()


def ids_now(actor, where):
    inside_ = which(ActorScope(actor), type_of(PERSON), where)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT t.id FROM contacts_person t WHERE {inside_.text}", inside_.params)
        return {row[0] for row in cursor.fetchall()}


def test_lists_of_the_past_equal_a_replay_on_200_random_conditions(anna):
    chance = random.Random(7)
    world = World(anna, chance)
    scope, rtype, asked, hits = ActorScope(anna), type_of(PERSON), 0, 0
    conditions = [world.condition() for _n in range(200)]
    for n, at in enumerate(world.instants):
        mine = conditions[n :: len(world.instants)]
        found = []
        for where in mine:
            try:
                found.append(past.ids(scope, rtype, at, where))
            except Refused as no:
                found.append(no.code)
        with transaction.atomic():
            as_it_was(at)
            for where, got in zip(mine, found, strict=True):
                try:
                    wanted = ids_now(anna, where)
                except Refused as no:
                    wanted = no.code
                assert got == wanted, (at, where)
                asked, hits = asked + 1, hits + (bool(got) and not isinstance(got, str))
            transaction.set_rollback(True)
    assert asked == 200 and hits > 60
    assert len(world.instants) > 4


def test_a_page_of_the_past_is_sorted_and_turned_by_what_was(anna):
    people = [run(anna, f"{PERSON}.create", last_name=n).record for n in ("Ahrens", "Behrens", "Carstens")]
    at = instant()
    run(anna, f"{PERSON}.change", people[0].id, last_name="Zander", position="neu")
    run(anna, f"{PERSON}.create", last_name="Danz")
    run(anna, f"{PERSON}.archive", people[1].id)
    scope, rtype = ActorScope(anna), type_of(PERSON)
    first = past.select(scope, rtype, at, limit=2)
    assert [r.title for r in first.rows] == ["Ahrens", "Behrens"] and first.rows[0].position == ""
    second = past.select(scope, rtype, at, limit=2, after=first.after)
    assert [r.title for r in second.rows] == ["Carstens"] and second.after is None
    assert [r.title for r in past.select(scope, rtype, at, limit=2, before=second.before).rows] == ["Ahrens", "Behrens"]
    down = past.select(scope, rtype, at, sort="-title", limit=2)
    assert [r.title for r in down.rows] == ["Carstens", "Behrens"]
    assert [r.title for r in past.select(scope, rtype, instant()).rows] == ["Carstens", "Danz", "Zander"]


def test_one_record_as_it_was(anna):
    person = run(anna, f"{PERSON}.create", last_name="Ahrens", position="Leitung").record
    at = instant()
    run(anna, f"{PERSON}.change", person.id, last_name="Zander", birthday="1980-01-01")
    then = past.record(ActorScope(anna), type_of(PERSON), person.id, at).record
    assert (then.title, then.position, then.birthday) == ("Ahrens", "Leitung", None)
    with pytest.raises(Missing):
        past.record(ActorScope(anna), type_of(PERSON), person.id, at - dt.timedelta(days=1))


def test_the_past_is_seen_under_todays_rights(anna, boris):
    mine = run(anna, f"{PERSON}.create", last_name="Ahrens", owner=boris.member, birthday="1980-01-01").record
    lost = run(anna, f"{PERSON}.create", last_name="Behrens", owner=boris.member).record
    at = instant()
    run(anna, f"{PERSON}.change", lost.id, owner=anna.member)
    run(anna, f"{PERSON}.change", mine.id, position="Leitung")
    scope, rtype = ActorScope(boris), type_of(PERSON)
    assert [r.pk for r in past.select(scope, rtype, at).rows] == [mine.id]
    with pytest.raises(Missing):
        past.record(scope, rtype, lost.id, at)
    with pytest.raises(Refused):
        past.select(scope, rtype, at, where={"field": "birthday", "op": "not_empty"})


def test_another_tenant_has_no_part_in_it(anna, cleo):
    make(anna, PERSON)
    with inside(cleo.tenant):
        assert past.select(ActorScope(cleo), type_of(PERSON), instant()).rows == []


def test_erased_values_stay_erased(anna):
    person = run(anna, f"{PERSON}.create", last_name="Ahrens", position="Leitung").record
    at = instant()
    done = run(anna, f"{PERSON}.change", person.id, last_name="Zander")
    with writing.door(), connection.cursor() as cursor:
        cursor.execute("DELETE FROM kernel_event_private WHERE event_id = %s", [done.events[0].id])
    scope, rtype = ActorScope(anna), type_of(PERSON)
    page = past.select(scope, rtype, at)
    assert page.erased == {person.id: ["last_name"]} and not page.rows[0].last_name
    then = past.record(scope, rtype, person.id, at)
    assert then.erased == ["last_name"] and not then.record.last_name


def test_a_restricted_person_is_not_in_the_past_either(anna):
    person = run(anna, f"{PERSON}.create", last_name="Ahrens").record
    at = instant()
    run(anna, f"{PERSON}.change", person.id, position="x")
    assert [r.pk for r in past.select(ActorScope(anna), type_of(PERSON), at).rows] == [person.id]
    with inside(anna.tenant, purpose=PRIVACY), transaction.atomic(), writing.door(), connection.cursor() as cursor:
        cursor.execute("SELECT set_config('klientel.purpose', 'privacy', true)")
        cursor.execute("UPDATE contacts_person SET restricted = true WHERE id = %s", [person.id])
        cursor.execute("SELECT set_config('klientel.purpose', '', true)")
    assert past.select(ActorScope(anna), type_of(PERSON), at).rows == []
    with pytest.raises(Missing):
        past.record(ActorScope(anna), type_of(PERSON), person.id, at)


def test_what_had_happened_by_then_counts(anna):
    person = run(anna, f"{PERSON}.create", last_name="Ahrens").record
    at = instant()
    run(anna, f"{PERSON}.comment", person.id, text="Hallo")
    where = {"happened": "contacts.person.create"}
    told = {"happened": f"{PERSON}.change"}
    run(anna, f"{PERSON}.change", person.id, position="x")
    scope, rtype = ActorScope(anna), type_of(PERSON)
    assert past.ids(scope, rtype, at, where) == {person.id} and past.ids(scope, rtype, at, told) == set()
    assert past.ids(scope, rtype, instant(), told) == {person.id}


def test_dates_of_an_address(anna):
    assert past.instant("2026-01-31").isoformat().startswith("2026-01-31T23:59:59")
    assert past.instant("2026-01-31T12:00").isoformat().startswith("2026-01-31T12:00")
    assert past.instant("2999-01-01") <= instant()
    for text in ("gestern", "1999-01-01", ""):
        with pytest.raises(Refused):
            past.instant(text)
    assert count(ActorScope(anna), type_of(PERSON)) == 0


def test_the_past_costs_the_same_statements_for_3_and_for_12(anna):
    member = make_member("Mara", [{"record": "*", "verb": "*"}])
    costs = []
    for n in (3, 12):
        for i in range(n):
            person = run(anna, f"{PERSON}.create", last_name=f"A{i}").record
            run(anna, f"{PERSON}.change", person.id, position="x")

        with CaptureQueriesContext(connection) as spent:
            past.select(ActorScope(member), type_of(PERSON), instant())
        costs.append(len(spent))
    assert costs[0] == costs[1]


def test_what_is_worked_out_is_refused_in_a_sentence(anna):
    row = {"kind": "formula", "formula": "last_name", "privacy": "personal", "label_de": "Kurz", "label_en": "Short"}
    run(anna, "kernel.customfield.create", record_type=PERSON, name="x_short", **row)
    scope, rtype = ActorScope(anna), type_of(PERSON)
    for asked in ({"where": {"field": "x_short", "op": "is", "value": "a"}}, {"sort": "x_short"}):
        with pytest.raises(Refused) as no:
            past.select(scope, rtype, instant(), **asked)
        assert no.value.code in ("not_then", "not_sortable")
    assert past.select(scope, rtype, instant()).rows == []
