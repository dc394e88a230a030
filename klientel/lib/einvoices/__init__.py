"""E-invoices of EN 16931 (XRechnung, ZUGFeRD, Factur-X): found in a PDF, read, checked against their own figures."""

from klientel.lib.einvoices.checking import Difference, broken_rules, differences
from klientel.lib.einvoices.document import EInvoice, Item, Party, Stated
from klientel.lib.einvoices.finding import xml_of
from klientel.lib.einvoices.reading import read
from klientel.lib.einvoices.rules import Breach

__all__ = [
    "Breach",
    "Difference",
    "EInvoice",
    "Item",
    "Party",
    "Stated",
    "broken_rules",
    "differences",
    "read",
    "xml_of",
]
