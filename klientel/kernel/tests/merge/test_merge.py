"""How two records become one: whose value, which links, whose rights, and what comes back later."""

from __future__ import annotations

from dataclasses import replace

import pytest

from klientel.kernel import events
from klientel.kernel.access.granting import ActorScope
from klientel.kernel.access.reading import get, select
from klientel.kernel.actions import Item, run, run_many
from klientel.kernel.errors import Conflict, Forbidden, Missing, Refused
from klientel.kernel.records import type_of, types
from klientel.kernel.search.finding import find
from klientel.kernel.tenancy import PRIVACY, inside
from klientel.kernel.testing import make
from klientel.kernel.testing.making import make_member
from klientel.kernel.testing.photographs import differing, photograph

PERSON, FIRM = "contacts.person", "contacts.organisation"


def merge(actor, kept, *lost, **params):
    return run(actor, f"{type_of(kept).key}.merge", kept.id, records=[r.id for r in lost], **params)


def unmerge(actor, kept, *lost, **params):
    return run(actor, f"{type_of(kept).key}.unmerge", kept.id, records=[r.id for r in lost], **params)


def now(actor, record):
    return get(ActorScope(actor), type_of(record), record.id)


def bare(actor, **values):
    return run(actor, f"{PERSON}.create", **values).record


def test_the_survivors_value_stays_and_an_empty_one_is_filled(anna):
    kept = bare(anna, last_name="Brandt", position="")
    lost = bare(anna, last_name="Brand", position="Einkauf")
    merge(anna, kept, lost)
    assert (now(anna, kept).last_name, now(anna, kept).position) == ("Brandt", "Einkauf")


def test_lists_are_united_each_entry_once(anna):
    kept = bare(anna, last_name="A", emails=["a@x.de", "b@x.de"])
    lost = bare(anna, last_name="A", emails=[{"value": "B@x.de", "purpose": "private"}, "c@x.de"])
    merge(anna, kept, lost)
    assert [e["value"] for e in now(anna, kept).emails] == ["a@x.de", "b@x.de", "c@x.de"]


def test_each_field_can_be_chosen_or_given(anna):
    kept = bare(anna, last_name="Brandt", first_name="E.", emails=["a@x.de"])
    lost = bare(anna, last_name="Brand", first_name="Erika", emails=["b@x.de"])
    fields = {"first_name": str(lost.id), "emails": [str(lost.id)]}
    merge(anna, kept, lost, fields=fields, values={"last_name": "Brandt-Groth"})
    one = now(anna, kept)
    assert (one.first_name, one.last_name) == ("Erika", "Brandt-Groth")
    assert [e["value"] for e in one.emails] == ["b@x.de"]


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"last_name": "7"}, "not_part_of_it"),
        ({"nonsense": None}, "unknown_field"),
        ({"version": None}, "unknown_field"),
    ],
)
def test_a_wrong_choice_is_refused_at_its_field_and_nothing_is_done(anna, fields, code):
    kept, lost = bare(anna, last_name="A"), bare(anna, last_name="B")
    before = photograph()
    with pytest.raises(Refused) as no:
        merge(anna, kept, lost, fields=fields)
    assert (no.value.code, no.value.field) == (code, next(iter(fields)))
    assert photograph() == before


def test_a_looked_at_version_that_is_stale_is_a_conflict(anna):
    kept, lost = bare(anna, last_name="A"), bare(anna, last_name="B")
    run(anna, f"{PERSON}.change", lost.id, position="neu")
    with pytest.raises(Conflict) as no:
        merge(anna, kept, lost, versions={str(kept.id): 1, str(lost.id): 1})
    assert no.value.code == "changed_since" and no.value.details["record"] == str(lost.id)


def test_a_firm_that_belonged_to_its_double_belongs_to_nobody(anna):
    kept = make(anna, FIRM, 1)
    lost = make(anna, FIRM, 2, parent=kept.id)
    run(anna, f"{FIRM}.change", kept.id, parent=None)
    merge(anna, kept, lost)
    assert now(anna, kept).parent is None


