"""A quote from draft to answer: sums, numbers, approval, versions."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from django.utils.translation import override

from klientel.kernel.access.granting import ActorScope
from klientel.kernel.actions import Item, run, run_many
from klientel.kernel.errors import Forbidden, Refused
from klientel.kernel.history import undo
from klientel.kernel.identity.actor import Actor
from klientel.kernel.kinds import today
from klientel.kernel.kinds.base import looking_at
from klientel.kernel.records import type_of
from klientel.kernel.testing import make
from klientel.kernel.testing.making import make_member
from klientel.sales.jobs.quote import expire_quotes, remind
from klientel.sales.models import Product, Quote
from klientel.sales.queries.paper import paper
from klientel.sales.queries.prices import prices

pytestmark = pytest.mark.django_db
LINES = [
    {"role": "section", "name": "Machine"},
    {"name": "Press", "quantity": "2", "price": "1000", "discount": "10"},
    {"name": "Manual", "quantity": 1, "price": "49.90", "tax": "reduced"},
    {"name": "Training", "quantity": "1", "price": "500", "role": "optional"},
]


def quote(anna: Actor, **values: Any) -> Quote:
    return again(run(anna, "sales.quote.create", **{"name": "Offer", "positions": LINES, **values}).record)


def again(one: Any) -> Quote:
    return Quote.objects.get(pk=one.pk)


def refusals(anna: Actor, key: str, *args: Any, **values: Any) -> dict[str, str]:
    with pytest.raises(Refused) as no:
        run(anna, key, *args, **values)
    return {str(one.field): one.code for one in no.value.all()}


def all_rights() -> list[dict[str, Any]]:
    return [{"record": "*", "verb": "*"}]


def test_its_sums_follow_from_its_lines(anna: Actor) -> None:
    made = quote(anna, discount="5")
    assert [made.net["amount"], made.tax["amount"], made.gross["amount"]] == ["1757.40", "328.22", "2085.62"]
    assert made.net["currency"] == made.currency == "EUR"
    assert made.discount_given == Decimal("14.27")
    assert made.positions[1]["rate"] == "19" and made.positions[2]["rate"] == "7"
    run(anna, "sales.quote.change", made.pk, positions=LINES[:2], discount=None)
    assert again(made).gross["amount"] == "2142.00"


def test_a_whole_edit_of_lines_is_undone_at_once(anna: Actor) -> None:
    made = quote(anna)
    done = run(anna, "sales.quote.change", made.pk, positions=LINES[:2])
    undo(anna, done.change_set)
    assert (again(made).positions, again(made).gross) == (made.positions, made.gross)


@pytest.mark.parametrize(
    ("line", "field", "code"),
    [
        ({"quantity": "-1"}, "positions.0.quantity", "price.negative_quantity"),
        ({"price": "-1"}, "positions.0.price", "price.negative_price"),
        ({"discount": "101"}, "positions.0.discount", "price.discount_over_100"),
        ({"discount": "-1"}, "positions.0.discount", "price.negative_discount"),
        ({"discount": "10.01", "discount_in": "amount"}, "positions.0.discount", "price.discount_over_sum"),
        ({"currency": "USD"}, "positions.0.price", "price.currency"),
        ({"quantity": "many"}, "positions.0.quantity", "not_a_number"),
        ({"quantity": "1.0001"}, "positions.0.quantity", "too_precise"),
        ({"quantity": "1" * 20}, "positions.0.quantity", "out_of_range"),
        ({"quantity": True}, "positions.0.quantity", "not_a_number"),
        ({"tax": "none at all"}, "positions.0.tax", "no_such_choice"),
        ({"tax": "exempt"}, "positions.0.tax", "tax.reason"),
        ({"role": "gift"}, "positions.0.role", "no_such_choice"),
        ({"name": " "}, "positions.0.name", "required"),
        ({"name": "x" * 301}, "positions.0.name", "too_long"),
        ({"product": "no id"}, "positions.0.product", "not_a_record"),
        ({"surprise": 1}, "positions.0.role", "wrong_shape"),
    ],
)
def test_what_cannot_be_is_refused_at_its_line_and_nothing_is_kept(
    anna: Actor, line: dict[str, Any], field: str, code: str
) -> None:
    wrong = {"name": "Thing", "quantity": "1", "price": "10", **line}
    assert refusals(anna, "sales.quote.create", name="Offer", positions=[wrong]) == {field: code}
    assert not Quote.objects.exists()


def test_all_lines_at_fault_are_told_at_once(anna: Actor) -> None:
    wrong = [{"name": "A", "quantity": "-1"}, {"name": "B", "quantity": "1", "price": "-1"}]
    assert set(refusals(anna, "sales.quote.create", name="Offer", positions=wrong)) == {
        "positions.0.quantity",
        "positions.1.price",
    }


def test_the_sentence_says_which_line(anna: Actor) -> None:
    with pytest.raises(Refused) as no:
        quote(anna, positions=[*LINES, {"name": "A", "quantity": "-1"}])
    assert str(no.value.message) == "Zeile 5: Eine Menge kann nicht negativ sein."


@pytest.mark.parametrize(
    ("language", "said"),
    [("de", "Ein Rabatt von 100,5\u00a0% ist mehr als der ganze Preis."),
     ("en", "A discount of 100.5% is more than the whole price.")],
)  # fmt: skip
def test_a_percentage_in_a_refusal_is_written_as_the_reader_writes_it(anna: Actor, language: str, said: str) -> None:
    with pytest.raises(Refused) as no:
        quote(anna, discount="100.5")
    with override(language):
        assert said in str(no.value.all()[0].message)


def test_the_currency_stays_as_soon_as_there_are_prices(anna: Actor) -> None:
    made = quote(anna)
    assert refusals(anna, "sales.quote.change", made.pk, currency="USD") == {"currency": "currency_fixed"}
    run(anna, "sales.quote.change", made.pk, positions=[], currency="USD")
    assert again(made).net == {"amount": "0.00", "currency": "USD"}


# -- numbers ---------------------------------------------------------------------------------------------------------


def test_numbers_have_no_gaps_even_where_some_are_refused(anna: Actor) -> None:
    good = {"name": "Offer"}
    bad = {"name": "Offer", "valid_until": "2001-01-01", "date": "2026-01-01"}
    outcomes = run_many(anna, "sales.quote.create", [Item(None, each) for each in (good, bad, good, {}, good)])
    assert [bool(one.refused) for one in outcomes] == [False, True, False, True, False]
    year = today().year
    assert list(Quote.objects.order_by("sequence").values_list("number", flat=True)) == [
        f"AN-{year}-0000{n}" for n in (1, 2, 3)
    ]


def test_a_form_has_numbers_of_its_own_that_begin_where_it_says(anna: Actor) -> None:
    form = run(anna, "sales.quoteform.create", name="North", number_pattern="N{n}", first_number=700).record
    first, second = quote(anna, form=form.id), quote(anna, form=form.id, date="2031-05-05")
    assert (first.number, second.number) == ("N700", "N701")


def test_a_quote_in_the_trash_keeps_its_number(anna: Actor) -> None:
    first = quote(anna)
    run(anna, "sales.quote.archive", first.pk)
    assert quote(anna).sequence == 2


@pytest.mark.parametrize("pattern", ["AN", "AN-{year}", "{n}-{m}", "{n:5}", "{n"])
def test_a_pattern_without_a_number_is_refused(anna: Actor, pattern: str) -> None:
    assert refusals(anna, "sales.quoteform.create", name="Form", number_pattern=pattern) == {
        "number_pattern": "pattern"
    }


# -- begin -----------------------------------------------------------------------------------------------------------


def test_it_begins_with_what_its_form_says_in_the_language_of_the_recipient(anna: Actor) -> None:
    run(anna, "sales.quoteform.create", name="F", terms="Netto", terms_en="Net", valid_days=14, reduced_rate="10")
    made = quote(anna, language="en", date="2026-02-01")
    assert (made.terms, made.valid_until) == ("Net", dt.date(2026, 2, 15))
    assert made.positions[2]["rate"] == "10"
    assert quote(anna).terms == "Netto"


@pytest.mark.parametrize(("speaks", "language"), [("en", "en"), ("de", "de"), ("tr", "de"), ("", "de")])
def test_without_a_word_it_is_in_the_language_of_whoever_gets_it(anna: Actor, speaks: str, language: str) -> None:
    who = run(anna, "contacts.person.create", last_name="Miller", language=speaks).record
    assert quote(anna, person=str(who.pk)).language == language
    assert quote(anna, person=str(who.pk), language="de").language == "de"


# -- sending and answers ---------------------------------------------------------------------------------------------


def test_a_sent_quote_is_frozen_and_a_new_version_takes_its_place(anna: Actor) -> None:
    first = quote(anna)
    run(anna, "sales.quote.send", first.pk)
    for values in ({"positions": []}, {"name": "Other"}, {"valid_until": "2031-01-01"}, {"discount": "3"}):
        assert set(refusals(anna, "sales.quote.change", first.pk, **values).values()) == {"frozen"}
    run(anna, "sales.quote.revise", first.pk)
    second = Quote.objects.get(replaces=first.pk)
    assert (second.number, second.revision, second.state) == (f"{first.number}/2", 2, "draft")
    assert (second.positions, second.gross) == (first.positions, first.gross)
    assert again(first).state == "sent"
    run(anna, "sales.quote.send", second.pk)
    assert again(first).state == "superseded"
    assert refusals(anna, "sales.quote.accept", first.pk) == {"None": "not_open"}
    run(anna, "sales.quote.revise", second.pk)
    assert Quote.objects.get(replaces=second.pk).number == f"{first.number}/3"


def test_undo_does_not_reach_behind_sending(anna: Actor) -> None:
    made = quote(anna)
    done = run(anna, "sales.quote.change", made.pk, positions=LINES[:2])
    run(anna, "sales.quote.send", made.pk)
    assert [no.code for _event, no in undo(anna, done.change_set).refused] == ["frozen"]
    assert len(again(made).positions) == 2


def test_an_empty_or_overdue_quote_is_not_sent(anna: Actor) -> None:
    empty = quote(anna, positions=[])
    assert refusals(anna, "sales.quote.send", empty.pk) == {"positions": "no_lines"}
    past = quote(anna, date="2020-01-01", valid_until="2020-02-01")
    assert refusals(anna, "sales.quote.send", past.pk) == {"valid_until": "past"}


def test_it_is_answered_once(anna: Actor) -> None:
    made = quote(anna)
    assert refusals(anna, "sales.quote.accept", made.pk) == {"None": "not_open"}
    run(anna, "sales.quote.send", made.pk)
    assert refusals(anna, "sales.quote.decline", made.pk, reason=" ") == {"reason": "required"}
    run(anna, "sales.quote.decline", made.pk, reason="Too late")
    assert (again(made).state, again(made).reason) == ("declined", "Too late")
    assert refusals(anna, "sales.quote.accept", made.pk) == {"None": "not_open"}


# -- approval --------------------------------------------------------------------------------------------------------


@pytest.fixture
def bosses(anna: Actor) -> tuple[Actor, Actor]:
    chief, deputy = make_member("Chief", all_rights()), make_member("Deputy", all_rights())
    run(anna, "sales.quoteform.create", name="F", approval_above="5", approver=chief.member, deputy=deputy.member)
    return chief, deputy


def test_a_discount_above_the_threshold_needs_the_approver(anna: Actor, bosses: tuple[Actor, Actor]) -> None:
    chief, _deputy = bosses
    made = quote(anna)
    assert refusals(anna, "sales.quote.send", made.pk) == {"None": "approval_missing"}
    run(anna, "sales.quote.ask_approval", made.pk, note="Old customer")
    assert set(refusals(anna, "sales.quote.change", made.pk, positions=[]).values()) == {"frozen"}
    [task] = type_of("work.task").model.objects.all()
    assert (task.owner, task.concerns) == (chief.member, [made.pk])
    with pytest.raises(Forbidden):
        run(anna, "sales.quote.approve", made.pk)
    run(chief, "sales.quote.approve", made.pk)
    run(anna, "sales.quote.send", made.pk)
    assert (again(made).state, again(made).approved_by) == ("sent", chief.member)


def test_nobody_approves_their_own_discount(anna: Actor, bosses: tuple[Actor, Actor]) -> None:
    chief, deputy = bosses
    made = quote(anna)
    run(chief, "sales.quote.ask_approval", made.pk)
    assert type_of("work.task").model.objects.get().owner == deputy.member
    with pytest.raises(Forbidden) as no:
        run(chief, "sales.quote.approve", made.pk)
    assert no.value.code == "own_discount" and again(made).state == "awaiting"
    run(deputy, "sales.quote.send_back", made.pk, reason="Too much")
    assert again(made).state == "draft"


def test_an_approval_is_lost_by_a_change(anna: Actor, bosses: tuple[Actor, Actor]) -> None:
    made = quote(anna)
    run(anna, "sales.quote.ask_approval", made.pk)
    run(bosses[0], "sales.quote.approve", made.pk)
    run(anna, "sales.quote.withdraw", made.pk)
    assert refusals(anna, "sales.quote.send", made.pk) == {"None": "approval_missing"}


def test_a_small_discount_needs_nobody(anna: Actor, bosses: tuple[Actor, Actor]) -> None:
    made = quote(anna, positions=[{**LINES[1], "discount": "5"}])
    run(anna, "sales.quote.send", made.pk)
    assert again(made).state == "sent"


# -- prices ----------------------------------------------------------------------------------------------------------


def test_prices_by_currency_day_group_and_quantity_come_in_one_statement(
    anna: Actor, django_assert_num_queries: Any
) -> None:
    press = run(anna, "sales.product.create", name="Press", price={"amount": "100", "currency": "EUR"}).record
    small = run(anna, "sales.product.create", name="Press", variant="small", variant_of=press.id).record
    other = run(anna, "sales.product.create", name="Other").record
    tag = make(anna, "kernel.tag", name="Dealer")

    def price(where: Any, amount: str, over: str = "0", product: Product = press) -> None:
        values = {"price_list": where.id, "product": product.id, "from_quantity": over, "price": amount}
        run(anna, "sales.price.create", **values)

    def a_list(name: str, **values: Any) -> Any:
        return run(anna, "sales.pricelist.create", **{"name": name, "currency": "EUR", **values}).record

    usual, dealers = a_list("Usual"), a_list("Dealers", group=tag.id, valid_until="2026-06-30")
    later, dollars = a_list("Later", valid_from="2027-01-01"), a_list("Dollars", currency="USD")
    price(usual, "95"), price(usual, "90", "10"), price(dealers, "80"), price(later, "99"), price(dollars, "120")

    def found(
        n: str, day: str = "2026-03-01", currency: str = "EUR", groups: Any = (), product: Product = press
    ) -> Any:
        made = prices({product.id: Decimal(n)}, currency=currency, day=dt.date.fromisoformat(day), groups=groups)
        return made[product.id].price if product.id in made else None

    assert [found("1"), found("9.999"), found("10"), found("1", groups=[tag.id])] == [95, 95, 90, 80]
    assert [found("1", "2026-07-01", groups=[tag.id]), found("1", "2027-01-01")] == [95, 99]
    assert [found("1", currency="USD"), found("1", currency="CHF"), found("1", product=other)] == [120, None, None]
    assert found("10", product=small) == 90
    price(usual, "70", product=small)
    assert found("10", product=small) == 70
    run(anna, "sales.pricelist.archive", usual.id)
    assert found("1") == 100
    with django_assert_num_queries(1):
        prices(dict.fromkeys((press.id, small.id, other.id), Decimal(1)), currency="EUR", day=today())


def test_a_product_in_the_trash_stays_readable_in_its_quotes(anna: Actor) -> None:
    press = run(anna, "sales.product.create", name="Press", number="P1").record
    made = quote(anna, positions=[{"product": str(press.id), "name": "Press", "quantity": "1", "price": "10"}])
    run(anna, "sales.product.archive", press.id)
    assert again(made).positions[0]["name"] == "Press"
    run(anna, "sales.quote.change", made.pk, discount="1")
    assert again(made).gross["amount"] == "11.78"
    run(anna, "sales.quote.change", made.pk, positions=[*again(made).positions, {"name": "Montage", "price": "5"}])
    run(anna, "sales.quote.send", made.pk)
    assert paper(ActorScope(anna), again(made)).startswith(b"%PDF")
    run(anna, "sales.quote.revise", made.pk)
    newer = Quote.objects.get(replaces=made.pk)
    assert [one["name"] for one in newer.positions] == ["Press", "Montage"]
    run(anna, "sales.quote.change", newer.pk, discount="2")


def test_a_new_line_names_no_product_that_is_deleted_or_not_there(anna: Actor) -> None:
    press, kept = (run(anna, "sales.product.create", name=name).record for name in ("Press", "Kept"))
    run(anna, "sales.product.archive", press.pk)
    lines = [{"name": "Montage", "price": "5"}, {"product": str(press.pk), "name": "Press", "price": "10"}]
    nowhere = [{"product": str(UUID(int=7)), "name": "Press", "price": "10"}]
    old = quote(anna, positions=[{"product": str(kept.pk), "name": "Kept", "price": "1"}])
    before = Quote.objects.count()
    for code, some, place in (("product_deleted", lines, 1), ("not_a_record", nowhere, 0)):
        for act in (
            lambda: quote(anna, positions=some),  # noqa: B023
            lambda: run(anna, "sales.quote.change", old.pk, positions=some),  # noqa: B023
            lambda: run(anna, "sales.deal.create", name="Hochregal", positions=some),  # noqa: B023
        ):
            with pytest.raises(Refused) as no:
                act()
            assert (no.value.code, no.value.field) == (code, f"positions.{place}.product")
    assert (Quote.objects.count(), again(old).positions[0]["name"]) == (before, "Kept")


def test_an_order_of_the_past_may_name_a_deleted_product_but_none_that_never_was(anna: Actor) -> None:
    press = run(anna, "sales.product.create", name="Press").record
    run(anna, "sales.product.archive", press.pk)
    run(anna, "sales.order.create", name="Old", positions=[{"product": str(press.pk), "name": "Press", "price": "1"}])
    with pytest.raises(Refused) as no:
        run(anna, "sales.order.create", name="Odd", positions=[{"product": str(UUID(int=7)), "name": "?"}])
    assert no.value.field == "positions.0.product"


def test_taking_back_a_change_brings_a_deleted_product_back_into_its_line(anna: Actor) -> None:
    press = run(anna, "sales.product.create", name="Press").record
    made = quote(anna, positions=[{"product": str(press.pk), "name": "Press", "price": "10"}])
    done = run(anna, "sales.quote.change", made.pk, positions=[{"name": "Montage", "price": "5"}])
    run(anna, "sales.product.archive", press.pk)
    undo(anna, done.change_set)
    assert again(made).positions[0]["name"] == "Press"


# -- by itself -------------------------------------------------------------------------------------------------------


def test_sending_makes_a_task_to_follow_up_before_it_expires(anna: Actor) -> None:
    made = quote(anna, valid_until=str(today() + dt.timedelta(days=3)))
    run(anna, "sales.quote.send", made.pk)
    [task] = type_of("work.task").model.objects.all()
    assert (task.owner, task.concerns, task.due) == (anna.member, [made.pk], made.valid_until)


def open_tasks() -> list[str]:
    return [one.subject for one in type_of("work.task").model.objects.filter(done_at=None).order_by("id")]


def test_a_newer_version_takes_the_follow_up_of_the_one_before_and_leaves_questions_of_the_customer(
    anna: Actor,
) -> None:
    made = quote(anna, valid_until=str(today() + dt.timedelta(days=2)))
    run(anna, "sales.quote.send", made.pk)
    remind()
    run(anna, "work.task.create", subject="What about the training?", concerns=[made.pk])
    assert len(open_tasks()) == 3
    run(anna, "sales.quote.revise", made.pk)
    run(anna, "sales.quote.send", Quote.objects.get(replaces=made.pk).pk)
    assert open_tasks() == ["What about the training?", f"Angebot {made.number}/2 nachfassen"]


@pytest.mark.parametrize("answer", [("accept", {}), ("decline", {"reason": "Zu teuer"})])
def test_nobody_is_sent_for_an_answer_that_is_there(anna: Actor, answer: tuple[str, dict[str, str]]) -> None:
    made = quote(anna, valid_until=str(today() + dt.timedelta(days=2)))
    run(anna, "sales.quote.send", made.pk)
    remind()
    assert len(open_tasks()) == 2
    verb, values = answer
    run(anna, f"sales.quote.{verb}", made.pk, **values)
    assert open_tasks() == []


def test_what_nobody_answered_in_time_expires(anna: Actor) -> None:
    late, valid = quote(anna, valid_until=str(today())), quote(anna)
    for one in (late, valid):
        run(anna, "sales.quote.send", one.pk)
    expire_quotes()
    assert (again(late).state, again(valid).state) == ("sent", "sent")
    assert refusals(anna, "sales.quote.expire", late.pk) == {"None": "still_valid"}
    with looking_at(today() + dt.timedelta(days=1)):
        expire_quotes()
    assert (again(late).state, again(valid).state) == ("expired", "sent")
    assert refusals(anna, "sales.quote.accept", late.pk) == {"None": "not_open"}
