"""An event that a consumer cannot digest is parked and reported; everything else goes on."""

from __future__ import annotations

import pytest
from django.db import DatabaseError, connection, transaction

from klientel.kernel.events import consumers, consuming, digesting
from klientel.kernel.events.models import Parked
from klientel.kernel.events.tests.conftest import drain
from klientel.kernel.events.tests.test_order import write
from klientel.kernel.tenancy import inside


@pytest.fixture
def poisoned(only, committed):
    """A consumer that fails at one event in the middle, and what it has digested."""
    with inside(committed.pk), transaction.atomic():
        ids = write(committed, 9)
    bad, good = ids[4], []

    @consumers.consumer("choosy")
    def choosy(some):
        if bad in [e.id for e in some]:
            with connection.cursor() as cursor:
                cursor.execute("SELECT 1/0")
        good.extend(e.id for e in some)

    return ids, bad, good


def test_poison_is_parked_and_the_rest_is_digested_once(committed, poisoned, loop):
    ids, bad, good = poisoned
    drain(loop)
    assert good == [i for i in ids if i != bad]
    with inside(committed.pk), transaction.atomic():
        parked = Parked.objects.get()
        assert (parked.consumer, parked.event_id) == ("choosy", bad)
        assert "DivisionByZero" in parked.reason or "DataError" in parked.reason
    assert consuming.parked() == 1


def test_a_parked_event_can_be_tried_again_or_given_up(committed, poisoned, loop, only):
    drain(loop)
    with inside(committed.pk):
        with transaction.atomic():
            parked = Parked.objects.get().pk
        assert digesting.retry(parked) is False
        taken = []
        only.clear()
        consumers.consumer("choosy")(lambda some: taken.extend(e.id for e in some))
        assert digesting.retry(parked) is True
        assert taken == [poisoned[1]]
    assert consuming.parked() == 0


def test_a_parked_event_can_be_dropped(committed, poisoned, loop):
    drain(loop)
    with inside(committed.pk):
        with transaction.atomic():
            parked = Parked.objects.get().pk
        digesting.drop(parked)
    assert consuming.parked() == 0


def test_a_deadlock_is_no_poison(committed, only, loop):
    from psycopg import errors

    tries = []

    @consumers.consumer("unlucky")
    def unlucky(some):
        tries.append(len(some))
        if len(tries) < 3:
            raise DatabaseError from errors.DeadlockDetected()

    with inside(committed.pk), transaction.atomic():
        write(committed, 4)
    drain(loop)
    assert tries == [4, 4, 4]
    assert consuming.parked() == 0


def test_an_outward_consumer_stands_still_in_quarantine(committed, only, loop):
    from django.utils import timezone

    sent = []
    consumers.consumer("sending", outward=True)(lambda some: sent.extend(some))
    committed.quarantined_at = timezone.now()
    committed.save()
    with inside(committed.pk), transaction.atomic():
        write(committed, 2)
    drain(loop)
    assert sent == []
    committed.quarantined_at = None
    committed.save()
    consuming.wake_all()
    drain(loop)
    assert len(sent) == 2
