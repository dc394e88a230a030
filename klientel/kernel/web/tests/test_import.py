"""The import assistant as pages: columns, every row with its diff, corrections, choices, the result."""

from __future__ import annotations

import re
import shutil
import tempfile

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from klientel.contacts.models import Person
from klientel.kernel.actions import run
from klientel.kernel.files import uploading
from klientel.kernel.tenancy import inside
from klientel.kernel.transfer.jobs import choose_for_all
from klientel.kernel.transfer.models import ImportRun
from klientel.kernel.web.views import branch

pytestmark = pytest.mark.django_db
HEAD = "Vorname;Nachname;E-Mail;Position;Firma\n"


@pytest.fixture(autouse=True)
def _files_elsewhere(settings, tmp_path):
    settings.KLIENTEL_FILES = tmp_path / "files"


def upload(client, rows, **more):
    file = SimpleUploadedFile("kontakte.csv", (HEAD + rows).encode())
    at = client.post("/import", {"type": "contacts.person", "file": file})["Location"]
    columns = {
        f"column-{n}": v for n, v in enumerate(("first_name", "last_name", "emails", "position", "organisation"))
    }
    answer = client.post(f"{at}/mapping", columns | {"on_duplicate": "skip", "create_links": "1"} | more)
    assert (answer.status_code, answer["Location"]) == (302, at)
    return at


def person(actor, n, **more):
    return run(actor, "contacts.person.create", first_name=f"Vor{n}", last_name=f"Name{n}",
               emails=[{"value": f"p{n}@example.org"}], **more).record  # fmt: skip


def row(n, position="", firm=""):
    return f"Vor{n};Name{n};p{n}@example.org;{position};{firm}\n"


def text(client, path):
    answer = client.get(path)
    assert answer.status_code == 200, path
    return answer.content.decode()


@pytest.mark.parametrize(
    ("bytes_free", "largest", "sentence"),
    [(9, 2**31, "has not enough room"), (10**12, 2**20, "at most 1 MB are possible")],
)
def test_a_file_that_is_too_much_is_refused_at_its_field_before_it_is_kept(
    client, monkeypatch, tmp_path, bytes_free, largest, sentence
):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: shutil._ntuple_diskusage(0, 0, 2**30 + bytes_free))
    monkeypatch.setattr(uploading, "LARGEST", largest)
    file = SimpleUploadedFile("kontakte.csv", (HEAD + row(1) * 2**17).encode())
    answer = client.post("/import", {"type": "contacts.person", "file": file})
    assert answer.status_code == 422
    assert sentence in answer.content.decode()
    assert list(tmp_path.iterdir()) == []


def test_a_file_is_shown_row_by_row_corrected_decided_and_imported_once(client, actor):
    person(actor, 1, position="Chef")
    at = upload(client, row(1, "Chefin") + row(2, "", "Bergmann GmbH") + ";;;x;\n")
    page = text(client, at)
    assert "Nothing was changed" in page
    assert "like “Vor1 Name1”" in page
    assert "Bergmann GmbH (new)" in page
    assert "This row has no name" in page
    assert "Vor1 Name1" not in text(client, f"{at}?show=new")
    assert client.post(f"{at}/decide", {"line": "2", "choice": "update", "show": "duplicate"}).status_code == 302
    client.post(f"{at}/decide", {"line": "2", "choice": "create"})
    assert re.search(r"Vor1 Name1.*?new", text(client, at), re.DOTALL)
    assert 'value="x"' in text(client, f"{at}/rows/4")
    answer = client.post(f"{at}/rows/4", {"cell-1": "Korrigiert"})
    assert answer["Location"] == at
    assert "corrected" in text(client, at)
    assert client.post(f"{at}/start").status_code == 302
    assert "The import is finished" in text(client, f"{at}/result")
    client.post(f"{at}/start")
    with inside(actor.tenant), transaction.atomic():
        assert sorted(Person.objects.values_list("title", flat=True)) == [
            "Korrigiert", "Vor1 Name1", "Vor1 Name1", "Vor2 Name2",
        ]  # fmt: skip
    assert client.get(f"{at}/rows/4").status_code == 404


def test_what_changed_meanwhile_is_shown_again(client, actor):
    there = person(actor, 1, position="Chef")
    at = upload(client, row(1, "Chefin") + row(2), on_duplicate="update", update="overwrite")
    page = text(client, at)
    assert "<del>Chef</del>" in page
    assert "Chefin" in page
    run(actor, "contacts.person.change", there.pk, position="Anders")
    client.post(f"{at}/start")
    assert client.get(f"{at}/result")["Location"] == at
    page = text(client, at)
    assert "<del>Anders</del>" in page
    assert "Somebody has changed this since it was shown" in page
    client.post(f"{at}/decide", {"choice": "update"})
    client.post(f"{at}/start")
    assert "The import is finished" in text(client, f"{at}/result")
    with inside(actor.tenant), transaction.atomic():
        assert Person.objects.get(pk=there.pk).position == "Chefin"


