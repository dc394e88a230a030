"""E-invoices of EN 16931 (XRechnung, ZUGFeRD, Factur-X): found in a PDF, read, checked against their own figures."""

from klientel.lib.einvoices.checking import Difference, differences
from klientel.lib.einvoices.document import EInvoice, Item, Party, Stated
from klientel.lib.einvoices.finding import xml_of
from klientel.lib.einvoices.reading import read

__all__ = ["Difference", "EInvoice", "Item", "Party", "Stated", "differences", "read", "xml_of"]
