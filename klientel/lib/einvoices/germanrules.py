"""The rules that XRechnung 3.0 adds for Germany (KoSIT: BR-DE-…); they hold where an invoice names that profile."""

from __future__ import annotations

import re
from collections.abc import Iterator

from klientel.lib.bank import read_iban
from klientel.lib.einvoices.rules import Breach, lacking
from klientel.lib.einvoices.terms import Group
from klientel.lib.sentences import Unreadable

_NEEDED = (
    ("BR-DE-2", "", "BG-6"), ("BR-DE-3", "BG-5", "BT-37"), ("BR-DE-4", "BG-5", "BT-38"), ("BR-DE-5", "BG-6", "BT-41"),
    ("BR-DE-6", "BG-6", "BT-42"), ("BR-DE-7", "BG-6", "BT-43"), ("BR-DE-8", "BG-8", "BT-52"),
    ("BR-DE-9", "BG-8", "BT-53"), ("BR-DE-10", "BG-15", "BT-77"), ("BR-DE-11", "BG-15", "BT-78"),
    ("BR-DE-15", "", "BT-10"),
)  # fmt: skip
#: since XRechnung 3.0
_ADDRESSES = (("PEPPOL-EN16931-R020", "", "BT-34"), ("PEPPOL-EN16931-R010", "", "BT-49"))
_OLD = re.compile(r"xrechnung_[12](\.|$)")
_TYPES = frozenset(["326", "380", "384", "389", "381", "875", "876", "877"])
_PHONE, _EMAIL = re.compile(r"(\D*\d){3}"), re.compile(r"[^@\s]*[^@\s.]@[^@\s.][^@\s]*[^@\s.]")
#: BG-17, BG-18 or BG-19 by the code of payment (BR-DE-23, -24, -25)
_MEANS = {"30": ("23", "BG-17"), "58": ("23", "BG-17"), "48": ("24", "BG-18"), "54": ("24", "BG-18"),
          "55": ("24", "BG-18"), "59": ("25", "BG-19")}  # fmt: skip


def is_german(head: Group) -> bool:
    """Whether an invoice says that it is an XRechnung."""
    return "xrechnung" in head["BT-24"].lower()


def german_breaches(head: Group) -> Iterator[Breach]:
    """What an XRechnung lacks or says wrongly; nothing for other invoices."""
    if not is_german(head):
        return
    yield from lacking(head, _NEEDED if _OLD.search(head["BT-24"].lower()) else (*_NEEDED, *_ADDRESSES))
    if not head.all("BG-16"):
        yield Breach("BR-DE-1", "missing", "BG-16")
    taxed = {one["BT-118"] for one in head.all("BG-23")} & {"S", "Z", "E", "AE", "K", "G", "L", "M"}
    if taxed and not head.any("BT-31", "BT-32", "BG-11"):
        yield Breach("BR-DE-16", "id_missing", "BT-31", said=min(taxed))
    if head["BT-3"] and head["BT-3"] not in _TYPES:
        yield Breach("BR-DE-17", "unknown_code", "BT-3", said=head["BT-3"])
    if head["BT-3"] == "384" and not head.all("BG-3"):
        yield Breach("BR-DE-26", "missing", "BG-3")
    if head["BT-42"] and not _PHONE.match(head["BT-42"]):
        yield Breach("BR-DE-27", "no_phone", "BT-42", said=head["BT-42"])
    if head["BT-43"] and not _EMAIL.fullmatch(head["BT-43"]):
        yield Breach("BR-DE-28", "no_email", "BT-43", said=head["BT-43"])
    names = [one["BT-125-2"] for one in head.all("BG-24") if one["BT-125-2"]]
    if len({name.lower() for name in names}) < len(names):
        yield Breach("BR-DE-22", "file_twice", "BT-125-2")
    for one in head.all("BG-16"):
        yield from _payment(head, one)


def _payment(head: Group, one: Group) -> Iterator[Breach]:
    number, group = _MEANS.get(one["BT-81"], ("", ""))
    if group and not one.any(group) and not (group == "BG-19" and head.any("BT-89")):
        yield Breach(f"BR-DE-{number}-a", "missing", group)
    for other in {"BG-17", "BG-18", "BG-19"} - {group} if group else ():
        if one.any(other):
            yield Breach(f"BR-DE-{number}-b", "payment_mixed", other)
    for code, term, rule in (("58", "BT-84", "BR-DE-19"), ("59", "BT-91", "BR-DE-20")):
        if one["BT-81"] == code and one[term] and not _is_iban(one[term]):
            yield Breach(rule, "no_iban", term, said=one[term])
    if one["BT-81"] == "59":
        if not head.any("BT-90"):
            yield Breach("BR-DE-30", "missing", "BT-90")
        if not one.any("BT-91"):
            yield Breach("BR-DE-31", "missing", "BT-91")


def _is_iban(text: str) -> bool:
    try:
        return bool(read_iban(text))
    except Unreadable:
        return False
