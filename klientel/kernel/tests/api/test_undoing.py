"""Undo over the API: looked at first, decided, in the background, and what stays is told."""

from __future__ import annotations

import pytest
from django.db import connection

from klientel.kernel.actions import Item, run, run_many
from klientel.kernel.history import runs
from klientel.kernel.testing.making import make_member
from klientel.kernel.tests.api.conftest import Program, token_of
from klientel.lib.ids import uuid7

PERSON = "contacts.person"


@pytest.fixture
def edited(anna):
    """Two people whose stage one bulk edit changed; the second one's was changed again, and its source too."""
    one, two = (
        run(anna, f"{PERSON}.create", last_name=n, stage="lead", source="Messe").record for n in ("Eins", "Zwei")
    )
    change_set = uuid7()
    items = [Item(p.id, {"stage": "customer", "source": "Web"}) for p in (one, two)]
    assert all(o.refused is None for o in run_many(anna, f"{PERSON}.change", items, change_set=change_set))
    run(anna, f"{PERSON}.change", two.id, stage="former")
    return one, two, change_set


def stage(program, person):
    got = program.get(f"/persons/{person.id}").json()
    return got["stage"], got["source"]


def test_the_preview_tells_what_goes_back_and_what_changed_since(anna_api, edited):
    one, two, change_set = edited
    seen = anna_api.get(f"/undo/{change_set}").json()
    assert seen["shares"] == [{"record_type": PERSON, "made": 0, "changed": 2}] and seen["events"] == 2
    [clash] = seen["conflicts"]
    assert clash["record_id"] == str(two.id)
    assert clash["conflicts"] == [{"field": "stage", "now": "former", "then": "customer", "before": "lead"}]
    by_id = {i["record_id"]: i for i in seen["items"]}
    assert by_id[str(one.id)]["back"] == {
        "stage": {"now": "customer", "old": "lead"}, "source": {"now": "Web", "old": "Messe"}
    }  # fmt: skip
    assert seen["after"] is None and stage(anna_api, one) == ("customer", "Web")


def test_what_changed_since_is_left_and_told_unless_decided(anna_api, edited):
    one, two, change_set = edited
    done = anna_api.post(f"/undo/{change_set}").json()
    assert done["records"] == 1 and done["partly"] == []
    [left] = done["refused"]
    assert (left["record_id"], left["code"], left["conflicts"][0]["now"]) == (str(two.id), "changed_since", "former")
    assert (stage(anna_api, one), stage(anna_api, two)) == (("lead", "Messe"), ("former", "Web"))


@pytest.mark.parametrize(
    ("body", "ends", "partly"),
    [
        ({"choice": "keep"}, ("former", "Messe"), ["stage"]),
        ({"choice": "restore"}, ("lead", "Messe"), []),
        ({"choice": "restore", "choices": {"two": "keep"}}, ("former", "Messe"), ["stage"]),
        ({"choices": {"two": "restore"}}, ("lead", "Messe"), []),
    ],
)
def test_each_choice_does_what_it_says(anna_api, edited, body, ends, partly):
    one, two, change_set = edited
    sent = body | ({"choices": {str(two.id): c for c in body["choices"].values()}} if "choices" in body else {})
    done = anna_api.post(f"/undo/{change_set}", sent).json()
    assert done["records"] == 2 and [p["fields"] for p in done["partly"]] == ([partly] if partly else [])
    assert (stage(anna_api, one), stage(anna_api, two)) == (("lead", "Messe"), ends)
    again = anna_api.post(f"/undo/{done['change_set']}").json()
    assert again["records"] == 2 and stage(anna_api, one) == ("customer", "Web")


@pytest.mark.parametrize(
    "body",
    [{"choice": "all"}, {"choice": 1}, {"choices": []}, {"choices": {"x": "keep"}}, {"background": 1}, {"more": 1}],
)
def test_nonsense_is_refused_and_nothing_done(anna_api, edited, body):
    one, _two, change_set = edited
    assert anna_api.post(f"/undo/{change_set}", body).status_code == 422
    assert stage(anna_api, one) == ("customer", "Web")


def test_in_the_background_it_is_told_how_far_it_is_and_what_it_left(anna, anna_api, edited):
    one, two, change_set = edited
    answer = anna_api.post(f"/undo/{change_set}", {"background": True})
    told = answer.json()
    assert answer.status_code == 202 and answer["Location"] == f"/api/v1/runs/{told['id']}"
    assert (told["state"], told["total"], told["done"]) == ("running", 2, 0)
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM procrastinate_jobs WHERE task_name = 'kernel.history.jobs.run_changes'")
        assert cursor.fetchone() == (1,)
    assert anna_api.post(f"/undo/{change_set}", {"background": True}).json()["code"] == "undone_already"
    runs.carry_out(runs.get(anna, told["id"]).pk)
    now = anna_api.get(f"/runs/{told['id']}").json()
    assert (now["state"], now["done"], now["changed"], now["left"]) == ("done", 2, 1, 1)
    [left] = anna_api.get(f"/runs/{told['id']}/left").json()["items"]
    assert (left["record_id"], left["code"]) == (str(two.id), "changed_since")
    assert stage(anna_api, one) == ("lead", "Messe")


def test_very_many_go_on_in_the_background_by_themselves(anna, anna_api, monkeypatch, edited):
    monkeypatch.setattr(runs, "AT_ONCE", 1)
    _one, _two, change_set = edited
    told = anna_api.post(f"/undo/{change_set}").json()
    assert told["state"] == "running"
    assert anna_api.post(f"/runs/{told['id']}/cancel").json()["state"] == "cancelled"


def test_a_narrow_token_does_not_act_with_all_rights_of_its_member(anna, edited):
    _one, _two, change_set = edited
    for scope in ("read", f"{PERSON}:change", "work.task:*"):
        narrow = Program(token_of(anna, scope))
        assert narrow.post(f"/undo/{change_set}", {"background": True}).status_code in (403, 404), scope
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM kernel_changerun")
        assert cursor.fetchone() == (0,)


def test_runs_and_change_sets_of_others_are_missing(anna, anna_api, cleo_api, edited):
    _one, _two, change_set = edited
    told = anna_api.post(f"/undo/{change_set}", {"background": True}).json()
    assert cleo_api.get(f"/undo/{change_set}").status_code == 404
    nora = Program(token_of(make_member("Nora Niemand", [])))
    for program in (cleo_api, nora):
        for path in (f"/runs/{told['id']}", f"/runs/{told['id']}/left"):
            assert program.get(path).status_code == 404
        assert program.post(f"/runs/{told['id']}/cancel").status_code == 404
    seen = nora.get(f"/undo/{change_set}")
    assert seen.status_code == 403 or "Eins" not in seen.content.decode()


def test_what_is_hidden_is_in_no_preview(anna, edited):
    grants = [{"record": PERSON, "verb": v, "hidden": ("stage",)} for v in ("view", "change", "archive")]
    berta = Program(token_of(make_member("Berta", grants)))
    _one, _two, change_set = edited
    text = berta.get(f"/undo/{change_set}").content.decode()
    assert "former" not in text and "lead" not in text and '"source"' in text
