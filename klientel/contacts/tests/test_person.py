"""What is particular about persons."""

from __future__ import annotations

import pytest

from klientel.kernel.actions import run


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({"salutation": "ms", "academic_title": "Dr.", "last_name": "von Müller"}, "Sehr geehrte Frau Dr. von Müller"),
        ({"salutation": "mr", "last_name": "Öztürk"}, "Sehr geehrter Herr Öztürk"),
        ({"first_name": "Kim", "last_name": "Muster"}, "Guten Tag Kim Muster"),
        ({"salutation": "neutral", "first_name": "Kim", "last_name": "Muster"}, "Guten Tag Kim Muster"),
        ({"salutation": "ms", "last_name": "Miller", "language": "en"}, "Dear Ms Miller"),
    ],
)
def test_a_letter_begins_in_the_persons_language_and_neutrally_where_unknown(anna, facts, expected):
    assert run(anna, "contacts.person.create", **{"language": "de"} | facts).record.letter_salutation == expected


def test_somebody_known_only_by_mail_has_that_as_a_name(anna):
    assert run(anna, "contacts.person.create", emails=["info@example.org"]).record.title == "info@example.org"
