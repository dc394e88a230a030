"""Pages of merging: side by side, chosen, done, taken apart; old addresses lead on; the trash knows nothing of it."""

from __future__ import annotations

import re

import pytest
from django.urls import reverse

from klientel.kernel.access.granting import ActorScope
from klientel.kernel.access.reading import get
from klientel.kernel.actions import run
from klientel.kernel.records import all_types, type_of
from klientel.kernel.tenancy import inside
from klientel.kernel.testing.photographs import UNMADE, made

PERSON = "contacts.person"


@pytest.fixture
def pair(actor):
    kept = run(actor, f"{PERSON}.create", last_name="Brandt", first_name="E.", emails=["a@x.de"], position="Einkauf")
    lost = run(actor, f"{PERSON}.create", last_name="Brand", first_name="Erika", emails=["b@x.de", "c@x.de"])
    run(actor, "work.note.create", text="Notiz", concerns=[lost.record.id])
    return kept.record, lost.record


def show(client, path, **query):
    with inside(None):
        return client.get(path, query)


def send(client, path, **sent):
    with inside(None):
        return client.post(path, sent)


def test_records_stand_side_by_side_with_what_moves(client, pair):
    kept, lost = pair
    page = show(client, reverse("merge", args=["persons"]), id=[kept.id, lost.id])
    text = page.content.decode()
    assert page.status_code == 200
    assert all(word in text for word in ("Brandt", "Erika", "b@x.de", "1 Note", "is kept", "differs"))
    assert re.search(rf'name="f-first_name" value="{kept.id}" checked', text)


def test_choices_of_the_page_are_what_is_stored(client, actor, pair):
    kept, lost = pair
    sent = {"f-first_name": str(lost.id), "f-last_name": str(kept.id), "m-emails": "1", "e-emails": ["0", "2"]}
    answer = send(client, reverse("merge", args=["persons"]), id=[kept.id, lost.id], keep=str(kept.id), **sent)
    assert answer.status_code == 302 and answer["Location"].endswith(f"/{kept.id}/")
    one = get(ActorScope(actor), type_of(PERSON), kept.id)
    assert (one.first_name, one.last_name, [e["value"] for e in one.emails]) == (
        "Erika",
        "Brandt",
        ["a@x.de", "c@x.de"],
    )


def test_somebody_was_faster_and_the_page_says_so_with_nothing_done(client, actor, pair):
    kept, lost = pair
    run(actor, f"{PERSON}.change", lost.id, position="Neu")
    answer = send(
        client, reverse("merge", args=["persons"]), id=[kept.id, lost.id], keep=str(kept.id), **{f"v-{lost.id}": "1"}
    )
    assert answer.status_code == 409 and "Somebody changed this" in answer.content.decode()
    assert get(ActorScope(actor), type_of(PERSON), lost.id).archived_at is None


def test_who_merges_the_same_records_a_moment_later_is_led_to_what_they_became(client, actor, pair):
    kept, lost = pair
    run(actor, f"{PERSON}.merge", kept.id, records=[lost.id])
    for answer in (
        send(client, reverse("merge", args=["persons"]), id=[kept.id, lost.id], keep=str(lost.id)),
        show(client, reverse("merge", args=["persons"]), id=[lost.id, kept.id]),
    ):
        assert (answer.status_code, answer["Location"]) == (302, f"/persons/{kept.id}/")
    assert "These records are one already." in show(client, f"/persons/{kept.id}/").content.decode()


def test_a_record_that_became_another_one_is_looked_at_again_before_it_is_merged(client, actor, pair):
    kept, lost = pair
    third = run(actor, f"{PERSON}.create", last_name="Brant", first_name="Eri").record
    run(actor, f"{PERSON}.merge", kept.id, records=[lost.id])
    answer = send(client, reverse("merge", args=["persons"]), id=[lost.id, third.id], keep=str(third.id))
    text = answer.content.decode()
    assert answer.status_code == 409
    assert "merged into another one meanwhile" in text and f'name="id" value="{kept.id}"' in text
    assert get(ActorScope(actor), type_of(PERSON), third.id).archived_at is None