def test_a_large_file_is_tried_out_in_the_background(client, actor, monkeypatch):
    monkeypatch.setattr(branch, "AT_ONCE", 0)
    at = upload(client, row(1))
    assert "being tried out" in text(client, at)
    assert client.get(f"{at}/progress?trying=1").json()["ready"] is False
    assert client.post(f"{at}/start").status_code == 422
    client.post(f"{at}/cancel")
    assert "Leads to" in text(client, at)


def test_one_row_is_spoken_of_as_one(client, actor):
    one, two = upload(client, row(1)), upload(client, row(2) + row(3))
    assert "what would happen with the 1 row. Nothing" in text(client, one)
    assert "what would happen with the 2 rows. Nothing" in text(client, two)


def test_the_refused_rows_come_as_a_file_before_and_after_the_import(client, actor):
    at = upload(client, row(1) + ";;;x;\n")
    for _moment in ("tried out", "imported"):
        _head, *refused = client.get(f"{at}/errors.csv").getvalue().decode("utf-8-sig").splitlines()
        assert [";x;" in line for line in refused] == [True]
        client.post(f"{at}/start")


def test_what_changed_nothing_offers_no_way_back(client, actor):
    for rows, offered in ((row(1), True), (row(1), False)):
        at = upload(client, rows)
        client.post(f"{at}/start")
        assert ("Undo this import" in text(client, f"{at}/result")) is offered


def test_muting_is_visible(client, actor):
    at = upload(client, row(1), mute="1")
    assert "Automation is muted" in text(client, at)
    client.post(f"{at}/start")
    assert "Automation is muted" in text(client, f"{at}/result")
    with inside(actor.tenant), transaction.atomic(), connection.cursor() as cursor:
        change_set = ImportRun.objects.get().change_set
        cursor.execute("SELECT parameters->>'muted' FROM kernel_event WHERE change_set = %s", [change_set])
        assert cursor.fetchall() == [("true",)]


def test_the_page_costs_the_same_for_three_and_for_thirty_rows(client, actor):
    costs = []
    for n in (3, 30):
        at = upload(client, "".join(row(100 * n + i, "Chef", f"Firma {i} {n}") for i in range(n)))
        text(client, at)
        with CaptureQueriesContext(connection) as seen:
            text(client, at)
        costs.append(len(seen))
    assert costs[0] == costs[1]


def test_others_do_not_see_it(client, narrow):
    at = upload(client, row(1))
    for path in (at, f"{at}/rows/2"):
        assert narrow[0].get(path).status_code == 404
    assert narrow[0].post(f"{at}/decide", {"choice": "create"}).status_code == 404


def test_a_mapping_is_saved_and_offered_again_for_files_like_it(client, narrow):
    first = upload(client, row(1), template_name="Messe", **{"column-3": "department"})
    other = SimpleUploadedFile("neu.csv", b"Vorname;Nachname;E-Mail;Position;Branche\nA;B;a@example.org;x;y\n")
    at = client.post("/import", {"type": "contacts.person", "file": other})["Location"]
    found = re.search(r'name="template" value="([^"]+)"[^>]*>Messe', text(client, at))
    assert found
    assert client.post(f"{at}/mapping", {"template": found[1]})["Location"] == at
    assert '<option value="department" selected>' in text(client, at)
    unlike = SimpleUploadedFile("x.csv", b"Datum;Betrag;Last name\n1;2;x\n")
    at = client.post("/import", {"type": "contacts.person", "file": unlike})["Location"]
    assert "Messe" not in text(client, at)
    assert client.post(f"{at}/mapping", {"template": "nonsense"}).status_code == 404
    assert client.post(f"{first}/mapping", {"template": found[1]}).status_code == 302


def test_one_choice_for_very_many_rows_is_left_to_the_worker(client, actor, monkeypatch):
    monkeypatch.setattr(branch, "CHOSEN_AT_ONCE", 0)
    person(actor, 1)
    at = upload(client, row(1, "Chefin"))
    assert client.post(f"{at}/decide", {"choice": "nonsense"}).status_code == 422
    assert client.post(f"{at}/decide", {"choice": "update"}).status_code == 302
    assert "in the background" in text(client, at)
    with inside(actor.tenant):
        choose_for_all(run=_the_run(), choice="update")
    assert "Position:" in text(client, at)


def _the_run():
    with transaction.atomic():
        return ImportRun.objects.get().pk


def test_rows_that_are_perhaps_known_are_told_with_one_link(client, actor):
    known = run(actor, "contacts.person.create", first_name="Walburga", last_name="Zwingenberger").record
    at = upload(client, "Walburga;Zwingenberger;wz@example.org;;\n" + row(2))
    page = text(client, at)
    assert "1 row is perhaps known already" in page
    assert page.count("?show=likely") == 2  # the sentence and its tile
    page = text(client, f"{at}?show=likely")
    assert "like “Walburga Zwingenberger”" in page
    assert "Vor2" not in page
    assert '<option value="create" selected>' in page
    end = client.post(f"{at}/start")["Location"]
    page = text(client, end)
    assert "1 row is perhaps known already." in page
    assert 'href="/duplicates/persons"' in page
    assert "Is perhaps “Walburga Zwingenberger”" in page
    assert known.title == "Walburga Zwingenberger"
