"""A sent quote is a commercial letter: its papers outlive the erasure of its recipient, restricted and unchanged."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from klientel.kernel.files import keeping
from klientel.kernel.identity.actor import Actor
from klientel.kernel.kinds import today
from klientel.kernel.records import type_of
from klientel.portal.models import Share
from klientel.portal.tests.conftest import again
from klientel.privacy import erasing
from klientel.privacy.subject import for_privacy
from klientel.sales.models import Quote

pytestmark = pytest.mark.django_db
YES = {"accept": "1", "name": "Eva Sommer", "agree": "1"}


def files() -> Any:
    return type_of("kernel.file").model.objects


def test_the_papers_stay_restricted_with_reason_and_day_and_the_quote_without_the_person(
    customer: Client, link: str, quote: Quote, anna: Actor, eva: Any
) -> None:
    customer.post(link, YES)
    made = again(quote)
    papers = {made.document, made.evidence}
    before = {one.pk: keeping.path_of(anna.tenant, one.place).read_bytes() for one in files().filter(pk__in=papers)}
    plan = erasing.plan(anna, type_of("contacts.person"), eva.id)
    assert {one.record.pk for one in plan.held} == papers
    assert all("§ 147 AO, § 257 HGB" in one.why and f"31.12.{today().year + 6}" in one.why for one in plan.held)
    assert "sales.quote" not in plan.counts()["deleted"]
    done = erasing.erase(anna, type_of("contacts.person"), eva.id, "request", confirm="Eva Sommer")
    assert done.state == "done"
    kept = again(quote)
    assert (kept.state, kept.person, kept.gross) == ("accepted", None, made.gross)
    assert "Sommer" not in f"{kept.signed_by} {kept.salutation} {kept.title}"
    assert not files().filter(pk__in=papers).exists() and not Share.objects.exists()
    with for_privacy(anna.tenant):
        rows = {one.pk: one for one in files().filter(pk__in=papers)}
        assert {pk: keeping.path_of(anna.tenant, one.place).read_bytes() for pk, one in rows.items()} == before
        assert all(one.restricted for one in rows.values())
    assert customer.get(link).status_code == 404


def test_a_draft_that_only_the_person_knew_goes_with_them(quote: Quote, anna: Actor, eva: Any) -> None:
    assert erasing.plan(anna, type_of("contacts.person"), eva.id).held == []
    erasing.erase(anna, type_of("contacts.person"), eva.id, "request", confirm="Eva Sommer")
    assert not Quote.objects.exists()
