"""The sums of e-invoices that others wrote are the sums we work out."""

import sys
from dataclasses import replace
from decimal import Decimal
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest

from klientel.lib.pricing import Sheet, Totals, add_up

_HERE = Path(__file__).parent


def _beside(name: str):
    spec = spec_from_file_location(f"lib_tests_{name}", _HERE / f"{name}.py")
    module = sys.modules[spec.name] = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


invoices, given = _beside("invoices"), _beside("given")

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

FILES = [path for path in given.given_files("inv_xrechnung", "inv_zugferd") if path.suffix.lower() in (".xml", ".pdf")]


def _read(path: Path):
    given.given("inv_xrechnung")
    data = invoices.invoices_in(path)
    try:
        found = invoices.read(data) if data else None
    except SyntaxError:
        assert "invalid-xml" in path.name
        found = None
    if found is None:
        pytest.skip("no lines of EN 16931 in this file")
    return found


def _odd(path: Path, known: dict[str, str]) -> bool:
    return any(name in path.as_posix() for name in known)


def _differing(totals: Totals, stated) -> list[object]:
    """Sums of ours that are not those stated."""
    sums = {name: getattr(totals, name) for name in stated.sums}
    sums["due"] += stated.third_party  # what others are paid through this invoice: an extension of XRechnung
    wrong: list[object] = [(name, sums[name], value) for name, value in stated.sums.items() if sums[name] != value]
    taxes = {group.tax.group: (group.taxable, group.amount) for group in totals.taxes}
    return wrong if taxes == stated.taxes else [*wrong, taxes, stated.taxes]


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}-{path.name}")
def test_quantities_and_prices_come_to_the_sums_of_the_invoice(path: Path) -> None:
    sheet, stated = _read(path)
    totals = add_up(sheet)
    lines = [(ours.net, theirs) for ours, theirs in zip(totals.lines, stated.lines, strict=True) if ours.net != theirs]
    differing = [*lines, *_differing(totals, stated)]
    # A whole folder is listed where most of its files are odd, so a listed file may well come out even.
    assert not differing or _odd(path, ODD_LINES) or _odd(path, ODD_SUMS)


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}-{path.name}")
def test_stated_lines_come_to_the_stated_sums_even_where_a_price_is_odd(path: Path) -> None:
    sheet, stated = _read(path)
    differing = _differing(add_up(_of_stated_lines(sheet, stated.lines)), stated)
    assert bool(differing) == _odd(path, ODD_SUMS)


def _of_stated_lines(sheet: Sheet, nets: list[Decimal]) -> Sheet:
    """The sheet with every line as one piece at what the invoice says the line comes to."""
    positions = tuple(
        replace(one, quantity=Decimal(1).copy_sign(net), unit_price=abs(net), per=Decimal(1), changes=())
        for one, net in zip(sheet.positions, nets, strict=True)
    )
    return replace(sheet, positions=positions)


def test_the_official_suite_is_there_and_nearly_all_of_it_is_even() -> None:
    given.given("inv_xrechnung")
    official = [path for path in FILES if "inv_xrechnung" in path.as_posix()]
    assert len(official) >= 80
    assert sum(_odd(path, ODD_LINES) or _odd(path, ODD_SUMS) for path in official) == 8
