"""Numbers in forms are read and shown as they are written in the language of whoever types."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.urls import reverse

from klientel.kernel.actions import run
from klientel.kernel.records import type_of
from klientel.kernel.tenancy.models import Tenant
from klientel.kernel.testing.cast import ALL
from klientel.kernel.testing.making import make
from klientel.kernel.web.tests.conftest import at_browser

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("language", "typed", "shown"),
    [
        ("de", ("12.500", "1,125", "1.234"), ("12500,00", "1,125", "1234")),
        ("en", ("12,500", "1.125", "1,234"), ("12500.00", "1.125", "1234")),
    ],
)
def test_a_number_means_what_it_means_in_the_language(
    tenant: Tenant, language: str, typed: tuple[str, ...], shown: tuple[str, ...]
) -> None:
    browser, anna = at_browser(tenant, "Anna", ALL, language)
    for kind in ("money", "decimal", "whole"):
        run(anna, "kernel.customfield.create", record_type="contacts.person", name=f"x_{kind}", label_de=kind,
            label_en=kind, kind=kind, privacy="public")  # fmt: skip
    made = make(anna, "contacts.person", 1)
    at = reverse("edit", args=["persons", made.pk])
    fields = ("x_money-amount", "x_decimal", "x_whole")

    def save(values: tuple[str, ...]) -> None:
        sent = {
            "version": again(made).version,
            "_field": ["x_money", "x_decimal", "x_whole"],
            "x_money-currency": "EUR",
        }
        answer = browser.post(at, sent | dict(zip(fields, values, strict=True)))
        assert answer.status_code == 302, answer.content

    save(typed)
    kept = again(made).extra
    assert (kept["x_money"]["amount"], kept["x_decimal"], kept["x_whole"]) == ("12500.00", "1.125", 1234)
    page = browser.get(at).content.decode()
    seen = tuple(value(page, name) for name in fields)
    assert seen == shown
    save(seen)
    assert again(made).extra == kept


@pytest.mark.parametrize(
    ("language", "typed", "kept"),
    [
        ("de", "12.500 €", "12500.00"),
        ("de", "12.500,00 EUR", "12500.00"),
        ("en", "EUR 1,234.50", "1234.50"),
        ("en", "€12,500", "12500.00"),
        ("de", "12\u2009500,00\u00a0€", "12500.00"),
        ("de", "\u200e1\u202f234 Euro\ufeff", "1234.00"),
        ("de", "1.200,- €", "1200.00"),
    ],
)
def test_an_amount_may_be_typed_and_pasted_with_its_currency(
    tenant: Tenant, language: str, typed: str, kept: str
) -> None:
    browser, made = with_money(tenant, language)
    answer = browser.post(reverse("edit", args=["persons", made.pk]), money(made, typed, "EUR"))
    assert answer.status_code == 302, answer.content
    assert again(made).extra["x_money"] == {"amount": kept, "currency": "EUR"}


def test_an_amount_in_another_currency_than_the_chosen_one_is_refused_at_its_field(tenant: Tenant) -> None:
    browser, made = with_money(tenant, "en")
    answer = browser.post(reverse("edit", args=["persons", made.pk]), money(made, "1,200.50 CHF", "EUR"))
    page = answer.content.decode()
    assert answer.status_code == 422 and "The amount is in CHF, but EUR is chosen as its currency." in page
    assert value(page, "x_money-amount") == "1,200.50 CHF" and again(made).extra == made.extra


def with_money(tenant: Tenant, language: str) -> tuple[Any, Any]:
    browser, anna = at_browser(tenant, "Anna", ALL, language)
    run(anna, "kernel.customfield.create", record_type="contacts.person", name="x_money", label_de="Betrag",
        label_en="Amount", kind="money", privacy="public")  # fmt: skip
    return browser, make(anna, "contacts.person", 1)


def money(made: Any, amount: str, currency: str) -> dict[str, Any]:
    return {
        "version": again(made).version, "_field": ["x_money"], "x_money-amount": amount, "x_money-currency": currency,
    }  # fmt: skip


def again(record: Any) -> Any:
    return type_of("contacts.person").model.objects.get(pk=record.pk)


def value(page: str, name: str) -> str:
    found = re.search(rf'name="{name}"[^>]*?value="([^"]*)"', page)
    assert found, name
    return found[1]
