"""The sums of e-invoices that others wrote are the sums we work out."""

import sys
from functools import cache
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest

from klientel.lib.einvoices import EInvoice, broken_rules, differences, read, xml_of
from klientel.lib.pricing import Totals, add_up
from klientel.lib.sentences import Unreadable

_HERE = Path(__file__).parent


def _beside(name: str):
    spec = spec_from_file_location(f"lib_tests_{name}", _HERE / f"{name}.py")
    module = sys.modules[spec.name] = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


given = _beside("given")

# Invoices whose own figures do not follow from each other, with what is odd in them.
_ROUNDED_PRICE = "the price is printed with fewer digits than it was worked out with"
_FRENCH = "a price of the item before its discount stands where the net price belongs"
ODD_LINES = {
    "standard/03.01a-INVOICE": _ROUNDED_PRICE + ": 245 x 0.1973 = 48.3385 is stated as 48.33",
    "standard/03.04a-INVOICE": _ROUNDED_PRICE + ": 804878.94 x 0.01146 = 9223.9127 is stated as 9223.92",
    "standard/03.05a-INVOICE": _ROUNDED_PRICE + ": 2100 x 3.2916 = 6912.36 is stated as 6912.37",
    "FNFE-factur-x-examples/": _FRENCH,
    "sample_inofficial_20190125_atgp": _FRENCH,
    "zugferd_2p0_EN16931_1_Teilrechnung": _ROUNDED_PRICE,
    "zugferd_2p1_EN16931_1_Teilrechnung": _ROUNDED_PRICE,
    "Kraftfahrversicherung_Bruttopreise": "prices with insurance tax",
    "Sachversicherung_berechneter_Steuersatz": "prices without, sums with insurance tax",
    "EXTENDED_Kostenrechnung": "the lines are for parts of a unit that the price does not name",
    "noNetPriceValidation": "is meant to be wrong",
}
ODD_SUMS = {
    "cius/01.06_minimal_test": "19 % of 3986.34 are 757.4046: the tax is stated a cent too high",
    "EXTENDED_Rechnungskorrektur": "allowances in per cent of a base whose sign is not that of the amount",
}
# Invoices that do not keep the rules of the norm, and which.
ODD_RULES = {
    "ZUGFeRD-invoice_rabatte_3_abschlag_duepayableamount": {"BR-CO-25"},
    "ZUGFeRD-invoice_rabatte_4_abschlag_taxbasistotalamount": {"BR-CO-25"},
    "fail/FNFE-factur-x-examples/Facture_UE_BASIC": {"BR-IC-11", "BR-IC-12"},
    "fail/FNFE-factur-x-examples/Facture_UE_EN16931": {"BR-IC-11"},
    "fail/ZUGFeRD_2.0_fully_compliant_complete": {"BR-S-02"},
}

FILES = [path for path in given.given_files("inv_xrechnung", "inv_zugferd") if path.suffix.lower() in (".xml", ".pdf")]


@cache
def _found(path: Path) -> EInvoice | str:
    try:
        return read(xml_of(path.read_bytes()))
    except Unreadable as no:
        return no.code


def _read(path: Path) -> EInvoice:
    given.given("inv_xrechnung")
    found = _found(path)
    if isinstance(found, str) or found.sheet is None:
        pytest.skip("no lines of EN 16931 in this file")
    return found


def _odd(path: Path, known: dict[str, str]) -> bool:
    return any(name in path.as_posix() for name in known)


def _differing(totals: Totals, invoice: EInvoice) -> list[object]:
    """Sums of ours that are not those stated."""
    stated = invoice.stated
    sums = {name: getattr(totals, name) for name in stated.sums}
    sums["due"] += stated.third_party  # what others are paid through this invoice: an extension of XRechnung
    wrong: list[object] = [(name, sums[name], value) for name, value in stated.sums.items() if sums[name] != value]
    taxes = {group.tax.group: (group.taxable, group.amount) for group in totals.taxes}
    return wrong if taxes == stated.taxes else [*wrong, taxes, stated.taxes]


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}-{path.name}")
def test_quantities_and_prices_come_to_the_sums_of_the_invoice(path: Path) -> None:
    invoice = _read(path)
    assert invoice.sheet is not None
    totals = add_up(invoice.sheet)
    lines = [(ours.net, one.net) for ours, one in zip(totals.lines, invoice.items, strict=True) if ours.net != one.net]
    differing = [*lines, *_differing(totals, invoice)]
    # A whole folder is listed where most of its files are odd, so a listed file may well come out even.
    assert not differing or _odd(path, ODD_LINES) or _odd(path, ODD_SUMS)


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}-{path.name}")
def test_what_does_not_add_up_is_told_once_and_nothing_else_is(path: Path) -> None:
    codes = {one.code for one in differences(_read(path))}
    assert not codes & {"not_checked", "unpriceable"}
    assert bool(codes - {"line"}) == _odd(path, ODD_SUMS), (
        "stated lines come to the stated sums even where a price is odd"
    )
    assert "line" not in codes or _odd(path, ODD_LINES)


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}-{path.name}")
def test_every_sample_says_number_day_parties_and_total(path: Path) -> None:
    invoice = _found(path)
    if isinstance(invoice, str):
        assert (invoice, "invalid-xml" in path.name) == ("einvoice.broken", True)
        return
    assert invoice.number and invoice.date.year > 1990 and len(invoice.currency) == 3
    assert invoice.seller.name and invoice.stated.sums["gross"].is_finite()
    assert invoice.syntax == ("UBL" if "ubl" in path.name else "CII")


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}-{path.name}")
def test_samples_break_no_rule_but_those_that_are_known_to(path: Path) -> None:
    invoice = _found(path)
    if isinstance(invoice, str):
        return
    expected: set[str] = next((names for part, names in ODD_RULES.items() if part in path.as_posix()), set())
    assert {one.rule for one in broken_rules(invoice)} == expected


def test_the_official_suite_is_there_and_nearly_all_of_it_is_even() -> None:
    given.given("inv_xrechnung")
    official = [path for path in FILES if "inv_xrechnung" in path.as_posix()]
    assert len(official) >= 80
    assert sum(_odd(path, ODD_LINES) or _odd(path, ODD_SUMS) for path in official) == 8