def test_the_same_relation_twice_is_one_and_a_relation_to_itself_goes(anna):
    kept, lost, firm = make(anna, PERSON, 1), make(anna, PERSON, 2), make(anna, FIRM, 1)
    kind = run(anna, "kernel.relationkind.create", name="berät", back="wird beraten von").record
    one, twin, own, other = (
        run(anna, "kernel.relation.create", kind=kind.id, first=[a.id], second=[b.id], note=note).record
        for a, b, note in ((kept, firm, ""), (lost, firm, ""), (kept, lost, ""), (lost, firm, "seit 2019"))
    )
    before = photograph()
    merge(anna, kept, lost)
    alive = {r.id for r in select(ActorScope(anna), type_of("kernel.relation")).rows}
    assert alive == {other.id} and {one.id, twin.id, own.id}.isdisjoint(alive)
    unmerge(anna, kept, lost)
    assert differing(before, photograph()) == {}


def test_what_is_added_since_stays_unless_it_is_given_away(anna):
    kept, lost = make(anna, PERSON, 1), make(anna, PERSON, 2)
    merge(anna, kept, lost)
    stays, goes = (
        run(anna, "work.note.create", text=text, concerns=[kept.id]).record for text in ("bleibt", "gehört ihr")
    )
    unmerge(anna, kept, lost, give={str(goes.id): str(lost.id)})
    assert now(anna, stays).concerns == [kept.id] and now(anna, goes).concerns == [lost.id]


def test_a_value_changed_since_stays_and_is_told_or_goes_back_when_asked(anna):
    for restore, expected, kept_fields in (({}, "Neu", ["position"]), ({"position": "before"}, "", [])):
        kept, lost = bare(anna, last_name="A", position=""), bare(anna, last_name="B", position="Einkauf")
        merge(anna, kept, lost)
        run(anna, f"{PERSON}.change", kept.id, position="Neu")
        done = unmerge(anna, kept, lost, restore=restore)
        assert now(anna, kept).position == expected
        [told] = [e for e in done.events if e.record_id == kept.id]
        assert told.parameters["kept"] == kept_fields
        assert now(anna, lost).position == "Einkauf"


def test_mails_added_since_stay_and_those_of_the_other_go(anna):
    kept, lost = bare(anna, last_name="A", emails=["a@x.de"]), bare(anna, last_name="B", emails=["b@x.de", "a@x.de"])
    merge(anna, kept, lost)
    mails = [e["value"] for e in now(anna, kept).emails]
    run(anna, f"{PERSON}.change", kept.id, emails=[*mails, "neu@x.de"])
    unmerge(anna, kept, lost)
    assert [e["value"] for e in now(anna, kept).emails] == ["a@x.de", "neu@x.de"]
    assert [e["value"] for e in now(anna, lost).emails] == ["b@x.de", "a@x.de"]


def test_a_link_taken_away_since_stays_away_and_is_told(anna):
    kept, lost = make(anna, PERSON, 1), make(anna, PERSON, 2)
    note = run(anna, "work.note.create", text="x", concerns=[lost.id]).record
    merge(anna, kept, lost)
    run(anna, "work.note.change", note.id, concerns=[])
    done = unmerge(anna, kept, lost)
    [told] = [e for e in done.events if e.record_id == kept.id]
    assert now(anna, note).concerns == []
    assert told.parameters["left"] == [{"record_type": "work.note", "record_id": str(note.id), "field": "concerns"}]


def test_two_merges_into_one_come_apart_in_any_order(anna):
    for first in (0, 1):
        kept, *lost = (bare(anna, last_name=n, position=p) for n, p in (("K", ""), ("A", "Einkauf"), ("B", "Verkauf")))
        make(anna, "work.task", 1, concerns=[lost[0].id, lost[1].id])
        make(anna, "work.task", 2, concerns=[kept.id, lost[0].id])
        before = photograph()
        for one in lost:
            merge(anna, kept, one)
        unmerge(anna, kept, lost[first])
        unmerge(anna, kept, lost[1 - first])
        assert differing(before, photograph()) == {}


