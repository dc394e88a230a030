"""Every field of every record type has a privacy class that fits what it is called."""

from __future__ import annotations

import pytest

from klientel.kernel.actions import run
from klientel.kernel.errors import Refused
from klientel.kernel.kinds import Privacy
from klientel.kernel.kinds.personal import misclassified
from klientel.kernel.records import all_types

FIELDS = [(t, k) for t in all_types() for k in t.fields.values()]


@pytest.mark.parametrize(("rtype", "kind"), FIELDS, ids=[f"{t.key}.{k.name}" for t, k in FIELDS])
def test_the_class_fits_the_name(rtype, kind):
    assert isinstance(kind.privacy, Privacy)
    assert not misclassified(kind, of_person=rtype.personal), "declare it as personal"


@pytest.mark.parametrize(
    "facts",
    [
        {"name": "x_geburtstag", "label_de": "Geburtstag", "kind": "date"},
        {"name": "x_mail2", "label_de": "Zweite Mail", "kind": "email"},
        {"name": "x_f1", "label_de": "Religion", "kind": "text"},
        {"name": "x_notiz", "label_de": "Notiz", "kind": "long_text"},
    ],
)
def test_a_custom_field_of_a_wrong_class_is_refused(anna, facts):
    with pytest.raises(Refused) as no:
        run(anna, "kernel.customfield.create", record_type="contacts.person", privacy="public", **facts)
    assert no.value.field == "privacy"
    run(anna, "kernel.customfield.create", record_type="contacts.person", privacy="personal", **facts)


def test_a_custom_field_needs_a_class(anna):
    with pytest.raises(Refused) as no:
        run(anna, "kernel.customfield.create", record_type="contacts.person", name="x_a", label_de="A", kind="text")
    assert no.value.field == "privacy"
