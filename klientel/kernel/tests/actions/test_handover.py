"""A member leaves; trees stay trees."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from klientel.kernel.access import actor_of
from klientel.kernel.access.granting import ActorScope
from klientel.kernel.access.reading import get
from klientel.kernel.actions import handover, leaving, run
from klientel.kernel.errors import Forbidden, Refused
from klientel.kernel.history import undo
from klientel.kernel.identity import accounts, tokens
from klientel.kernel.records import all_types, type_of
from klientel.kernel.testing import make
from klientel.kernel.testing.making import make_member

ROOMS = ("contacts", "work")


def test_everything_owned_goes_to_the_colleague_and_back(anna):
    leaver = make_member("Leo", [])
    made = [make(anna, t, owner=leaver.member) for t in all_types() if t.key.split(".")[0] in ROOMS]
    result = handover.deactivate(anna, leaver.member, anna.member)
    assert result.refused == []
    assert result.records >= len(made)
    for record in made:
        assert get(ActorScope(anna), type_of(record), record.id).owner == anna.member
    with pytest.raises(Forbidden):
        actor_of(leaver.member)
    assert undo(anna, result.change_set).refused == []
    assert get(ActorScope(anna), type_of(made[0]), made[0].id).owner == leaver.member
    assert actor_of(leaver.member)


def test_sessions_and_tokens_end(anna):
    leaver = make_member("Leo", [])
    login = accounts.create("leo@example.org", name="Leo", password="ein langes Kennwort 77")
    from klientel.kernel import writing
    from klientel.kernel.access.models import Member

    with writing.door():
        Member.objects.filter(pk=leaver.member).update(user=login.pk)
    _token, text = tokens.create(
        tenant_id=anna.tenant,
        member_id=leaver.member,
        user=login,
        name="x",
        scopes=["read"],
        expires_at=timezone.now() + timedelta(days=1),
    )
    before = login.stamp
    assert tokens.check(text)
    handover.deactivate(anna, leaver.member, anna.member)
    login.refresh_from_db()
    assert login.stamp != before
    assert tokens.check(text) is None


def test_as_an_action_the_worker_hands_over_in_the_same_change_set(anna):
    leaver = make_member("Leo", [])
    person = make(anna, "contacts.person", owner=leaver.member)
    with pytest.raises(Refused):
        run(anna, "kernel.member.deactivate", leaver.member, to=leaver.member)
    with pytest.raises(Refused):
        run(anna, "kernel.member.deactivate", anna.member, to=leaver.member)
    done = run(anna, "kernel.member.deactivate", leaver.member, to=anna.member)
    with connection.cursor() as cursor:
        cursor.execute("SELECT args->>'change_set' FROM procrastinate_jobs WHERE task_name LIKE '%hand_over_all'")
        assert cursor.fetchall() == [(str(done.change_set),)]
    leaving.hand_over_all(member=leaver.member, to=anna.member, change_set=done.change_set, by=anna.member)
    assert get(ActorScope(anna), type_of("contacts.person"), person.id).owner == anna.member
    assert undo(anna, done.change_set).refused == []
    assert get(ActorScope(anna), type_of("contacts.person"), person.id).owner == leaver.member


def test_not_to_oneself_nor_to_who_left_and_not_without_the_right(anna, boris):
    leaver, gone = make_member("Leo", []), make_member("Gone", [])
    run(anna, "kernel.member.change", gone.member, active=False)
    for heir in (leaver, gone):
        with pytest.raises(Refused):
            handover.hand_over(anna, leaver.member, heir.member)
    with pytest.raises(Forbidden):
        handover.hand_over(boris, leaver.member, boris.member)


@pytest.mark.parametrize("key", ["kernel.team", "contacts.organisation"])
def test_trees_have_no_rings(anna, key):
    top, middle, low = (make(anna, key, n) for n in range(3))
    run(anna, f"{key}.change", middle.id, parent=top.id)
    run(anna, f"{key}.change", low.id, parent=middle.id)
    for wrong in (top, low):
        with pytest.raises(Refused) as no:
            run(anna, f"{key}.change", top.id, parent=wrong.id)
        assert (no.value.code, no.value.field) == ("in_a_circle", "parent")
    assert get(ActorScope(anna), type_of(key), top.id).parent is None


def test_nobody_is_their_own_deputy(anna):
    with pytest.raises(Refused):
        run(anna, "kernel.member.change", anna.member, deputy=anna.member)
