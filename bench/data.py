"""Persons, a fifth as many organisations, work and history around them, made through actions and seeded.

At 1,000,000 persons: 200,000 organisations, 300,000 tasks, calls, notes and meetings, 5,000,000 events, of which
those of the last round (5 % of the persons change their stage) come after the moment ``month_ago`` of the facts.
"""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from django.conf import settings

from bench import place
from klientel.kernel.access import system_actor
from klientel.kernel.actions import Item, run, run_many
from klientel.kernel.identity import accounts
from klientel.kernel.tenancy import inside
from klientel.kernel.tenancy.models import Tenant
from klientel.kernel.web.account.joining import add_member
from klientel.lib.ids import uuid7
from klientel.site.demo.names import Maker

PASSWORD = "Messlatte-Stoppuhr-4711"
STAGES = ("prospect", "lead", "customer", "customer", "customer", "regular", "partner", "supplier", "former")
MEMBERS, TEAMS = 20, 5
EVENTS, RELATED = 500, 20
EVENTS_PER_PERSON, LATELY = 5, 20  # all events together; one of so many persons changed after ``month_ago``
MINE = {"field": "owner", "op": "is", "value": {"me": True}}
TEAMS_TOO = {"any": [MINE, {"field": "owner.team", "op": "one_of", "value": [{"my_teams": True}]}]}
HIDDEN = ["birthday", "channel"]


class Numbered(Maker):
    """Telephone numbers of its own for everybody: the ranges for films are too small for this many."""

    numbers = 0

    def phone(self, *, mobile: bool = False) -> str:
        """A number nobody else has here."""
        self.numbers += 1
        return f"+49{'1601' if mobile else '3055'}{self.numbers:06d}"


def narrow_grants() -> list[dict[str, Any]]:
    """Own and team's records, two fields hidden."""
    grants = [
        {"record": "contacts.person", "verb": verb, "where": TEAMS_TOO} | ({"hidden": HIDDEN} if verb == "view" else {})
        for verb in ("view", "change", "export")
    ]
    grants.append({"record": "contacts.person", "verb": "create"})
    grants += [{"record": "contacts.organisation", "verb": verb} for verb in ("view", "create")]
    for what in ("note", "task", "call", "meeting"):
        seen = {"any": [*TEAMS_TOO["any"], {"seen": "concerns"}]}
        grants.append({"record": f"work.{what}", "verb": "view", "where": seen})
    deals = {"any": [*TEAMS_TOO["any"], {"field": "owner", "op": "empty"}]}
    grants += [{"record": "sales.deal", "verb": verb, "where": deals} for verb in ("view", "change")]
    grants += [{"record": f"sales.{what}", "verb": "view"} for what in ("pipeline", "stage", "closereason")]
    return grants


def made(actor: Any, rtype: str, values: Iterable[dict[str, Any]]) -> Iterator[Any]:
    """Records, chunk by chunk."""
    for outcome in run_many(actor, f"{rtype}.create", (Item(None, v) for v in values)):
        if outcome.refused is not None:
            raise outcome.refused
        yield outcome.record


