"""Reading the XML of an e-invoice: hardened against hostile input, in both syntaxes of EN 16931."""

from typing import Any
from xml.etree.ElementTree import Element, ParseError, TreeBuilder

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser

from klientel.lib.einvoices import cii, ubl
from klientel.lib.einvoices.document import EInvoice
from klientel.lib.einvoices.pdf import LARGEST
from klientel.lib.sentences import Unreadable

DEEPEST, MOST = 60, 400_000


class _Bounded(TreeBuilder):
    """Builds the tree with names without namespaces, and stops where it grows too deep or too large."""

    def __init__(self) -> None:
        super().__init__()
        self._depth = self._count = 0

    def start(self, tag: Any, attrs: Any, /) -> Any:
        self._depth += 1
        self._count += 1
        if self._depth > DEEPEST or self._count > MOST:
            raise Unreadable("einvoice.too_large")
        return super().start(tag.rpartition("}")[2], attrs)

    def end(self, tag: Any, /) -> Any:
        self._depth -= 1
        return super().end(tag.rpartition("}")[2])


def read(data: bytes) -> EInvoice:
    """What an invoice says. Raises Unreadable (einvoice.…) for what is no invoice, broken or hostile."""
    root = _tree(data)
    if root.tag in ("Invoice", "CreditNote"):
        return ubl.read(root)
    if root.tag == "CrossIndustryInvoice":
        return cii.read(root)
    if root.tag == "CrossIndustryDocument":
        raise Unreadable("einvoice.old")
    raise Unreadable("einvoice.other", name=str(root.tag)[:60])


def _tree(data: bytes) -> Element:
    if len(data) > LARGEST:
        raise Unreadable("einvoice.too_large")
    parser = DefusedXMLParser(target=_Bounded(), forbid_dtd=True)
    try:
        parser.feed(data)
        root: Element = parser.close()
    except DefusedXmlException as reason:
        raise Unreadable("einvoice.dtd") from reason
    except Unreadable:
        raise
    except (ParseError, ValueError, LookupError) as reason:
        looks = data.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"<" or data[:2] in (b"\xff\xfe", b"\xfe\xff")
        raise Unreadable("einvoice.broken" if looks else "einvoice.no_invoice") from reason
    return root
