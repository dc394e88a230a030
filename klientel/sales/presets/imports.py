"""What lists of deals, products, prices, orders, invoices and payments look like that shops, CRMs and ERPs export."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.utils.translation import gettext_lazy as _

from klientel.kernel.transfer.targets import Part, Preset, preset
from klientel.lib.numbers import currency_in, read_decimal
from klientel.lib.words import fold
from klientel.sales.models.invoicing import CREDIT, INVOICE
from klientel.sales.presets import stages
from klientel.sales.presets.lines import LINES, SYNONYMS

_CUSTOMER = ("kunde", "kundenname", "kundennummer", "kundennr", "debitor", "debitorennummer", "firma", "customer",
             "customer number", "client", "account", "company", "ust-idnr", "vat id")  # fmt: skip
_INVOICE = ("rechnungsnummer", "rechnungsnr", "rechnungs-nr.", "rechnung nr", "rg-nr", "belegnummer", "belegnr",
            "belegfeld 1", "invoice number", "invoice no", "invoice", "rechnung")  # fmt: skip
_ARTICLE = ("artikelnummer", "artikelnr", "artikel-nr.", "art.-nr.", "produktnummer", "nummer", "sku", "product id",
            "product number", "item number", "article number")  # fmt: skip
_CURRENCY = ("währung", "wkz", "wkz umsatz", "currency")
_SWISS = (Decimal("8.1"), Decimal("7.7"))  # 7.7 % until the end of 2023
_CREDITS = ("gutschrift", "rechnungskorrektur", "storno", "stornorechnung", "credit note", "credit", "381", "gs")


def sort(text: str) -> str:
    """Whether a word says that it is a credit note ("Gutschrift", "Storno", "GS")."""
    return CREDIT if fold(text) in _CREDITS else INVOICE


def tax_named(text: str) -> str:
    """The tax of a product by a rate in per cent; other words as they are.

    A standard rate is at least 15 % in the EU (Directive 2006/112/EC, Art. 97); it is 8.1 % in Switzerland.
    """
    try:
        rate = read_decimal(text.replace("%", ""))
    except ValueError:
        return text
    rate *= 100 if 0 < rate < 1 and "%" not in text else 1
    return ("standard" if rate >= 15 or rate in _SWISS else "reduced") if rate else "zero"


def in_currency(*amounts: str) -> Part:
    """A column that says the currency of amounts that stand in others and name none themselves."""

    def read(text: str, texts: dict[str, Any]) -> None:
        for name in amounts:
            if (amount := texts.get(name)) and not currency_in(amount):
                texts[name] = f"{amount} {text}"

    return Part("currency", _("currency"), _CURRENCY, read, amounts)


preset(
    "sales.deal",
    Preset(
        synonyms={
            "name": ("opportunity", "opportunity name", "deal name", "verkaufschance", "chance", "bezeichnung", "titel",
                     "betreff", "vorgang", "projekt", "opportunity id"),
            "organisation": _CUSTOMER,
            "person": ("ansprechpartner", "kontakt", "contact", "contact name", "primary contact", "e-mail", "email"),
            "value": ("wert", "betrag", "volumen", "auftragswert", "amount", "close value", "deal value", "umsatz"),
            "stage": ("phase", "deal stage", "sales stage", "stage name", "verkaufsphase", "vertriebsphase"),
            "pipeline": ("pipeline name", "verkaufsprozess"),
            "reason": ("lost reason", "loss reason", "closed lost reason", "verlustgrund", "grund"),
            "expected_close": ("abschluss", "abschlussdatum", "abschluss erwartet", "erwarteter abschluss",
                               "close date", "closing date", "expected close date"),
            "begun": ("begonnen", "angelegt am", "engage date", "created", "start date"),
            "probability": ("wahrscheinlichkeit", "probability"),
            "source": ("quelle", "lead source", "herkunft"),
            "owner": ("verantwortlich", "zuständig", "verkäufer", "sales agent", "sales rep", "deal owner",
                      "opportunity owner"),
        },
        parts=(
            in_currency("value"),
            Part("outcome", _("open, won or lost"), ("status", "deal status", "state", "ergebnis"), stages.status,
                 ("stage",)),
            Part("won_on", _("won on"), ("won time", "won date", "gewonnen am", "gewonnen um", "closed at"),
                 stages.closed, ("expected_close",)),
            Part("lost_on", _("lost on"), ("lost time", "lost date", "verloren am", "verloren um"), stages.closed,
                 ("expected_close",)),
        ),
        guides={"stage": stages.stages},
        creates=("organisation", "reason"),
    ),
)  # fmt: skip
preset(
    "sales.product",
    Preset(
        synonyms={
            "name": ("bezeichnung", "artikel", "artikelbezeichnung", "artikelname", "produktname", "product name",
                     "item", "title"),
            "number": _ARTICLE,
            "unit": ("einheit", "mengeneinheit", "me", "quantity per unit", "unit of measure"),
            "price": ("preis", "verkaufspreis", "vk", "listenpreis", "nettopreis", "unit price", "sales price",
                      "list price"),
            "cost": ("einkaufspreis", "ek", "kosten", "cost price", "purchase price"),
            "tax": ("steuersatz", "steuer", "mwst", "mehrwertsteuer", "ust", "vat rate", "tax rate"),
            "description": ("beschreibung", "text", "langtext", "long description"),
        },
        parts=(in_currency("price", "cost"),),
        values={"tax": tax_named},
        known_by=("number",),
        keys=("number",),
    ),
)  # fmt: skip
preset(
    "sales.price",
    Preset(
        synonyms={
            "price_list": ("preisliste", "liste", "price list"),
            "product": (*_ARTICLE, "artikel", "produkt", "product"),
            "price": ("preis", "nettopreis", "stückpreis", "net price", "unit price"),
            "from_quantity": ("ab menge", "menge ab", "staffel", "mindestmenge", "min quantity", "from quantity"),
        },
        keys=("price_list", "product", "from_quantity"),
    ),
)
preset(
    "sales.order",
    Preset(
        synonyms={
            "number": (
                "auftragsnummer",
                "auftragsnr",
                "bestellnummer",
                "order number",
                "order no",
                "order id",
                "order",
            ),
            "date": ("auftragsdatum", "bestelldatum", "datum", "order date", "date"),
            "organisation": _CUSTOMER,
            "customer_reference": ("kundenbestellnummer", "ihre bestellnummer", "purchase order"),
            "deliver_by": ("liefertermin", "lieferdatum", "required date", "delivery date"),
            "net": ("netto", "nettobetrag", "net"),
            "tax": ("ust", "mwst", "steuer", "tax"),
            "gross": ("brutto", "gesamtbetrag", "betrag", "total"),
            "currency": _CURRENCY,
            "source": ("shop", "quelle", "system"),
            **SYNONYMS,
        },
        known_by=("number", "customer_reference"),
        keys=("number",),
        creates=("organisation",),
        lines=LINES,
    ),
)
preset(
    "sales.invoice",
    Preset(
        synonyms={
            "number": _INVOICE,
            "date": ("rechnungsdatum", "belegdatum", "datum", "invoice date", "date"),
            "due": ("fällig", "fällig am", "fälligkeit", "fälligkeitsdatum", "zahlbar bis", "due date", "due"),
            "organisation": _CUSTOMER,
            "order": ("auftragsnummer", "auftrag", "order number", "order"),
            "contract": ("vertragsnummer", "vertrag", "contract"),
            "net": ("netto", "nettobetrag", "net amount", "net"),
            "tax": ("ust", "ust-betrag", "mwst", "mwst-betrag", "umsatzsteuer", "steuer", "steuerbetrag", "tax", "vat"),
            "gross": ("brutto", "bruttobetrag", "rechnungsbetrag", "gesamtbetrag", "betrag", "umsatz", "total"),
            "paid": ("bezahlt", "gezahlt", "zahlbetrag", "bezahlter betrag", "paid amount", "paid"),
            "paid_on": ("bezahlt am", "zahlungsdatum", "ausgeglichen am", "paid on", "payment date"),
            "currency": _CURRENCY,
            "sort": ("belegart", "art", "rechnungsart", "document type", "type"),
            "reference": ("referenz", "leitweg-id", "reference"),
            **SYNONYMS,
        },
        values={"sort": sort},
        known_by=("number",),
        keys=("number", "date"),
        creates=("organisation",),
        lines=LINES,
    ),
)  # fmt: skip
preset(
    "sales.payment",
    Preset(
        synonyms={
            "invoice": _INVOICE,
            "date": ("zahlungsdatum", "buchungsdatum", "buchungstag", "valuta", "wertstellung", "datum", "date"),
            "amount": ("betrag", "zahlbetrag", "zahlung", "umsatz", "amount", "payment"),
            "reference": ("verwendungszweck", "referenz", "buchungstext", "reference"),
        },
        parts=(in_currency("amount"),),
    ),
)
preset(
    "sales.contract",
    Preset(
        synonyms={
            "name": ("vertrag", "bezeichnung", "betreff", "contract", "subject"),
            "number": ("vertragsnummer", "vertragsnr", "contract number", "contract no"),
            "organisation": _CUSTOMER,
            "begins": ("beginn", "vertragsbeginn", "laufzeitbeginn", "start", "start date"),
            "ends": ("ende", "vertragsende", "laufzeitende", "end", "end date"),
            "term": ("laufzeit", "laufzeit in monaten", "mindestlaufzeit", "term"),
            "notice": ("kündigungsfrist", "notice period"),
            "value": ("betrag", "vertragswert", "monatlicher betrag", "value"),
        },
        parts=(in_currency("value"),),
        known_by=("number",),
        creates=("organisation",),
    ),
)
