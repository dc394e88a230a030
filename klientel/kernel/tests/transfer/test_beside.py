"""One row, several records: a person, the organisation, a further place of work, tags and a note."""

from __future__ import annotations

import pytest

from klientel.kernel.tests.transfer.conftest import faults
from klientel.kernel.transfer import assistant

ROWS = [
    ["Vorname", "Nachname", "E-Mail", "Firma", "Weitere Firma", "Tags", "Gesprächsnotiz"],
    ["Anna", "Alt", "anna@example.org", "Bergmann GmbH", "Nordlicht AG", "VIP", "Ruft freitags an."],
    ["Bernd", "Neu", "bernd@example.org", "Bergmann GmbH", "", "", ""],
]


@pytest.mark.parametrize("tried", [False, True])
def test_all_come_in_with_one_row_and_only_once(bench, tried):
    def again():
        run = bench.start(ROWS, on_duplicate="update")
        if tried:
            assistant.check(run)
            if not bench.titles():
                assert bench.titles("work.note") == bench.titles("contacts.affiliation") == []
        return assistant.commit(run)

    assert again().state == "done"
    for _once_more in range(2):
        [anna, _bernd] = bench.people("tags", "organisation")
        [note] = bench.people("text", "concerns", rtype="work.note")
        [place] = bench.people("person", "organisation", rtype="contacts.affiliation")
        people = bench.people("emails")
        assert ("Ruft freitags an." in note["text"], len(note["concerns"]), len(anna["tags"])) == (True, 1, 1)
        assert (people[0]["title"], place["person"]) == ("Anna Alt", note["concerns"][0])
        assert sorted(bench.titles("contacts.organisation")) == ["Bergmann GmbH", "Nordlicht AG"]
        run = again()
        assert run.counts == {"unchanged": 2}
        assert faults(run) == []
