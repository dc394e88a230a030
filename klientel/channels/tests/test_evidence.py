"""What proves a consent to calls outlives the person by the law's years, locked; everything else goes with them."""

from __future__ import annotations

import datetime as dt
import io
from typing import Any

import pytest
from pypdf import PdfReader

from klientel.channels.models import Consent
from klientel.channels.models.consent import calls_are_proven
from klientel.channels.tests.test_gate import consent, person, purpose
from klientel.kernel.actions import run
from klientel.kernel.errors import Refused
from klientel.kernel.files import keeping
from klientel.kernel.identity.actor import Actor
from klientel.kernel.kinds import today
from klientel.kernel.records import type_of
from klientel.lib import clock
from klientel.privacy import erasing, expiring
from klientel.privacy.subject import for_privacy

__all__ = ["purpose"]
pytestmark = pytest.mark.django_db
PERSON, FILE = "contacts.person", "kernel.file"


def called(anna: Actor, who: Any, purpose: Any, **facts: Any) -> Any:
    return consent(anna, who, purpose, **{"channel": "phone", "phone": "+493012345678", "email": "", **facts})


def papers(anna: Actor) -> list[Any]:
    with for_privacy(anna.tenant):
        return list(type_of(FILE).model.objects.all())


def test_of_a_consent_to_calls_a_locked_paper_stays_and_nothing_else(anna: Actor, purpose: Any) -> None:
    who = person(anna)
    called(anna, who, purpose)
    consent(anna, who, purpose)
    planned = erasing.plan(anna, type_of(PERSON), who.id)
    assert [str(h.why) for h in planned.held] and planned.counts()["restricted"] == {FILE: 1}
    assert papers(anna) == []  # planning changes nothing
    title = type_of(PERSON).model.objects.get(pk=who.id).title
    done = erasing.erase(anna, type_of(PERSON), who.id, "request")
    assert done.state == "done" and Consent.objects.count() == 0
    [paper] = papers(anna)
    assert paper.restricted and not {*title.split()} & {*paper.name.removesuffix(".pdf").split()}
    text = "".join(
        p.extract_text() for p in PdfReader(io.BytesIO(keeping.path_of(anna.tenant, paper.place).read_bytes())).pages
    )
    assert title.split()[-1] in text and "12345678" in text.replace(" ", "") and "Ja, ich will Post." in text
    [kept] = expiring.held()
    assert kept.until == dt.date(2031, 3, 1) and "7a UWG" in kept.why
    assert not type_of(FILE).model.objects.exists()  # nobody else sees it


@pytest.mark.parametrize(
    ("facts", "kept"),
    [
        ({}, True),
        ({"given_at": "2015-01-01T10:00:00Z"}, False),
        ({"proof": ""}, False),  # never proven: there is nothing to be kept
        ({"channel": "mail", "email": "kunde1@beispiel.de", "phone": ""}, False),
    ],
)
def test_only_what_the_law_wants_is_kept(anna: Actor, purpose: Any, facts: Any, kept: bool) -> None:
    made = called(anna, person(anna), purpose, **facts)
    assert bool(calls_are_proven(made)) is kept


def test_each_use_begins_the_years_anew_and_a_leap_day_is_no_trouble(anna: Actor, purpose: Any) -> None:
    made = called(anna, person(anna), purpose, given_at="2016-02-29T10:00:00Z")
    assert not calls_are_proven(made)
    made.used_at = dt.datetime(2024, 2, 29, 12, tzinfo=dt.UTC)
    assert calls_are_proven(made).until == dt.date(2029, 2, 28)
    made.used_at = clock.now()
    assert calls_are_proven(made).until.year == today().year + 5  # type: ignore[union-attr]


def test_a_withdrawn_one_is_kept_as_well_and_stays_in_the_recycle_bin_as_long(anna: Actor, purpose: Any) -> None:
    made = called(anna, person(anna), purpose)
    run(anna, "channels.consent.withdraw", made.id)
    run(anna, "channels.consent.archive", made.id)
    with pytest.raises(Refused) as no:
        run(anna, "channels.consent.remove", made.id)
    assert "7a UWG" in str(no.value.message)