def test_a_search_finds_the_survivor_by_what_the_other_was_called(anna):
    kept, lost = bare(anna, last_name="Sonderborg"), bare(anna, last_name="Quastenflosser", emails=["q@altona.de"])
    merge(anna, kept, lost, fields={"emails": [str(kept.id)]})
    for words in ("quastenfl", "altona.de"):
        assert [(h.id, h.title) for h in find(ActorScope(anna), words)] == [(kept.id, "Sonderborg")]
    run(anna, f"{PERSON}.archive", kept.id)
    assert find(ActorScope(anna), "quastenfl") == []
    run(anna, f"{PERSON}.restore", kept.id)
    unmerge(anna, kept, lost)
    assert [h.id for h in find(ActorScope(anna), "quastenfl")] == [lost.id]


def test_the_timeline_of_the_survivor_holds_both_stories(anna):
    kept, lost = make(anna, PERSON, 1), make(anna, PERSON, 2)
    run(anna, f"{PERSON}.comment", lost.id, text="Altes")
    merge(anna, kept, lost)
    told = [(e.kind, e.record_id) for e in events.timeline(kept.id)]
    assert (f"{PERSON}.create", lost.id) in told and f"{PERSON}.comment" in [kind for kind, _id in told]
    assert len(told) == len(set(told)) == 5


def test_a_link_given_with_an_old_id_leads_to_the_survivor(anna):
    kept, lost, firm, other = make(anna, PERSON, 1), make(anna, PERSON, 2), make(anna, FIRM, 1), make(anna, FIRM, 2)
    merge(anna, kept, lost)
    merge(anna, firm, other)
    note = run(anna, "work.note.create", text="x", concerns=[lost.id, kept.id]).record
    assert now(anna, note).concerns == [kept.id]
    done = run(anna, f"{PERSON}.change", kept.id, organisation=other.id)
    assert now(anna, kept).organisation == firm.id
    assert done.events[0].changes["organisation"][1] == str(firm.id)


def test_a_saved_view_that_names_the_loser_names_the_survivor(anna):
    kept, lost = make(anna, FIRM, 1), make(anna, FIRM, 2)
    where = {"all": [{"field": "organisation", "op": "one_of", "value": [str(lost.id), str(kept.id)]}]}
    view = run(anna, "kernel.view.create", name="Leute", record_type=PERSON, condition=where).record
    merge(anna, kept, lost)
    assert now(anna, view).condition["all"][0]["value"] == [str(kept.id)]
    unmerge(anna, kept, lost)
    assert now(anna, view).condition == where


# -- rights -----------------------------------------------------------------------------------------------------------

MINE = {"field": "owner", "op": "is", "value": {"me": True}}
MERGER = [
    {"record": PERSON, "verb": "view", "hidden": ["birthday", "phones"]},
    {"record": PERSON, "verb": "change", "readonly": ["stage"]},
    {"record": PERSON, "verb": "merge", "where": MINE},
]


def test_only_records_that_one_may_merge_are_merged(anna):
    dora = make_member("Dora Deich", MERGER)
    kept = make(anna, PERSON, 1, owner=dora.member)
    lost = make(anna, PERSON, 2, owner=anna.member)
    before = photograph()
    for one, other in ((kept, lost), (lost, kept)):
        with pytest.raises(Forbidden):
            merge(dora, one, other)
    assert photograph() == before


def test_fields_that_one_may_not_set_are_not_chosen_and_hidden_ones_are_not_lost(anna):
    dora = make_member("Dora Deich", MERGER)
    kept = run(anna, f"{PERSON}.create", last_name="K", owner=dora.member, stage="lead", phones=["+49405550001"]).record
    lost = run(
        anna, f"{PERSON}.create", last_name="L", owner=dora.member, stage="customer", birthday="1980-02-03",
        phones=["+49405550002"],
    ).record  # fmt: skip
    for fields, error in (({"stage": str(lost.id)}, Forbidden), ({"birthday": str(lost.id)}, Refused)):
        with pytest.raises(error):
            merge(dora, kept, lost, fields=fields)
    merge(dora, kept, lost)
    one = now(anna, kept)
    assert (one.stage, str(one.birthday), len(one.phones)) == ("lead", "1980-02-03", 2)


