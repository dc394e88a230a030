"""JSON lines come in by every way that a table does; what is broken is told with its line."""

from __future__ import annotations

import io

import orjson
import pytest

from klientel.kernel.tenancy import inside
from klientel.kernel.testing.cast import ALL as EVERYTHING
from klientel.kernel.testing.making import make_member, make_tenant
from klientel.kernel.tests.transfer.conftest import Bench, faults
from klientel.kernel.tests.transfer.test_exporting import facts, people, taken  # noqa: F401  a fixture
from klientel.kernel.transfer import assistant, preview
from klientel.kernel.transfer.models import ImportRun

GOOD = {
    "first_name": "Anna", "last_name": "Müller", "organisation": "Bergmann GmbH", "birthday": "1980-02-01",
    "emails": [{"value": "a@example.org", "purpose": "private", "state": "bounced"}, {"value": "b; (c)@example.org"}],
    "addresses": [{"city": "Köln | Deutz", "street": "Weg 1", "postcode": "50679", "country": "DE"}],
}  # fmt: skip


def lines(*some: object) -> io.BytesIO:
    return io.BytesIO(b"\n".join(one if isinstance(one, bytes) else orjson.dumps(one) for one in some))


def test_objects_become_records_with_all_they_say(bench):
    run = bench.run(lines(GOOD, {"last_name": "Wolf", "tags": ["VIP", "Messe"], "position": None}))
    assert (run.state, run.counts["new"]) == ("done", 2)
    first, second = bench.people("emails", "addresses", "birthday", "tags")
    assert first["emails"] == [{"value": "a@example.org", "purpose": "private", "state": "bounced"}]
    [address] = first["addresses"]
    assert (address["city"], address["street"], address["country"]) == ("Köln | Deutz", "Weg 1", "DE")
    assert (second["title"], len(second["tags"])) == ("Wolf", 2)
    assert bench.titles("contacts.organisation") == ["Bergmann GmbH"]


def test_a_broken_line_is_told_and_stops_no_other(bench):
    run = bench.start(lines({"last_name": "Eins"}, b'{"last_name": "Zwei', b"[1, 2]", b"", {"last_name": "F\x00nf"}))
    assistant.check(run)
    run = ImportRun.objects.get(pk=run.pk)
    assert [(r.line, r.state) for r in preview.rows(run)] == [(1, "new"), (2, "error"), (3, "error"), (5, "new")]
    _first, second, third, fifth = preview.rows(run)
    assert (second.faults[0]["code"], second.cells[0]) == ("row.json", '{"last_name": "Zwei')
    assert "19" in second.told[0]["message"]
    assert (third.faults[0]["code"], fifth.faults[0]["code"]) == ("row.no_object", "row.nul")
    assert bench.titles() == []
    run = assistant.commit(run)
    assert bench.titles() == ["Eins", "Fnf"]
    assert [f[:2] + f[3:] for f in faults(run)][:2] == [(2, "error", "row.json"), (3, "error", "row.no_object")]


def test_what_goes_out_comes_back_and_changes_nothing(people):  # noqa: F811
    run = Bench(people).run(io.BytesIO(taken(people, form="jsonl")), on_duplicate="update", update="overwrite")
    assert run.counts == {"unchanged": 2}


def test_what_goes_out_comes_in_elsewhere_without_what_only_ids_say(people):  # noqa: F811
    data = taken(people, form="jsonl")
    other = make_tenant("elsewhere", language="en")
    with inside(other.pk):
        bench = Bench(make_member("Eva Else", EVERYTHING))
        run = bench.run(io.BytesIO(data))
        assert (run.counts["new"], run.counts.get("error")) == (2, None)
        assert bench.titles("contacts.organisation") == []  # an id is no name of something to be made
        copied = facts(bench.actor)
    assert copied == facts(people)


@pytest.mark.parametrize("deep", [b"[" * 5000, b'{"a":' * 5000])
def test_a_deeply_nested_line_is_one_broken_line(bench, deep):
    run = bench.run(lines({"last_name": "Eins"}, b'{"last_name": ' + deep, {"last_name": "Drei"}))
    assert (run.counts["new"], run.counts["error"]) == (2, 1)
