"""A quote adds up, whatever the order; what cannot be added up is refused at its field."""

import random
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from klientel.lib.pricing import (
    ALTERNATIVE,
    OPTIONAL,
    Allowance,
    Change,
    Position,
    Sheet,
    Tax,
    Unpriceable,
    add_up,
    per_cent,
    reason,
    rounded,
    shared,
    smallest,
)

CENT = Decimal("0.01")
FULL, REDUCED, NONE = Tax("S", Decimal(19)), Tax("S", Decimal(7)), Tax("AE", Decimal(0))


def _d(text: str) -> Decimal:
    return Decimal(text)


def _position(quantity: str = "1", price: str = "100", tax: Tax = FULL, **more: object) -> Position:
    return Position(_d(quantity), _d(price), tax, **more)


def _refusal(sheet: Sheet) -> list[tuple[str, str, int | None]]:
    with pytest.raises(Unpriceable) as refused:
        add_up(sheet)
    return [(fault.code, fault.field, fault.place) for fault in refused.value.faults]


def test_half_a_cent_goes_away_from_zero() -> None:
    assert [rounded(_d(text), CENT) for text in ("0.005", "0.015", "2.675", "-0.005", "0.0049999")] == [
        _d("0.01"), _d("0.02"), _d("2.68"), _d("-0.01"), _d("0.00"),
    ]  # fmt: skip


def test_amounts_have_the_digits_of_their_currency() -> None:
    assert [smallest(code) for code in ("EUR", "JPY", "KWD")] == [CENT, _d("1"), _d("0.001")]
    totals = add_up(Sheet("JPY", (_position("3", "33.5", Tax("S", Decimal(10))),)))
    assert (totals.net, totals.tax, totals.gross) == (_d("101"), _d("10"), _d("111"))


def test_a_quote_with_sections_discounts_and_two_rates_comes_to_the_cent() -> None:
    sheet = Sheet(
        "EUR",
        (
            _position("3", "19.99", section="a", changes=(Change(percent=_d("10")),)),
            _position("2.5", "80", section="a"),
            _position("1", "49.90", REDUCED, section="b", changes=(Change(amount=_d("9.90")),)),
            _position("1", "500", section="b", role=OPTIONAL),
            _position("1", "700", section="c", role=ALTERNATIVE),
        ),
        discount=Change(percent=_d("5")),
    )
    totals = add_up(sheet)
    assert [one.net for one in totals.lines] == [_d("53.97"), _d("200.00"), _d("40.00"), _d("500.00"), _d("700.00")]
    assert totals.sections == {"a": _d("253.97"), "b": _d("40.00"), "c": _d("0.00")}
    assert (totals.lines_net, totals.allowances, totals.net) == (_d("293.97"), _d("14.70"), _d("279.27"))
    assert [(group.tax.rate, group.taxable, group.amount) for group in totals.taxes] == [
        (_d("19"), _d("241.27"), _d("45.84")),
        (_d("7"), _d("38.00"), _d("2.66")),
    ]
    assert (totals.tax, totals.gross) == (_d("48.50"), _d("327.77"))


def test_the_tax_is_of_the_sum_and_not_of_each_line() -> None:
    sheet = Sheet("EUR", tuple(_position("1", "0.03") for _n in range(10)))
    assert add_up(sheet).tax == _d("0.06")  # 10 x round(0.0057) would be 0.10


def test_many_digits_do_not_lose_half_a_cent() -> None:
    totals = add_up(Sheet("EUR", (_position("9999999999.9999", "999999999999.999999"),)))
    assert totals.net == _d("9999999999999899990000.00")


def test_what_is_spread_comes_to_the_whole() -> None:
    assert shared(_d("10.00"), [_d("1"), _d("1"), _d("1")], CENT) == [_d("3.34"), _d("3.33"), _d("3.33")]
    assert shared(_d("1.00"), [_d("0"), _d("-3")], CENT) == [_d("1.00"), _d("0")]


def test_a_reason_stands_where_no_tax_is_due() -> None:
    assert "§ 13b" in reason(NONE, "de")
    assert reason(Tax("E", Decimal(0), "§ 19 UStG"), "en") == "§ 19 UStG"
    assert reason(FULL, "de") == ""


@pytest.mark.parametrize(
    ("position", "code", "field"),
    [
        (_position("-1"), "price.negative_quantity", "quantity"),
        (_position("NaN"), "price.no_number", "quantity"),
        (_position("1", "Infinity"), "price.no_number", "unit_price"),
        (_position("1", "-0.01"), "price.negative_price", "unit_price"),
        (_position(per=_d("0")), "price.per", "per"),
        (_position(currency="USD"), "price.currency", "unit_price"),
        (_position(role="perhaps"), "price.role", "role"),
        (_position(changes=(Change(percent=_d("101")),)), "price.discount_over_100", "discount"),
        (_position(changes=(Change(percent=_d("-1")),)), "price.negative_discount", "discount"),
        (_position(changes=(Change(percent=_d("1"), amount=_d("1")),)), "price.discount_twice", "discount"),
        (_position(changes=(Change(amount=_d("100.01")),)), "price.discount_over_sum", "discount"),
        (_position(changes=(Change(amount=_d("NaN")),)), "price.no_number", "discount"),
        (_position(tax=Tax("X", Decimal(1))), "tax.category", "tax"),
        (_position(tax=Tax("S", Decimal(101))), "tax.rate", "tax"),
        (_position(tax=Tax("S", Decimal(0))), "tax.standard_zero", "tax"),
        (_position(tax=Tax("AE", Decimal(19))), "tax.rate_where_none", "tax"),
        (_position(tax=Tax("E", Decimal(0))), "tax.reason", "tax"),
    ],
)
def test_what_cannot_be_is_refused_with_a_sentence_at_its_field(position: Position, code: str, field: str) -> None:
    assert _refusal(Sheet("EUR", (_position(), position))) == [(code, field, 1)]


