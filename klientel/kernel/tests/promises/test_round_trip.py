"""What is exported and imported again changes nothing: every record type, every kind, own fields, tags and links."""

from __future__ import annotations

import io

import pytest

from klientel.kernel.access.granting import ActorScope
from klientel.kernel.actions import run
from klientel.kernel.records import all_types, type_of
from klientel.kernel.testing import make
from klientel.kernel.tests.promises.test_every_record import ROW_DECLARED, fitting, machine
from klientel.kernel.transfer import assistant, exporting, preview
from klientel.kernel.transfer.targets import preset_of

__all__ = ["machine"]
KEYS = [*(t.key for t in all_types()), ROW_DECLARED]
KINDS = ("text", "long_text", "rich_text", "email", "phone", "url", "whole", "decimal", "money", "date", "date_time",
         "yes_no", "country", "language", "choice", "choices", "link", "links")  # fmt: skip


@pytest.fixture(autouse=True)
def _files_elsewhere(settings, tmp_path):
    settings.KLIENTEL_FILES = tmp_path / "files"


def there_and_back(actor, key, form):
    rtype, out = type_of(key), io.BytesIO()
    size = exporting.export(ActorScope(actor), rtype, None, None, form, out)
    assert size > 0
    run_ = assistant.start(actor, rtype, io.BytesIO(out.getvalue()), name=f"x.{form}",
                           options={"on_duplicate": "update", "update": "overwrite"})  # fmt: skip
    return assistant.check(run_), run_


@pytest.mark.parametrize("form", ["csv", "xlsx", "jsonl"])
@pytest.mark.parametrize("key", [*(t.key for t in all_types() if not t.made_by), ROW_DECLARED])
def test_import_of_an_export_changes_nothing(anna, machine, key, form):
    for n in (1, 2):
        make(anna, key, n, **fitting(type_of(key), n))
    report, run_ = there_and_back(anna, key, form)
    told = [(r.state, r.changes, [f["message"] for f in r.faults]) for r in preview.every_row(run_)]
    assert told == [("unchanged", {}, [])] * report.total
    assert report.total >= 2
    assert report.made == {}


@pytest.mark.parametrize("key", [t.key for t in all_types() if preset_of(t).cards])
def test_cards_say_whom_they_are_of_and_change_nothing(anna, key):
    parent = make(anna, "contacts.organisation", 9)
    for n in (1, 2):
        link = {"parent": parent.id} if key == "contacts.organisation" else {"organisation": parent.id}
        make(anna, key, n, **link)
    report, run_ = there_and_back(anna, key, "vcf")
    told = [(r.state, r.changes, [f["message"] for f in r.faults]) for r in preview.every_row(run_)]
    assert told == [("unchanged", {}, [])] * report.total
    assert run_.mapping["uid"] == "id" and report.made == {}


@pytest.mark.parametrize("form", ["csv", "xlsx", "jsonl"])
def test_a_tenants_own_fields_of_every_kind_too(anna, form):
    for n, kind in enumerate(KINDS):
        target = {"target": "contacts.organisation"} if kind in ("link", "links") else {}
        choices = {"choices": [["a", "Alpha"], ["b", "Beta; Gamma"]]} if kind in ("choice", "choices") else {}
        run(anna, "kernel.customfield.create", record_type="contacts.person", name=f"x_{kind}", label_de=f"Feld {n}",
            label_en=f"Field {n}", kind=kind, privacy="personal", **target, **choices)  # fmt: skip
    firms = [make(anna, "contacts.organisation", n) for n in (1, 2)]
    tags = [run(anna, "kernel.tag.create", name=name).record for name in ("VIP", "Messe; Berlin")]
    for n in (1, 2):
        make(anna, "contacts.person", n, x_link=firms[0].id, x_links=[f.id for f in firms], tags=[t.id for t in tags],
             organisation=firms[1].id, owner=anna.member)  # fmt: skip
    report, run_ = there_and_back(anna, "contacts.person", form)
    told = [(r.state, r.changes, [f["message"] for f in r.faults]) for r in preview.every_row(run_)]
    assert told == [("unchanged", {}, [])] * report.total
