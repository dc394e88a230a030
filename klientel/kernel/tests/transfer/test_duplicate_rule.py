"""An import judges twins as a record that somebody creates is judged: under the workspace's rule."""

from __future__ import annotations

from klientel.kernel.access.granting import ActorScope
from klientel.kernel.actions import run as act
from klientel.kernel.records import type_of
from klientel.kernel.twins.checking import similar

PERSON = "contacts.person"
HEAD = ["Vorname", "Nachname", "PLZ", "Ort", "Straße", "E-Mail"]
ROW = ["Walburga", "Zwingenberger", "50679", "Köln", "Weg 12", "wz@example.org"]


def there(anna, **more):
    return act(anna, f"{PERSON}.create", first_name="Walburga", last_name="Zwingenberger", **more).record


def test_a_rare_name_alone_is_likely_and_not_certain(bench, anna):
    there(anna)
    [met] = similar(ActorScope(anna), type_of(PERSON), {"first_name": "Walburga", "last_name": "Zwingenberger"})
    assert not met.certain
    assert bench.run([HEAD, ROW]).counts == {"new": 1}


def test_the_workspace_says_from_which_likeness_it_is_certain(bench, anna):
    there(anna)
    act(anna, "kernel.duplicaterule.create", record_type=PERSON, certain_from=80)
    assert bench.run([HEAD, ROW]).counts == {"duplicate": 1}


def test_the_import_may_be_asked_for_less(bench, anna):
    there(anna)
    assert bench.run([HEAD, ROW], threshold=0.8).counts == {"duplicate": 1}


def test_a_name_at_the_same_house_is_the_same(bench, anna):
    there(anna, addresses=[{"street": "Weg 12", "postcode": "50679", "city": "Köln"}])
    assert bench.run([HEAD, ROW]).counts == {"duplicate": 1}
