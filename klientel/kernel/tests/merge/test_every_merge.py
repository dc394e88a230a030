"""Promises of merging, kept by every record type, declared by a model or by a row."""

from __future__ import annotations

import pytest

from klientel.kernel import history
from klientel.kernel.access.granting import ActorScope
from klientel.kernel.access.reading import get, select
from klientel.kernel.actions import run
from klientel.kernel.errors import Conflict, Refused
from klientel.kernel.merge import leading
from klientel.kernel.records import aliases, all_types, type_of
from klientel.kernel.testing.photographs import differing, lead_to, made, photograph

MACHINE = "custom.machine"
KEYS = [*(t.key for t in all_types() if t.mergeable), MACHINE]
every = pytest.mark.parametrize("key", KEYS)


@pytest.fixture
def rtype(key, anna, machine):
    return type_of(key)


@every
def test_all_that_led_to_the_loser_leads_to_the_survivor(anna, rtype):
    kept, lost = made(anna, rtype, 1), made(anna, rtype, 2)
    leaders = lead_to(anna, lost)
    run(anna, f"{rtype.key}.merge", kept.id, records=[lost.id])
    assert len(leading.find(rtype, [lost.id])) == 0
    arrived = leading.find(rtype, [kept.id])
    assert {r.id for r in leaders} <= {i for ids in arrived.ids.values() for i in ids}
    assert lost.id not in [r.id for r in select(ActorScope(anna), rtype).rows]
    assert aliases.survivor(lost.id) == kept.id


@every
def test_merge_then_unmerge_gives_back_exactly_what_was(anna, rtype):
    kept, lost, third = made(anna, rtype, 1), made(anna, rtype, 2), made(anna, rtype, 3)
    for one in (kept, lost, third):
        lead_to(anna, one)
    before = photograph()
    done = run(anna, f"{rtype.key}.merge", kept.id, records=[lost.id, third.id])
    assert photograph() != before
    run(anna, f"{rtype.key}.unmerge", kept.id, records=[lost.id, third.id])
    assert differing(before, photograph()) == {}
    assert aliases.roots([kept.id]) == {} and done.change_set


@every
def test_one_after_the_other_gives_back_exactly_what_was(anna, rtype):
    kept, lost, third = made(anna, rtype, 1), made(anna, rtype, 2), made(anna, rtype, 3)
    for one in (kept, lost, third):
        lead_to(anna, one)
    before = photograph()
    run(anna, f"{rtype.key}.merge", kept.id, records=[lost.id, third.id])
    run(anna, f"{rtype.key}.unmerge", kept.id, records=[third.id])
    assert aliases.survivor(third.id) is None and aliases.survivor(lost.id) == kept.id
    run(anna, f"{rtype.key}.unmerge", kept.id, records=[lost.id])
    assert differing(before, photograph()) == {}


@every
def test_a_merge_is_undone_by_its_change_set(anna, rtype):
    kept, lost = made(anna, rtype, 1), made(anna, rtype, 2)
    lead_to(anna, lost)
    before = photograph()
    done = run(anna, f"{rtype.key}.merge", kept.id, records=[lost.id])
    undone = history.undo(anna, done.change_set)
    assert undone.records and undone.refused == []
    assert differing(before, photograph()) == {}
    with pytest.raises(Conflict):
        history.undo(anna, done.change_set)


@every
def test_a_chain_ends_at_the_last_and_comes_apart_in_order(anna, rtype):
    a, b, c = (made(anna, rtype, n) for n in (1, 2, 3))
    lead_to(anna, a)
    before = photograph()
    run(anna, f"{rtype.key}.merge", b.id, records=[a.id])
    run(anna, f"{rtype.key}.merge", c.id, records=[b.id])
    assert aliases.survivors([a.id, b.id]) == {a.id: c.id, b.id: c.id}
    for survivor in (b.id, c.id):
        with pytest.raises(Conflict):
            run(anna, f"{rtype.key}.unmerge", survivor, records=[a.id])
    run(anna, f"{rtype.key}.unmerge", c.id, records=[b.id])
    assert aliases.survivor(a.id) == b.id
    run(anna, f"{rtype.key}.unmerge", b.id, records=[a.id])
    assert differing(before, photograph()) == {}


@every
def test_a_merged_record_is_changed_restored_or_merged_no_more(anna, rtype):
    kept, lost, third = made(anna, rtype, 1), made(anna, rtype, 2), made(anna, rtype, 3)
    run(anna, f"{rtype.key}.merge", kept.id, records=[lost.id])
    before = photograph()
    for verb, on, more in (
        ("change", lost, {}),
        ("restore", lost, {}),
        ("archive", lost, {}),
        ("merge", lost, {"records": [third.id]}),
        ("merge", third, {"records": [lost.id]}),
    ):
        with pytest.raises(Conflict) as no:
            run(anna, f"{rtype.key}.{verb}", on.id, **more)
        assert no.value.code == "merged" and no.value.details["into"] == str(kept.id)
    assert photograph() == before


@every
def test_whoever_holds_no_grant_merges_nothing(anna, boris, rtype):
    kept, lost = made(anna, rtype, 1), made(anna, rtype, 2)
    before = photograph()
    with pytest.raises(Refused):
        run(boris, f"{rtype.key}.merge", kept.id, records=[lost.id])
    assert photograph() == before
    assert get(ActorScope(anna), rtype, lost.id).archived_at is None
