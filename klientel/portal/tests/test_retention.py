"""A sent quote is a commercial letter: its papers outlive the erasure of its recipient, restricted and unchanged."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.db import transaction
from django.test import Client

from klientel.kernel.files import keeping
from klientel.kernel.identity.actor import Actor
from klientel.kernel.kinds import today
from klientel.kernel.kinds.base import looking_at
from klientel.kernel.records import type_of
from klientel.kernel.tenancy.models import Tenant
from klientel.kernel.testing.cast import ALL
from klientel.kernel.web.tests.conftest import at_browser
from klientel.portal.models import Share
from klientel.portal.tests.conftest import again
from klientel.privacy import erasing, expiring, restricting
from klientel.privacy.models import Line
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


def erased(customer: Client, link: str, quote: Quote, anna: Actor, eva: Any) -> set[Any]:
    """The papers of a quote whose recipient was erased."""
    customer.post(link, YES)
    made = again(quote)
    erasing.erase(anna, type_of("contacts.person"), eva.id, "request", confirm="Eva Sommer")
    return {made.document, made.evidence}


def test_the_papers_go_by_themselves_the_day_after_and_the_ledger_says_so(
    customer: Client, link: str, quote: Quote, anna: Actor, eva: Any
) -> None:
    papers = erased(customer, link, quote, anna, eva)
    with for_privacy(anna.tenant):
        paths = [keeping.path_of(anna.tenant, one.place) for one in files().filter(pk__in=papers)]
    [(until, why, n)] = expiring.counted(expiring.held())
    assert (until, n) == (dt.date(today().year + 6, 12, 31), 2) and "§ 147 AO" in why
    with looking_at(until):
        assert expiring.end_retentions() == 0
    with looking_at(until + dt.timedelta(days=1)), transaction.atomic():
        assert expiring.end_retentions() == 2
        assert expiring.end_retentions() == 0
    with for_privacy(anna.tenant):
        assert not files().filter(pk__in=papers).exists()
    assert (again(quote).document, again(quote).evidence, expiring.held()) == (None, None, [])
    last = Line.objects.order_by("-number")[:2]
    assert [one.body["ground"] for one in last] == [expiring.GROUND] * 2
    assert all(one.body["counts"] == {"deleted": {"kernel.file": 1}} for one in last)
    assert all(path.name for path in paths)


def test_a_paper_that_is_restricted_anew_for_claims_stays(
    customer: Client, link: str, quote: Quote, anna: Actor, eva: Any
) -> None:
    papers = erased(customer, link, quote, anna, eva)
    with for_privacy(anna.tenant):
        for paper in papers:
            restricting.note(anna, "privacy.restricted", type_of("kernel.file"), paper, {"ground": "claims"})
    with looking_at(dt.date(today().year + 20, 1, 1)):
        assert expiring.end_retentions() == 0
    with for_privacy(anna.tenant):
        assert files().filter(pk__in=papers).count() == 2


def test_the_page_counts_beforehand_for_those_who_look_after_it(
    tenant: Tenant, customer: Client, link: str, quote: Quote, anna: Actor, eva: Any
) -> None:
    erased(customer, link, quote, anna, eva)
    guard, _who = at_browser(tenant, "Dora", ALL, "en")
    page = guard.get("/privacy/retention").content.decode()
    assert f"31/12/{today().year + 6}" in page and '<td class="num">2</td>' in page
    other, _who = at_browser(tenant, "Otto", [{"record": "sales.quote", "verb": "view"}], "en")
    assert other.get("/privacy/retention").status_code == 403
