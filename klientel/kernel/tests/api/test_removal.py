"""Deleting for good over the API: what keeps a record is told first."""

from __future__ import annotations

import pytest
from django.db import connection

from klientel.kernel.actions import run
from klientel.kernel.records import type_of
from klientel.kernel.testing import make
from klientel.kernel.testing.making import make_member
from klientel.kernel.tests.api.conftest import Program, token_of

PERSON = "contacts.person"


@pytest.fixture(autouse=True)
def folders(settings, tmp_path):
    settings.KLIENTEL_HOME, settings.KLIENTEL_FILES = tmp_path, tmp_path / "files"


@pytest.fixture
def gone(anna):
    person, firm = make(anna, PERSON), make(anna, "contacts.organisation")
    run(anna, "work.note.create", text="allein", concerns=[person.id])
    run(anna, "work.note.create", text="beide", concerns=[person.id, firm.id])
    run(anna, f"{PERSON}.archive", person.id)
    return person


def test_it_is_told_what_goes_and_then_it_goes(anna_api, gone):
    told = anna_api.get(f"/persons/trash/{gone.id}/removal").json()
    assert told["possible"] is True and told["blocks"] == []
    assert [(g["record_type"], g["count"]) for g in told["goes_along"]] == [("work.note", 1)]
    assert [(g["record_type"], g["count"]) for g in told["loses_link"]] == [("work.note", 1)]
    done = anna_api.post(f"/persons/{gone.id}/actions/remove").json()
    assert done["record"] == {"id": str(gone.id)}
    assert anna_api.get(f"/persons/trash/{gone.id}").status_code == 404
    assert anna_api.get(f"/persons/trash/{gone.id}/removal").status_code == 404
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM kernel_search WHERE record_id = %s", [gone.id])
        assert cursor.fetchone() == (0,)


def test_what_keeps_it_is_told_and_refuses(anna_api, gone):
    rtype = type_of(PERSON)
    object.__setattr__(rtype, "retained", lambda r: "§ 147 AO")
    try:
        told = anna_api.get(f"/persons/trash/{gone.id}/removal").json()
        refused = anna_api.post(f"/persons/{gone.id}/actions/remove")
    finally:
        object.__setattr__(rtype, "retained", None)
    assert told["possible"] is False and "§ 147 AO" in told["blocks"][0]["detail"]
    assert (refused.status_code, refused.json()["code"]) == (409, "kept")
    assert anna_api.get(f"/persons/trash/{gone.id}").status_code == 200


def test_without_the_right_nothing_is_told(anna, cleo_api, gone):
    grants = [{"record": "*", "verb": v} for v in ("view", "change", "archive")]
    lena = Program(token_of(make_member("Lena", grants)))
    assert lena.get(f"/persons/trash/{gone.id}/removal").status_code == 403
    assert cleo_api.get(f"/persons/trash/{gone.id}/removal").status_code == 404


def test_settings_stay_and_say_why(anna, anna_api):
    tag = make(anna, "kernel.tag")
    run(anna, "kernel.tag.archive", tag.id)
    told = anna_api.get(f"/tags/trash/{tag.id}/removal").json()
    assert told["possible"] is False
    assert [(b["code"], b["record"]) for b in told["blocks"]] == [("not_deletable", None)]
    assert told["blocks"][0]["detail"]