def fill(home: Path, persons: int) -> dict[str, Any]:
    """The tenant ``bench``; what the measuring needs to know is kept beside the database."""
    tenant = Tenant.objects.create(name="Messstand", slug="bench")
    dice, maker = random.Random(1), Numbered(1)
    facts: dict[str, Any] = {"tenant": str(tenant.id), "persons": persons, "organisations": persons // 5}
    with inside(tenant.id):
        members = _people(tenant.id, facts)
        system = system_actor("Bench")
        place.say(f"{persons // 5} organisations")
        firms = _firms(system, maker, members, persons // 5, dice)
        place.say(f"{persons} persons")
        begun = time.monotonic()
        ids = _persons(system, maker, members, firms, persons, dice)
        facts["load_rows_per_second"] = round(persons / (time.monotonic() - begun))
        place.say(f"{4 * (persons * 3 // 40)} tasks, calls, notes and meetings")
        _work(system, ids, members, persons * 3 // 40, dice)
        _history(tenant.id, ids, EVENTS_PER_PERSON * persons - (persons + persons // 5 + 4 * (persons * 3 // 40)))
        facts["month_ago"] = datetime.now(UTC).isoformat()
        _changed(system, ids[::LATELY], lambda n: {"stage": STAGES[n % len(STAGES)], "language": "fr"})
        facts["hot"] = str(_hot(system, ids[persons // 3], members[6]))
        facts["person"] = str(ids[persons // 4])
    (home / "bench.json").write_text(json.dumps(facts, indent=1))
    return facts


def _people(tenant: UUID, facts: dict[str, Any]) -> list[UUID]:
    system = system_actor("Bench")
    teams = [run(system, "kernel.team.create", name=f"Team {n}").record.id for n in range(TEAMS)]
    wide = run(system, "kernel.role.create", name="Alles", grants=[{"record": "*", "verb": "*"}]).record.id
    narrow = run(system, "kernel.role.create", name="Eigene", grants=narrow_grants()).record.id
    members = []
    for n in range(MEMBERS):
        email = f"member{n}@bench.example"
        user = accounts.create(email, name=f"Mitglied {n}", password=PASSWORD if n in (0, 1) else None, language="de")
        role = narrow if n == 1 else wide
        members.append(add_member(tenant, user, roles=[role], team=teams[n % TEAMS]))
    facts["wide"], facts["narrow"] = "member0@bench.example", "member1@bench.example"
    facts["narrow_member"] = str(members[1])
    return members


def _firms(system: Any, maker: Maker, members: list[UUID], n: int, dice: random.Random) -> list[tuple[UUID, str, UUID]]:
    values = [maker.firm() | {"owner": dice.choice(members), "stage": dice.choice(STAGES)} for _ in range(n)]
    return [
        (record.id, given["emails"][0]["value"].partition("@")[2], given["owner"])
        for given, record in zip(values, made(system, "contacts.organisation", values), strict=True)
    ]


def _persons(
    system: Any, maker: Maker, members: list[UUID], firms: list[tuple[UUID, str, UUID]], n: int, dice: random.Random
) -> list[UUID]:
    def values() -> Iterator[dict[str, Any]]:
        for number in range(n):
            if number % 5:
                firm, domain, owner = dice.choice(firms)
                person = maker.person(domain) | {"organisation": firm, "owner": owner}
            else:
                person = maker.person(place=maker.place()) | {"owner": dice.choice(members)}
            yield person | {"stage": dice.choice(STAGES)}

    return [record.id for record in made(system, "contacts.person", values())]


def _work(system: Any, ids: list[UUID], members: list[UUID], n: int, dice: random.Random) -> None:
    def values(what: str) -> Iterator[dict[str, Any]]:
        for number in range(n):
            base = {"concerns": [dice.choice(ids)], "owner": dice.choice(members)}
            yield base | ({"subject": f"Anruf {number}"} if what != "note" else {"text": f"<p>Notiz {number}</p>"})

    for what in ("task", "call", "note", "meeting"):
        for _record in made(system, f"work.{what}", values(what)):
            pass


def _history(tenant: UUID, ids: list[UUID], events: int) -> None:
    """So many changes, round after round over everybody: the rows that the bulk path writes, made by the database.

    Each person is written once at the end, as it stands after its last change.
    """
    place.say(f"{events} changes")
    rounds, rest = divmod(events, len(ids))
    with settings.SERVER.connect() as connection:
        connection.execute(_PEOPLE, [list(STAGES), tenant])
        connection.execute("create unique index on bench_people (n)")
        connection.execute("analyze bench_people")
        for turn in range(rounds + (rest > 0)):
            change_set = uuid7()
            last = len(ids) if turn < rounds else rest
            for first in range(0, last, BATCH):
                given = {"tenant": tenant, "set": change_set, "turn": turn, "first": first,
                         "last": min(first + BATCH, last)}  # fmt: skip
                connection.execute(_EVENTS, given)
                connection.execute(_AFTER, given)
        for first in range(0, len(ids), BATCH):
            connection.execute(_STAND, [first, first + BATCH])


BATCH = 10_000
_PEOPLE = """
create temporary table bench_people as
select p.id, row_number() over (order by p.id) - 1 as n, p.organisation, p.position, p.stage, p.changed_at,
    %s::text[] as stages, 0 as changes
from contacts_person p where p.tenant_id = %s and p.archived_at is null
"""
_EVENTS = """
with e as (
    select uuidv7() as event, now() as at, p.id, p.organisation, p.position as was, 'Stelle ' || %(turn)s as position,
        nullif(p.stage, '') as stood, p.stages[1 + (p.n + %(turn)s) %% 9] as stage
    from bench_people p where p.n >= %(first)s and p.n < %(last)s
), written as (
    insert into kernel_event (id, tenant_id, epoch, at, kind, actor, actor_name, record_type, record_id, change_set,
        parameters, changes, fields)
    select e.event, %(tenant)s, i.epoch, e.at, 'contacts.person.change', 'system:00000000-0000-0000-0000-000000000000',
        'Bench', 'contacts.person', e.id, %(set)s, '{}',
        case when e.stood = e.stage then '{}' else jsonb_build_object('stage', jsonb_build_array(e.stood, e.stage)) end,
        case when e.stood = e.stage then '{position}'::text[] else '{position,stage}'::text[] end
    from e, kernel_installation i
), apart as (
    insert into kernel_event_private (event_id, tenant_id, record_id, changes)
    select e.event, %(tenant)s, e.id,
        jsonb_build_object('position', jsonb_build_array(nullif(e.was, ''), e.position)) from e
), about as (
    insert into kernel_about (id, tenant_id, record_id, at, event_id, kind)
    select uuidv7(), %(tenant)s, x.record, e.at, e.event, 'contacts.person.change'
    from e, unnest(array[e.id, e.organisation]) x(record) where x.record is not null
)
insert into kernel_wake (tenant_id, queue, due_at) values (%(tenant)s, 'events', now())
"""
_AFTER = """
update bench_people set position = 'Stelle ' || %(turn)s, stage = stages[1 + (n + %(turn)s) %% 9], changed_at = now(),
    changes = changes + 1
where n >= %(first)s and n < %(last)s
"""
_STAND = """
update contacts_person p set position = b.position, stage = b.stage, changed_at = b.changed_at,
    version = p.version + b.changes
from bench_people b where b.n >= %s and b.n < %s and b.id = p.id
"""


def _changed(system: Any, ids: list[UUID], values: Callable[[int], dict[str, Any]]) -> None:
    items = (Item(one, values(n)) for n, one in enumerate(ids))
    for outcome in run_many(system, "contacts.person.change", items):
        if outcome.refused is not None and outcome.refused.code != "nothing_changed":
            raise outcome.refused


def _hot(system: Any, person: UUID, owner: UUID) -> UUID:
    """The person with 500 events and 20 related records."""
    for what in ("task", "call", "note", "meeting"):
        for n in range(RELATED // 4):
            base = {"concerns": [person], "owner": owner}
            values = base | ({"subject": f"Vorgang {n}"} if what != "note" else {"text": f"<p>Notiz {n}</p>"})
            run(system, f"work.{what}.create", **values)
    run(system, "contacts.person.change", person, owner=owner)
    for n in range(EVENTS - RELATED - 2):
        run(system, "contacts.person.change", person, position=f"Stelle {n}")
    return person
