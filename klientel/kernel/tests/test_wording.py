"""Conditions are said as people speak, in both languages."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils.translation import override

from klientel.kernel.access.granting import ActorScope
from klientel.kernel.conditions.saying import say
from klientel.kernel.identity.actor import Actor
from klientel.kernel.records import type_of

pytestmark = pytest.mark.django_db
DEAL, PERSON, ME = "sales.deal", "contacts.person", {"me": True}
SAID = [
    (DEAL, "closed_at", "empty", None, "noch nicht abgeschlossen", "not closed yet"),
    (DEAL, "closed_at", "not_empty", None, "abgeschlossen", "closed"),
    (DEAL, "closed_at", "before", "2026-01-31", "abgeschlossen vor 31.01.2026", "closed before 31/01/2026"),
    (DEAL, "closed_at", "during", {"this": "month"}, "abgeschlossen: dieser Monat", "closed: this month"),
    (DEAL, "expected_close", "within", -7, "erwarteter Abschluss in den nächsten 7 Tagen",
     "expected close in the next 7 days"),
    (DEAL, "expected_close", "older", 7, "erwarteter Abschluss vor mehr als 7 Tagen",
     "expected close more than 7 days ago"),
    (DEAL, "entered_stage_at", "older", 30, "in dieser Phase seit mehr als 30 Tagen",
     "in this stage since more than 30 days"),
    (DEAL, "value", "over", "500", "Wert über 500,00\u00a0€", "value over €500.00"),
    (DEAL, "value", "between", ["1", "2"], "Wert zwischen 1,00\u00a0€ und 2,00\u00a0€",
     "value between €1.00 and €2.00"),
    (DEAL, "owner", "is", ME, "zuständig: ich", "owner is me"),
    (DEAL, "owner", "empty", None, "zuständig: niemand", "owner: nobody"),
    (DEAL, "state", "one_of", ["open", "won"], "Status: offen oder gewonnen", "state is open or won"),
    (DEAL, "state", "none_of", ["open", "won", "lost"], "Status: nicht offen, gewonnen oder verloren",
     "state is not open, won or lost"),
    (DEAL, "rotting", "yes", None, "zu lange in der Phase: ja", "too long in its stage: yes"),
    (DEAL, "organisation.industry", "empty", None, "Organisation › Branche: keine Angabe",
     "organisation › industry: none"),
    (PERSON, "birthday", "empty", None, "ohne Geburtstag", "without birthday"),
    (PERSON, "birthday", "anniversary", 30, "Geburtstag in den nächsten 30 Tagen", "birthday in the next 30 days"),
    (PERSON, "emails", "not_empty", None, "mit E-Mail", "with e-mail"),
    ("work.task", "due", "before", {"today": True}, "fällig vor heute", "due before today"),
    ("work.task", "due", "before", {"days_ago": 0}, "fällig vor heute", "due before today"),
    ("work.task", "due", "empty", None, "fällig: keine Angabe", "due: none"),
]  # fmt: skip


@pytest.mark.parametrize(("key", "field", "op", "value", "german", "english"), SAID)
def test_a_comparison_reads_as_people_speak(
    anna: Actor, key: str, field: str, op: str, value: Any, german: str, english: str
) -> None:
    clause = {"field": field, "op": op} | ({} if value is None else {"value": value})
    for language, said in (("de", german), ("en", english)):
        with override(language):
            assert say(type_of(key), clause, ActorScope(anna)) == said
