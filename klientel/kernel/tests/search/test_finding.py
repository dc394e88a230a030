"""Search as you type, and likely duplicates."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from klientel.kernel.access.granting import ActorScope
from klientel.kernel.actions import Item, run, run_many
from klientel.kernel.records import type_of
from klientel.kernel.search.finding import CANDIDATES, find
from klientel.kernel.tenancy import inside
from klientel.kernel.twins.checking import similar


@pytest.fixture
def people(anna, boris):
    def person(**values):
        return run(anna, "contacts.person.create", **values).record

    return {
        "müller": person(
            first_name="Jörg", last_name="Müller", emails=["joerg@mueller.example"], phones=["030 2312500"]
        ),
        "schmidt": person(first_name="Anke", last_name="Schmidt", owner=boris.member, phones=["0171 3920077"]),
        "weiss": person(first_name="Kim", last_name="Weiß"),
    }


def titles(actor, text):
    return [h.title for h in find(ActorScope(actor), text)]


@pytest.mark.parametrize(
    "text",
    [
        "Müller",
        "Mueller",
        "muller",
        "MÜL",
        "jörg m",
        "mueller joerg",
        "Muellr",
        "030 2312500",
        "+49 30 2312500",
        "joerg@mueller",
    ],
)
def test_spelling_typos_mail_and_phone_lead_to_mueller(anna, people, text):
    assert titles(anna, text)[:1] == ["Jörg Müller"]


def test_sharp_s_and_ss_meet(anna, people):
    assert titles(anna, "Weiss") == ["Kim Weiß"]


@pytest.mark.parametrize("text", ["", " ", "%", "_", "'", "\\", "xyzxyz", "\u0301", "(", "ß" * 500])
def test_finds_nothing_where_nothing_is(anna, people, text):
    assert titles(anna, text) == []


def test_shows_only_what_the_viewer_may_see(boris, cleo, people):
    assert titles(boris, "Müller") == []
    assert titles(boris, "Schmidt") == ["Anke Schmidt"]
    assert titles(boris, "0171 3920077") == [], "phones are hidden from boris, so they do not lead him anywhere"
    with inside(cleo.tenant):
        assert titles(cleo, "Müller") == []


def test_the_trash_is_not_searched(anna, people):
    run(anna, "contacts.person.archive", people["müller"].id)
    assert titles(anna, "Müller") == []
    run(anna, "contacts.person.restore", people["müller"].id)
    assert titles(anna, "Müller") == ["Jörg Müller"]


def test_a_new_name_is_found_and_the_old_one_not(anna, people):
    run(anna, "contacts.person.change", people["weiss"].id, last_name="Schwarz")
    assert titles(anna, "Weiss") == []
    assert titles(anna, "Schwarz") == ["Kim Schwarz"]


def test_costs_at_most_three_statements(anna, people):
    with CaptureQueriesContext(connection) as spent:
        find(ActorScope(anna), "Muellr")
    assert len(spent) <= 3


def test_names_likely_duplicates_with_reasons(anna, people):
    scope, person = ActorScope(anna), type_of("contacts.person")
    [found] = similar(
        scope, person, {"first_name": "Joerg", "last_name": "Mueller", "emails": ["joerg@mueller.example"]}
    )
    assert found.id == people["müller"].id and "same_email" in found.reasons and found.score > 0.9
    assert similar(scope, person, {"first_name": "Jörg", "last_name": "Ganz-Anders"}) == []
    assert similar(scope, person, {}) == []


def test_duplicates_of_invisible_records_are_not_told(boris, people):
    assert (
        similar(
            ActorScope(boris), type_of("contacts.person"), {"last_name": "Müller", "emails": ["joerg@mueller.example"]}
        )
        == []
    )


def test_finds_what_may_be_seen_behind_more_invisible_matches_than_are_ever_ranked(anna, boris):
    rows = [Item(params={"first_name": f"N{n}", "last_name": "Haeufig"}) for n in range(CANDIDATES + 30)]
    assert all(o.refused is None for o in run_many(anna, "contacts.person.create", rows))
    assert titles(boris, "häufig") == []
    run(anna, "contacts.person.create", first_name="Zoe", last_name="Häufig", owner=boris.member)
    assert titles(boris, "häufig") == ["Zoe Häufig"]
    assert titles(boris, "haufigg") == ["Zoe Häufig"], "the same for words that are nearly so"


def test_who_hands_a_record_over_finds_it_no_longer_and_the_new_owner_does(anna, boris, people):
    run(anna, "contacts.person.assign", people["schmidt"].id, owner=anna.member)
    assert titles(boris, "Schmidt") == []
    run(anna, "contacts.person.assign", people["müller"].id, owner=boris.member)
    assert titles(boris, "Müller") == ["Jörg Müller"]


def test_a_narrow_user_is_not_asked_about_every_type(boris, people):
    with CaptureQueriesContext(connection) as spent:
        assert find(ActorScope(boris), "Schmidt")
    assert len(spent) == 2
    assert "contacts_person" in spent[1]["sql"] and "work_note" not in "".join(s["sql"] for s in spent)


@pytest.mark.parametrize("text", ["Jrög Müller", "Müller Jögr", "Weis", "Anek Schmitd"])
def test_slips_of_the_keys_are_understood_by_the_words_that_names_begin_with(anna, people, text):
    with CaptureQueriesContext(connection) as spent:
        assert titles(anna, text)
    assert not any("%>" in one["sql"] for one in spent), "the last resort was not needed"


def test_whose_name_begins_so_stands_before_whose_mail_does(anna, people):
    run(anna, "contacts.person.create", first_name="Ada", last_name="Byron", emails=["schmidt@byron.example"])
    assert titles(anna, "schmidt") == ["Anke Schmidt", "Ada Byron"]


def test_a_word_that_is_longer_than_any_index_takes_is_found_by_its_beginning(anna, people):
    run(anna, "work.note.create", text="語" * 1900, concerns=[people["weiss"].id])
    assert len(titles(anna, "語" * 90)) == 1
