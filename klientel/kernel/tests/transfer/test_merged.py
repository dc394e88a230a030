"""Files that still name records by ids and numbers which a merge made old."""

from __future__ import annotations

import io

from klientel.kernel.access.granting import ActorScope
from klientel.kernel.actions import run as act
from klientel.kernel.records import type_of
from klientel.kernel.tests.transfer.conftest import faults
from klientel.kernel.transfer import assistant, exporting

PERSON, FIRM = "contacts.person", "contacts.organisation"


def merged(anna, key, first, second):
    """Two records of which the second became part of the first."""
    kept, lost = act(anna, f"{key}.create", **first).record, act(anna, f"{key}.create", **second).record
    act(anna, f"{key}.merge", kept.id, records=[lost.id])
    return kept, lost


def test_an_export_from_before_a_merge_changes_nothing_and_brings_nobody_back(bench, anna):
    act(anna, f"{PERSON}.create", first_name="Grit", last_name="Adler")
    act(anna, f"{PERSON}.create", first_name="Grit", last_name="Adler", position="Chefin")
    out = io.BytesIO()
    exporting.export(ActorScope(anna), type_of(PERSON), None, None, "csv", out)
    kept, lost = type_of(PERSON).model.objects.order_by("id")
    act(anna, f"{PERSON}.merge", kept.id, records=[lost.id], fields={"position": str(kept.id)})
    run = assistant.start(anna, type_of(PERSON), io.BytesIO(out.getvalue()), name="before.csv",
                          options={"on_duplicate": "update", "update": "overwrite"})  # fmt: skip
    run = assistant.commit(run)
    assert run.counts == {"unchanged": 1, "error": 1}
    assert [one[3] for one in faults(run)] == ["merged"]
    assert [p["title"] for p in bench.people("position")] == ["Grit Adler"]


def test_a_row_with_the_old_id_alone_means_what_it_became(bench, anna):
    kept, lost = merged(anna, PERSON, {"last_name": "Adler"}, {"last_name": "Adlerin"})
    run = bench.run([["ID", "Position"], [str(lost.id), "Chefin"]], on_duplicate="update")
    assert run.counts == {"updated": 1}
    assert [(p["title"], p["position"]) for p in bench.people("position")] == [(kept.title, "Chefin")]


def test_old_ids_and_old_numbers_of_a_firm_lead_to_what_it_became(bench, anna):
    kept, lost = merged(
        anna, FIRM, {"name": "Adler AG", "customer_number": "K-1"}, {"name": "Bussard KG", "customer_number": "K-77"}
    )
    rows = [["Vorname", "Nachname", "Firma"], ["Ina", "Eins", str(lost.id)], ["Bo", "Zwei", "K 77"]]
    bench.run(rows)
    bench.run([["Vorname", "Nachname", "Organisation (ID)"], ["Uta", "Drei", str(lost.id)]])
    assert [p["organisation"] for p in bench.people("organisation")] == [kept.id] * 3