def test_types_that_one_may_change_nothing_of_are_named_and_nothing_is_done(anna):
    dora = make_member("Dora Deich", MERGER)
    kept, lost = (make(anna, PERSON, n, owner=dora.member) for n in (1, 2))
    make(anna, "work.call", 1, concerns=[lost.id])
    before = photograph()
    with pytest.raises(Forbidden) as no:
        merge(dora, kept, lost)
    assert no.value.code == "may_not_move" and photograph() == before


def test_another_tenants_record_and_an_invisible_one_are_missing(anna, boris, cleo):
    kept = make(anna, PERSON, 1)
    with inside(cleo.tenant):
        theirs = make(cleo, PERSON, 1)
    for actor, other in ((anna, theirs), (anna, make(anna, FIRM, 1))):
        with pytest.raises(Missing):
            merge(actor, kept, other)


def test_what_leads_to_a_restricted_record_moves_too(anna):
    from klientel.privacy.restricting import restrict

    firm, double = make(anna, FIRM, 1), make(anna, FIRM, 2)
    person = make(anna, PERSON, 1, organisation=double.id)
    restrict(anna, type_of(PERSON), person.id, "claims")
    merge(anna, firm, double)
    with inside(anna.tenant, purpose=PRIVACY):
        assert now(anna, person).organisation == firm.id


# -- how rows about a record move ------------------------------------------------------------------------------------


def test_a_type_says_itself_which_of_the_rows_about_one_record_count(anna, monkeypatch):
    """What consents need: of two about the same, the stricter one stays; here the lower priority of a task."""

    def stricter(rows):
        rank = {"low": 0, "normal": 1, "high": 2}
        return sorted(rows, key=lambda r: (rank[r.priority], r.id))[1:]

    monkeypatch.setitem(types._types, "work.task", replace(type_of("work.task"), doubles=stricter))
    kept, lost = make(anna, PERSON, 1), make(anna, PERSON, 2)
    given = make(anna, "work.task", 1, concerns=[kept.id], priority="high")
    refused = make(anna, "work.task", 2, concerns=[lost.id], priority="low")
    before = photograph()
    merge(anna, kept, lost)
    assert now(anna, refused).archived_at is None and now(anna, given).archived_at is not None
    unmerge(anna, kept, lost)
    assert differing(before, photograph()) == {}


def test_groups_of_one_chunk_that_lead_to_each_other_merge_right(anna):
    a, b = make(anna, FIRM, 1), make(anna, FIRM, 2)
    c, d = make(anna, FIRM, 3, parent=b.id), make(anna, FIRM, 4)
    before = photograph()
    items = [Item(a.id, {"records": [b.id]}), Item(c.id, {"records": [d.id]})]
    outcomes = list(run_many(anna, f"{FIRM}.merge", items))
    assert [o.refused for o in outcomes] == [None, None]
    assert now(anna, c).parent == a.id
    unmerge(anna, c, d)
    unmerge(anna, a, b)
    assert differing(before, photograph()) == {}


def test_more_links_than_are_held_at_once_all_move(anna, monkeypatch):
    from klientel.kernel.merge import leading

    monkeypatch.setattr(leading, "CHUNK", 3)
    kept, lost = make(anna, PERSON, 1), make(anna, PERSON, 2)
    for n in range(8):
        run(anna, "work.note.create", text=f"{n}", concerns=[lost.id])
    before = photograph()
    merge(anna, kept, lost)
    where = {"field": "concerns", "op": "contains_one", "value": [str(kept.id)]}
    assert len(select(ActorScope(anna), type_of("work.note"), where=where).rows) == 8
    unmerge(anna, kept, lost)
    assert differing(before, photograph()) == {}
