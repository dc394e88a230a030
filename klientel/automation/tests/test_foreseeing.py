"""What an import would begin is told of each row and in all, before anything is carried out."""

from __future__ import annotations

import pytest
from django.utils import translation

from klientel.automation.models import Run
from klientel.automation.tests.conftest import changed, task, workflow
from klientel.kernel.actions import run
from klientel.kernel.tenancy import reading
from klientel.kernel.tests.transfer.conftest import Bench
from klientel.kernel.transfer import assistant, effects, preview
from klientel.kernel.transfer.models import ImportRun

PERSON = "contacts.person"
HEAD = ["Vorname", "Nachname", "E-Mail", "Position"]


@pytest.fixture(autouse=True)
def _files_elsewhere(settings, tmp_path):
    settings.KLIENTEL_FILES = tmp_path / "files"
    with translation.override("en"):
        yield


def row(n, position=""):
    return [f"Vor{n}", f"Name{n}", f"p{n}@example.org", position]


def tried(actor, *rows, **options):
    begun = Bench(actor).start([HEAD, *rows], on_duplicate="update", update="overwrite", **options)
    assistant.check(begun)
    return ImportRun.objects.get(pk=begun.pk)


def told(run):
    with reading():
        return [line for line in effects.told(run) if "begins" in line]


def test_the_workflows_whose_conditions_hold_are_counted_and_nothing_begins(anna):
    where = {"field": "position", "op": "is", "value": "Chef"}
    workflow(anna, [task()], name="Welcome", on=PERSON, where=where)
    workflow(anna, [task()], name="Moved on", on=PERSON, **changed("position"))
    run(anna, f"{PERSON}.create", first_name="Vor9", last_name="Name9", emails=[{"value": "p9@example.org"}])
    found = tried(anna, row(1, "Chef"), row(2), row(9, "Chef"))
    assert told(found) == ["1 × Workflow “Moved on” begins", "1 × Workflow “Welcome” begins"]
    first, second, third = ([*effects.phrases(r.follows).values()] for r in preview.rows(found))
    assert (first, second, third) == (["Workflow “Welcome” begins"], [], ["Workflow “Moved on” begins"])
    assert not Run.objects.exists()


def test_a_corrected_row_is_counted_as_it_is_now(anna):
    where = {"field": "position", "op": "is", "value": "Chef"}
    workflow(anna, [task()], name="Welcome", on=PERSON, where=where)
    found = tried(anna, row(1, "Chef"), row(2, "Chef"))
    preview.correct(found, 2, {3: "Einkauf"})
    assert told(ImportRun.objects.get(pk=found.pk)) == ["1 × Workflow “Welcome” begins"]
    preview.correct(found, 3, {3: ""})
    assert told(ImportRun.objects.get(pk=found.pk)) == []


def test_what_is_muted_begins_nothing(anna):
    workflow(anna, [task()], name="Welcome", on=PERSON)
    assert told(tried(anna, row(1), mute=True)) == []
