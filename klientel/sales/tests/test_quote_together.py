"""Two at the same moment over one quote: a yes is written down once, and one decision about a discount stands."""

from __future__ import annotations

from typing import Any

import pytest

from klientel.kernel.actions import run
from klientel.kernel.identity.actor import Actor
from klientel.kernel.records import type_of
from klientel.kernel.tenancy import writing
from klientel.kernel.tenancy.models import Tenant
from klientel.kernel.testing.cast import ALL
from klientel.kernel.testing.making import make_member
from klientel.sales.models import Quote
from klientel.sales.tests.test_lead_together import at_once, dora, here

__all__ = ["dora", "here"]
pytestmark = pytest.mark.django_db(transaction=True)
LINES = [{"name": "Press", "quantity": "1", "price": "1000", "discount": "20"}]


def count(rtype: str, **where: Any) -> int:
    return int(type_of(rtype).model.objects.filter(**where).count())


def test_a_yes_by_phone_that_two_write_down_at_once_is_one_with_one_document(here: Tenant, dora: Actor) -> None:
    with writing():
        quote = run(dora, "sales.quote.create", name="Press", positions=LINES).record
        run(dora, "sales.quote.send", quote.pk)
        others = [dora, make_member("Else", ALL)]
    said = {"name": "Eva Sommer", "how": "phone"}
    found = at_once(here, *[lambda who=who: run(who, "sales.quote.accept", quote.pk, **said) for who in others * 2])
    assert sorted(found) == ["done", "not_open", "not_open", "not_open"]
    with writing():
        made = Quote.objects.get(pk=quote.pk)
        assert (made.state, made.signed_by) == ("accepted", "Eva Sommer")
        assert count("kernel.file", pk=made.evidence) == 1
        assert count("kernel.file", concerns__contains=[quote.pk], name__contains="Annahme") == 1


def test_of_approver_and_deputy_who_decide_at_once_one_decides_and_the_other_is_told(here: Tenant, dora: Actor) -> None:
    with writing():
        chief, deputy = make_member("Chief", ALL), make_member("Deputy", ALL)
        run(dora, "sales.quoteform.create", name="F", approval_above="5", approver=chief.member, deputy=deputy.member)
        quote = run(dora, "sales.quote.create", name="Press", positions=LINES).record
        run(dora, "sales.quote.ask_approval", quote.pk)
    found = at_once(
        here,
        lambda: run(chief, "sales.quote.approve", quote.pk),
        lambda: run(deputy, "sales.quote.send_back", quote.pk, reason="Too much"),
    )
    assert sorted(found) == ["done", "not_waiting"]
    with writing():
        made = Quote.objects.get(pk=quote.pk)
        assert (made.state, made.approved_by) == (("approved", chief.member) if found[0] == "done" else ("draft", None))
        assert count("work.task", state="done") == count("work.task") == 1