def test_old_addresses_lead_to_the_survivor_whose_timeline_tells_the_merge(client, actor, pair):
    kept, lost = pair
    run(actor, f"{PERSON}.merge", kept.id, records=[lost.id])
    for name in ("record", "edit"):
        answer = show(client, reverse(name, args=["persons", lost.id]))
        assert answer.status_code == 302 and str(kept.id) in answer["Location"]
    text = show(client, reverse("record", args=["persons", kept.id])).content.decode()
    assert "merged" in text and "Erika Brand" in text and reverse("unmerge", args=["persons", kept.id]) in text
    assert str(lost.id) not in show(client, reverse("trash_of", args=["persons"])).content.decode()


def test_the_page_of_taking_apart_asks_and_does(client, actor, pair):
    kept, lost = pair
    run(actor, f"{PERSON}.change", kept.id, position="")
    run(actor, f"{PERSON}.change", lost.id, position="Leitung")
    run(actor, f"{PERSON}.merge", kept.id, records=[lost.id])
    run(actor, f"{PERSON}.change", kept.id, position="Neu")
    task = run(actor, "work.task.create", subject="Rückruf", concerns=[kept.id]).record
    at = reverse("unmerge", args=["persons", kept.id])
    text = show(client, at).content.decode()
    assert all(word in text for word in ("Leitung", "Neu", "Rückruf", 'name="r-position"', f'name="g-{task.id}"'))
    answer = send(client, at, id=[lost.id], **{f"g-{task.id}": str(lost.id), "r-position": "before"})
    assert answer.status_code == 302
    scope = ActorScope(actor)
    assert get(scope, type_of(PERSON), kept.id).position == ""
    assert get(scope, type_of("work.task"), task.id).concerns == [lost.id]
    assert get(scope, type_of(PERSON), lost.id).archived_at is None


def test_only_what_others_became_part_of_is_offered_to_be_taken_apart(client, actor, pair):
    kept, lost = pair
    apart = reverse("unmerge", args=["persons", kept.id])
    assert apart not in show(client, f"/persons/{kept.id}/").text
    run(actor, f"{PERSON}.merge", kept.id, records=[lost.id])
    assert apart in show(client, f"/persons/{kept.id}/").text


def test_what_is_selected_in_a_list_is_put_side_by_side_first(client, pair):
    answer = send(client, reverse("bulk", args=["persons", "merge"]), id=[one.id for one in pair])
    assert answer.status_code == 302 and all(str(one.id) in answer["Location"] for one in pair)
    assert send(client, reverse("bulk", args=["persons", "merge"]), id=[pair[0].id]).status_code == 422


def test_whoever_may_not_merge_is_offered_nothing(narrow, pair):
    browser, boris = narrow
    mine = run(boris, f"{PERSON}.create", last_name="Meins", owner=boris.member).record
    text = show(browser, reverse("record", args=["persons", mine.id])).content.decode()
    assert reverse("merge", args=["persons"]) not in text
    assert show(browser, reverse("merge", args=["persons"]), id=[mine.id]).status_code == 403


@pytest.mark.parametrize("key", [t.key for t in all_types() if t.mergeable and t.key not in UNMADE])
def test_every_type_is_put_side_by_side_and_merged_from_its_page(client, actor, key):
    rtype = type_of(key)
    one, other = made(actor, rtype, 1), made(actor, rtype, 2)
    page = show(client, reverse("merge", args=[rtype.slug]), id=[one.id, other.id])
    assert page.status_code == 200, page.content
    answer = send(client, reverse("merge", args=[rtype.slug]), id=[one.id, other.id], keep=str(one.id))
    assert answer.status_code == 302, answer.content
    assert show(client, reverse("unmerge", args=[rtype.slug, one.id])).status_code == 200


def test_the_bin_holds_all_kinds_with_who_and_gives_back_many_at_once(client, actor, pair):
    firm = run(actor, "contacts.organisation.create", name="Werft").record
    for one, key in ((pair[0], PERSON), (pair[1], PERSON), (firm, "contacts.organisation")):
        run(actor, f"{key}.archive", one.id)
    text = show(client, reverse("trash")).content.decode()
    assert all(word in text for word in ("Werft", "E. Brandt", "Erika Brand", actor.name))
    text = show(client, reverse("trash_of", args=["persons"])).content.decode()
    assert "Werft" not in text and actor.name in text
    answer = send(client, reverse("bulk", args=["persons", "restore"]), id=[one.id for one in pair])
    assert answer.status_code == 302
    assert all(get(ActorScope(actor), type_of(PERSON), one.id).archived_at is None for one in pair)
