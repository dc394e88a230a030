"""The sealed history: a change shows, an erasure does not break it."""

from __future__ import annotations

import pytest
from django.db import connection

from klientel.kernel.access import system_actor
from klientel.kernel.actions import run
from klientel.kernel.events import digesting, sealing
from klientel.kernel.events.consumers import get
from klientel.kernel.identity.actor import Actor
from klientel.kernel.records import type_of
from klientel.kernel.tenancy import inside
from klientel.privacy import erasing
from klientel.privacy.seal import accounted

pytestmark = pytest.mark.django_db
PERSON = "contacts.person"


def write(text: str, *params: object) -> int:
    with connection.cursor() as cursor:
        cursor.execute(text, params)
        return int(cursor.rowcount)


def sealed() -> None:
    """Everything that happened is sealed now, as the worker would."""
    from klientel.kernel import events
    from klientel.kernel.sql import Sql

    for some in (events.read(Sql("true"))[n : n + 3] for n in range(0, 60, 3)):
        if some:
            digesting.digest(get(sealing.NAME), some)
    write("DELETE FROM kernel_cursor WHERE consumer = 'seal'")
    write(
        "INSERT INTO kernel_cursor (id, tenant_id, consumer, epoch, xid, event_id, moved_at)"
        " SELECT DISTINCT ON (tenant_id) uuidv7(), tenant_id, 'seal', epoch, xid::text::bigint, id, now()"
        " FROM kernel_event ORDER BY tenant_id, epoch DESC, xid DESC, id DESC"
    )


@pytest.fixture
def history(anna: Actor) -> object:
    person = run(
        anna, f"{PERSON}.create", first_name="Nele", last_name="Janssen", emails=[{"value": "nele@example.org"}]
    ).record
    run(anna, f"{PERSON}.change", person.pk, last_name="Petersen", stage="lead")
    run(anna, "kernel.team.create", name="Nord")
    run(anna, "work.note.create", text="Rang Nele an", concerns=[person.pk])
    sealed()
    return person


def faults() -> list[str]:
    return sealing.verify(accounted()).faults


def test_every_event_is_sealed_once_in_chained_blocks(history: object) -> None:
    report = sealing.verify(set())
    assert report.faults == []
    assert report.events == write("SELECT 1 FROM kernel_event")
    assert report.blocks > 1
    sealed()
    assert sealing.verify(set()).blocks == report.blocks
    state = sealing.state()
    assert state.blocks == report.blocks
    assert len(state.hash) == 64


@pytest.mark.parametrize(
    ("tampering", "told"),
    [
        ("UPDATE kernel_event SET changes = '{}' WHERE kind = 'kernel.team.create'", "says was changed"),
        ("UPDATE kernel_event SET actor_name = 'Somebody' WHERE kind = 'kernel.team.create'", "says was changed"),
        ("UPDATE kernel_event SET at = at - interval '1 day' WHERE kind = 'kernel.team.create'", "of block"),
        ("UPDATE kernel_event SET actor = 'member:x' WHERE kind = 'kernel.team.create'", "of block"),
        ("DELETE FROM kernel_event WHERE kind = 'kernel.team.create'", "held"),
        (
            'UPDATE kernel_event_private SET changes = changes || \'{"last_name": [null, "X"]}\''
            " WHERE event_id IN (SELECT id FROM kernel_event WHERE kind = 'contacts.person.change')",
            "says was changed",
        ),
        (
            "DELETE FROM kernel_event_private WHERE event_id IN"
            " (SELECT id FROM kernel_event WHERE kind = 'contacts.person.change')",
            "says was changed",
        ),
        ("DELETE FROM kernel_block WHERE number = 2", "block 2 is missing"),
        ("DELETE FROM kernel_seal WHERE block = 2", "held"),
        ("UPDATE kernel_block SET root = sha256('x') WHERE number = 2", "does not follow"),
        (
            "UPDATE kernel_seal SET erased_by = gen_random_uuid(), salt = NULL WHERE block = 1",
            "says was changed",
        ),
        (
            "INSERT INTO kernel_event (id, tenant_id, epoch, xid, at, kind, actor, actor_name, record_type, record_id,"
            " change_set) SELECT uuidv7(interval '-1 hour'), tenant_id, epoch, '3', at, kind, actor, actor_name,"
            " record_type, record_id, change_set FROM kernel_event WHERE kind = 'kernel.team.create'",
            "behind the seal",
        ),
    ],
)
def test_tampering_shows(history: object, tampering: str, told: str) -> None:
    assert faults() == []
    assert write(tampering) >= 1
    found = faults()
    assert found
    assert any(told in one for one in found), found


def test_an_erasure_leaves_the_chain_whole_and_nothing_to_guess(anna: Actor, history: object) -> None:
    erasing.erase(system_actor(), type_of(PERSON), history.pk, "request")  # type: ignore[attr-defined]
    report = sealing.verify(accounted())
    assert report.faults == []
    assert report.erased >= 2
    assert sealing.verify(set()).faults != []  # without the ledger's word the same state is no erasure
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM kernel_seal s JOIN kernel_event e ON e.id = s.id"
            " WHERE e.record_id = %s AND e.kind NOT LIKE 'privacy.%%' AND s.salt IS NOT NULL",
            [history.pk],  # type: ignore[attr-defined]
        )
        assert cursor.fetchone() == (0,)
    sealed()
    assert faults() == []


def test_each_tenant_has_a_chain_of_its_own(history: object, cleo: Actor) -> None:
    with inside(cleo.tenant):
        run(cleo, "kernel.team.create", name="Süd")
        assert sealing.verify(set()).events == 0
        sealed()
        assert sealing.verify(set()).faults == []
        assert sealing.state().blocks >= 1
    assert faults() == []
