"""What merging costs: the same number of statements, however many links move."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from klientel.kernel.actions import Item, run, run_many
from klientel.kernel.testing import make

PERSON = "contacts.person"
MOST = 40  # statements, the savepoint's two included


def many_links(anna, person, n):
    """``n`` links of eight types that lead to a person."""
    firm = make(anna, "contacts.organisation", name=f"Werft {n}")
    kind = run(anna, "kernel.relationkind.create", name="berät", back="wird beraten von").record
    wanted = {
        "work.note": lambda i: {"text": f"Notiz {i}", "concerns": [person.id]},
        "work.task": lambda i: {"subject": f"Aufgabe {i}", "concerns": [person.id, firm.id]},
        "work.call": lambda i: {"subject": f"Anruf {i}", "concerns": [person.id]},
        "work.meeting": lambda i: {"subject": f"Treffen {i}", "concerns": [person.id]},
        "kernel.comment": lambda i: {"text": f"Kommentar {i}", "about": [person.id]},
        "kernel.file": lambda i: {"name": f"datei{i}.pdf", "concerns": [person.id]},
        "contacts.affiliation": lambda i: {"person": person.id, "organisation": firm.id, "role": f"Rolle {i}"},
        "kernel.relation": lambda i: {"kind": kind.id, "first": [person.id], "second": [firm.id], "note": f"{i}"},
    }
    for key, values in wanted.items():
        items = [Item(None, values(i)) for i in range(n // len(wanted))]
        assert all(o.refused is None for o in run_many(anna, f"{key}.create", items))


@pytest.mark.parametrize("n", [80, 400])
def test_merge_and_unmerge_cost_under_forty_statements_for_any_number_of_links(anna, n):
    kept, lost = make(anna, PERSON, 1), make(anna, PERSON, 2)
    for person in (kept, lost):
        many_links(anna, person, n)
    with CaptureQueriesContext(connection) as merging:
        run(anna, f"{PERSON}.merge", kept.id, records=[lost.id])
    with CaptureQueriesContext(connection) as unmerging:
        run(anna, f"{PERSON}.unmerge", kept.id, records=[lost.id])
    told = [len(merging), len(unmerging)]
    assert max(told) < MOST, told
    assert told == COSTS


COSTS = [26, 28]
