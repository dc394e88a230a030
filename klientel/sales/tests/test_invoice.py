"""An invoice: what is open of it, credit notes, payments, one of each."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from klientel.kernel.actions import Item, run, run_many
from klientel.kernel.errors import Conflict, Forbidden, Refused
from klientel.kernel.events.consumers import get
from klientel.kernel.events.digesting import digest
from klientel.kernel.events.event import read
from klientel.kernel.events.surroundings import working_in
from klientel.kernel.files.storing import store
from klientel.kernel.history import undo
from klientel.kernel.identity.actor import Actor
from klientel.kernel.kinds.base import looking_at
from klientel.kernel.records import type_of
from klientel.kernel.sql import Sql
from klientel.kernel.tenancy import current
from klientel.kernel.testing.making import make_member
from klientel.privacy import erasing
from klientel.sales.models import Invoice, Payment
from klientel.sales.models.invoicing import overdue_days

pytestmark = pytest.mark.django_db


def invoice(anna: Actor, **values: Any) -> Invoice:
    facts = {"number": "R-1", "date": "2026-05-01", "due": "2026-05-31", "net": "100", "tax": "19", "gross": "119"}
    return again(run(anna, "sales.invoice.create", **facts | values).record)


def again(one: Any) -> Invoice:
    return Invoice.objects.get(pk=one.pk)


def consumed() -> None:
    """What Klientel does about payments by itself has been done."""
    with working_in(current()):
        digest(get("sales.payments"), read(Sql("e.record_type = 'sales.payment'")))


def figures(one: Any) -> tuple[str, str, str]:
    now = again(one)
    return now.open["amount"], (now.payments or {}).get("amount", ""), now.state


def test_what_is_open_follows_payments_and_their_undoing(anna: Actor) -> None:
    made = invoice(anna)
    assert figures(made) == ("119.00", "", "open")
    run(anna, "sales.invoice.pay", made.pk, amount="19")
    assert figures(made) == ("100.00", "19.00", "partly")
    done = run(anna, "sales.invoice.pay", made.pk, date="2026-06-02")
    assert figures(made) == ("0.00", "119.00", "paid") and Payment.objects.count() == 2
    with pytest.raises(Refused) as no:
        run(anna, "sales.invoice.pay", made.pk)
    assert no.value.code == "nothing_open"
    consumed()
    assert figures(made) == ("0.00", "119.00", "paid")
    undo(anna, done.change_set)
    assert figures(made) == ("100.00", "19.00", "partly")
    consumed()
    assert figures(made) == ("100.00", "19.00", "partly")


def test_several_payments_of_one_list_all_count(anna: Actor) -> None:
    made, other = invoice(anna), invoice(anna, number="R-2")
    ids = (made.pk, other.pk, made.pk)
    facts = {"amount": "40", "date": "2026-06-01"}
    items = [Item(None, {"invoice": str(i), "reference": f"Part {n}", **facts}) for n, i in enumerate(ids)]
    assert [one.refused for one in run_many(anna, "sales.payment.create", items)] == [None] * 3
    consumed()
    assert [figures(one) for one in (made, other)] == [("39.00", "80.00", "partly"), ("79.00", "40.00", "partly")]
    first = Payment.objects.filter(invoice=made.pk).first()
    assert first is not None
    run(anna, "sales.payment.archive", first.pk)
    consumed()
    assert figures(made) == ("79.00", "40.00", "partly")
    run(anna, "sales.payment.restore", first.pk)
    run(anna, "sales.payment.change", first.pk, invoice=str(other.pk))
    consumed()
    assert [figures(one) for one in (made, other)] == [("79.00", "40.00", "partly"), ("39.00", "80.00", "partly")]


def test_what_the_erp_says_and_what_we_know_is_not_added_up(anna: Actor) -> None:
    made = invoice(anna, paid="100")
    assert figures(made) == ("19.00", "", "partly")
    run(anna, "sales.invoice.pay", made.pk, amount="100")
    assert figures(made) == ("19.00", "100.00", "partly")
    run(anna, "sales.invoice.change", made.pk, paid="119")
    assert figures(made) == ("0.00", "100.00", "paid")


def test_a_list_that_only_says_when_means_all(anna: Actor) -> None:
    assert figures(invoice(anna, paid_on="2026-05-20")) == ("0.00", "", "paid")


def test_a_missing_sum_is_worked_out_and_one_that_differs_is_told(anna: Actor) -> None:
    assert invoice(anna, tax=None).tax == {"amount": "19.00", "currency": "EUR"}
    assert invoice(anna, number="R-2", net=None).net == {"amount": "100.00", "currency": "EUR"}
    odd = invoice(anna, number="R-3", tax="20")
    assert odd.findings == [{"code": "net_and_tax", "ours": "120.00", "stated": "119.00"}]
    run(anna, "sales.invoice.change", odd.pk, tax="19")
    assert again(odd).findings == []


@pytest.mark.parametrize("given", [{"sort": "credit_note"}, {"gross": "-119", "net": "-100", "tax": "-19"}])
def test_amounts_of_a_credit_note_are_negative_however_they_come(anna: Actor, given: dict[str, Any]) -> None:
    made = invoice(anna, **given)
    assert (made.sort, made.gross["amount"], made.net["amount"]) == ("credit_note", "-119.00", "-100.00")
    assert figures(made) == ("-119.00", "", "open")
    run(anna, "sales.invoice.pay", made.pk)
    assert figures(made) == ("0.00", "-119.00", "paid")


def test_overdue_is_what_it_is_on_the_day_one_looks(anna: Actor) -> None:
    made = invoice(anna)
    version = made.version
    for day, days in ((dt.date(2026, 5, 31), 0), (dt.date(2026, 6, 3), 3)):
        with looking_at(day):
            assert overdue_days(again(made)) == days
    assert again(made).version == version
    run(anna, "sales.invoice.pay", made.pk, date="2026-06-01")
    with looking_at(dt.date(2026, 6, 3)):
        assert overdue_days(again(made)) == 0


def test_the_same_invoice_is_there_once_and_two_suppliers_may_use_one_number(anna: Actor) -> None:
    invoice(anna)
    with pytest.raises(Conflict):
        invoice(anna)
    invoice(anna, date="2027-05-01", due=None)
    for vat_id in ("DE136695976", "DE 811 907 980"):
        invoice(anna, direction="incoming", seller_vat_id=vat_id)
    with pytest.raises(Conflict):
        invoice(anna, direction="incoming", seller_vat_id="DE811907980")
    assert Invoice.objects.count() == 4


@pytest.mark.parametrize(
    ("values", "field", "code"),
    [
        (
            {"net": {"amount": "1", "currency": "USD"}, "gross": {"amount": "2", "currency": "CHF"}},
            "gross",
            "currencies",
        ),
        ({"gross": None}, "gross", "required"),
        ({"number": ""}, "number", "required"),
        ({"due": "2020-01-01"}, "due", "due_before_date"),
    ],
)
def test_what_cannot_be_is_refused_at_its_field(anna: Actor, values: Any, field: str, code: str) -> None:
    with pytest.raises(Refused) as no:
        invoice(anna, **values)
    assert (field, code) in [(one.field, one.code) for one in no.value.all()]
    assert not Invoice.objects.exists()


def test_a_payment_in_another_currency_is_refused(anna: Actor) -> None:
    made = invoice(anna, currency="USD")
    assert made.gross == {"amount": "119.00", "currency": "USD"}
    with pytest.raises(Refused) as no:
        run(anna, "sales.invoice.pay", made.pk, amount={"amount": "5", "currency": "EUR"})
    assert (no.value.field, no.value.code) == ("amount", "currency")


def test_whoever_may_not_make_payments_pays_nothing(anna: Actor) -> None:
    made = invoice(anna)
    boris = make_member("Boris", [{"record": "sales.invoice", "verb": "*"}])
    with pytest.raises(Forbidden):
        run(boris, "sales.invoice.pay", made.pk)
    assert figures(made) == ("119.00", "", "open")


def test_a_cancelled_invoice_is_not_open(anna: Actor) -> None:
    made = invoice(anna)
    run(anna, "sales.invoice.void", made.pk)
    assert figures(made) == ("0.00", "", "void")
    run(anna, "sales.invoice.reopen", made.pk)
    assert figures(made) == ("119.00", "", "open")


def test_invoices_are_kept_for_eight_years_from_the_end_of_their_year(anna: Actor) -> None:
    made = invoice(anna)
    run(anna, "sales.invoice.archive", made.pk)
    with looking_at(dt.date(2034, 12, 31)), pytest.raises(Conflict) as no:
        run(anna, "sales.invoice.remove", made.pk)
    assert "§ 147 AO" in str(no.value.message)
    with looking_at(dt.date(2035, 1, 1)):
        run(anna, "sales.invoice.remove", made.pk)
    assert not Invoice.objects.exists()


def test_a_person_is_erased_and_the_invoice_stays_without_the_person(anna: Actor) -> None:
    person = run(anna, "contacts.person.create", first_name="Erika", last_name="Einzelkundin").record
    paper = store(anna, b"<Invoice/>", name="paper.xml").record
    made = invoice(anna, person=str(person.pk), buyer="Erika Einzelkundin", document=str(paper.pk))
    note = run(anna, "work.note.create", text="Called", concerns=[str(person.pk)]).record
    planned = erasing.plan(anna, type_of("contacts.person"), person.pk)
    assert note.pk in planned.web.gone and made.pk in planned.web.kept
    assert [(one.record.pk, "§ 147 AO" in one.why) for one in planned.held] == [(paper.pk, True)]
    erasing.erase(anna, type_of("contacts.person"), person.pk, "request")
    kept = again(made)
    assert (kept.person, kept.gross["amount"]) == (None, "119.00")
    assert "Einzelkundin" not in kept.buyer and kept.document == paper.pk
    with looking_at(dt.date(2035, 1, 1)):
        other = run(anna, "contacts.person.create", last_name="Spaeterkundin").record
        old = invoice(anna, number="R-9", person=str(other.pk))
        assert old.pk in erasing.plan(anna, type_of("contacts.person"), other.pk).web.gone
