"""What lists of orders, invoices and payments look like that shops and ERPs export."""

from __future__ import annotations

from klientel.kernel.transfer.targets import Preset, preset
from klientel.lib.words import fold
from klientel.sales.models.invoicing import CREDIT, INVOICE
from klientel.sales.presets.lines import LINES, SYNONYMS

_CUSTOMER = ("kunde", "kundenname", "kundennummer", "kundennr", "debitor", "debitorennummer", "firma", "customer",
             "customer number", "client", "account", "company", "ust-idnr", "vat id")  # fmt: skip
_INVOICE = ("rechnungsnummer", "rechnungsnr", "rechnungs-nr.", "rechnung nr", "rg-nr", "belegnummer", "belegnr",
            "belegfeld 1", "invoice number", "invoice no", "invoice", "rechnung")  # fmt: skip
_CURRENCY = ("währung", "wkz", "wkz umsatz", "currency")
_CREDITS = ("gutschrift", "rechnungskorrektur", "storno", "stornorechnung", "credit note", "credit", "381", "gs")


def sort(text: str) -> str:
    """Whether a word says that it is a credit note ("Gutschrift", "Storno", "GS")."""
    return CREDIT if fold(text) in _CREDITS else INVOICE


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
        }
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
        known_by=("number",),
        creates=("organisation",),
    ),
)