def test_all_faults_are_told_at_once() -> None:
    sheet = Sheet("EUR", (_position("-1", "-1"), _position(tax=Tax("E"))), discount=Change(percent=_d("101")))
    assert _refusal(sheet) == [
        ("price.negative_quantity", "quantity", 0), ("price.negative_price", "unit_price", 0),
        ("tax.reason", "tax", 1), ("price.discount_over_100", "discount", None),
    ]  # fmt: skip


def test_more_discount_than_there_is_to_pay_is_refused() -> None:
    assert _refusal(Sheet("EUR", (_position(),), discount=Change(amount=_d("100.01")))) == [
        ("price.discount_over_sum", "discount", None)
    ]
    assert add_up(Sheet("EUR", (_position(),), discount=Change(amount=_d("100")))).gross == 0


def test_optional_positions_are_no_ground_for_a_discount() -> None:
    optional = Sheet("EUR", (_position(role=OPTIONAL),), discount=Change(amount=_d("1")))
    assert _refusal(optional) == [("price.discount_over_sum", "discount", None)]


quantities = st.decimals(0, 100_000, places=3)
prices = st.decimals(0, 1_000_000, places=4)
changes = st.one_of(st.just(()), st.decimals(0, 100, places=2).map(lambda percent: (Change(percent=percent),)))
positions = st.builds(
    Position, quantities, prices, st.sampled_from((FULL, REDUCED, NONE, Tax("Z"))), changes,
    st.sampled_from(("counted", "counted", "optional", "alternative")), st.sampled_from(("a", "b", "")),
)  # fmt: skip
sheets = st.builds(
    Sheet, st.sampled_from(("EUR", "JPY", "KWD")), st.lists(positions, max_size=12).map(tuple),
    st.one_of(st.none(), st.decimals(0, 100, places=2).map(lambda percent: Change(percent=percent))),
)  # fmt: skip


@settings(max_examples=200)
@given(sheets)
def test_every_sum_is_the_sum_of_what_is_printed(sheet: Sheet) -> None:
    totals, unit = add_up(sheet), smallest(sheet.currency)
    assert totals.lines_net == sum(one.net for one in totals.lines if one.counts) == sum(totals.sections.values())
    assert totals.net == totals.lines_net - totals.allowances + totals.charges
    assert totals.net == sum(group.taxable for group in totals.taxes)
    assert totals.tax == sum(group.amount for group in totals.taxes)
    assert all(group.amount == per_cent(group.taxable, group.tax.rate, unit) for group in totals.taxes)
    assert totals.gross == totals.due == totals.net + totals.tax
    amounts = [totals.net, totals.tax, totals.gross, *(one.net for one in totals.lines)]
    assert all(amount % unit == 0 and amount >= 0 for amount in amounts)


@settings(max_examples=200)
@given(sheets, st.randoms(use_true_random=False))
def test_the_order_of_positions_does_not_matter(sheet: Sheet, dice: random.Random) -> None:
    mixed = list(sheet.positions)
    dice.shuffle(mixed)
    one, other = add_up(sheet), add_up(replace(sheet, positions=tuple(mixed)))
    assert (one.net, one.taxes, one.gross) == (other.net, other.taxes, other.gross)
    assert {key: value for key, value in one.sections.items() if value} == {
        key: value for key, value in other.sections.items() if value
    }


@settings(max_examples=100)
@given(sheets, positions)
def test_what_is_optional_changes_no_sum(sheet: Sheet, position: Position) -> None:
    more = replace(sheet, positions=(*sheet.positions, replace(position, role=OPTIONAL)))
    assert add_up(more).gross == add_up(sheet).gross


@settings(max_examples=100)
@given(st.decimals(-1000, 1000, places=2), st.lists(st.decimals(0, 1000, places=2), min_size=1, max_size=9))
def test_parts_are_whole_cents_and_miss_nothing(amount: Decimal, weights: list[Decimal]) -> None:
    parts = shared(amount, weights, CENT)
    assert sum(parts) == amount
    assert all(part % CENT == 0 for part in parts)


@settings(max_examples=50)
@given(sheets)
def test_allowances_and_charges_of_a_group_are_taxed_with_it(sheet: Sheet) -> None:
    unit = smallest(sheet.currency)
    both = (Allowance(Change(amount=unit), FULL), Allowance(Change(amount=unit, surcharge=True), FULL))
    assert add_up(replace(sheet, allowances=both)).gross == add_up(sheet).gross
