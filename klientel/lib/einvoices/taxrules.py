"""The rules of EN 16931-1 by category of tax (BR-S, -Z, -E, -AE, -IC, -G, -O, -AF, -AG, each 1 to 10 and some more)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from klientel.lib.einvoices.rules import Breach
from klientel.lib.einvoices.terms import Group

_ANY = ("BT-31", "BT-32", "BT-63")


@dataclass(frozen=True, slots=True)
class _Category:
    """What one category asks for: which ids of seller and buyer (one of each), which rate, whether a reason."""

    family: str
    seller: tuple[str, ...] = _ANY
    buyer: tuple[str, ...] = ()
    rate: str = "zero"
    reason: bool = True
    once: bool = True


_CATEGORIES = {
    "S": _Category("S", rate="above", reason=False, once=False),
    "Z": _Category("Z", reason=False),
    "E": _Category("E"),
    "AE": _Category("AE", buyer=("BT-48", "BT-47")),
    "K": _Category("IC", seller=("BT-31", "BT-63"), buyer=("BT-48",)),
    "G": _Category("G", seller=("BT-31", "BT-63")),
    "O": _Category("O", seller=(), rate="none"),
    "L": _Category("AF", rate="any", reason=False, once=False),
    "M": _Category("AG", rate="any", reason=False, once=False),
}
#: where a category stands: (group, its category, its rate, numbers of the rules on ids and on rates)
_PLACES = (
    ("BG-25", "BT-151", "BT-152", "02", "05"),
    ("BG-20", "BT-95", "BT-96", "03", "06"),
    ("BG-21", "BT-102", "BT-103", "04", "07"),
)


def tax_breaches(head: Group) -> Iterator[Breach]:
    """What does not fit the categories of tax that an invoice names."""
    for code, asked in _CATEGORIES.items():
        used = [place for place in _PLACES if any(one[place[1]] == code for one in head.all(place[0]))]
        groups = [one for one in head.all("BG-23") if one["BT-118"] == code]
        if used and not groups:
            yield Breach(f"BR-{asked.family}-01", "no_group", "BG-23", said=code)
        elif asked.once and len(groups) > 1:
            yield Breach(f"BR-{asked.family}-01", "group_twice", "BG-23", said=code)
        for place in used:
            yield from _ids(head, code, asked, place[3])
            yield from _rates(head, code, asked, place)
        for one in groups:
            yield from _group(one, code, asked)
    yield from _abroad(head)
    yield from _untaxed(head)


def _ids(head: Group, code: str, asked: _Category, number: str) -> Iterator[Breach]:
    rule = f"BR-{asked.family}-{number}"
    if code == "O":
        if found := next((term for term in ("BT-31", "BT-63", "BT-48") if head.any(term)), ""):
            yield Breach(rule, "id_too_much", found, said=code)
        return
    if not head.any(*asked.seller):
        yield Breach(rule, "id_missing", asked.seller[0], said=code)
    if asked.buyer and not head.any(*asked.buyer):
        yield Breach(rule, "id_missing", asked.buyer[0], said=code)


def _rates(head: Group, code: str, asked: _Category, place: tuple[str, ...]) -> Iterator[Breach]:
    group, category, rate, _ids, number = place
    for n, one in enumerate(head.all(group), 1):
        if one[category] == code and not _fits(one[rate], asked.rate):
            yield Breach(f"BR-{asked.family}-{number}", "rate", rate, n if group == "BG-25" else 0, one[rate] or "–")


def _fits(rate: str, asked: str) -> bool:
    if asked == "none" or not rate:
        return asked == "none" and not rate
    return Decimal(rate) > 0 if asked == "above" else Decimal(rate) == 0 if asked == "zero" else Decimal(rate) >= 0


def _group(one: Group, code: str, asked: _Category) -> Iterator[Breach]:
    if code != "O" and not one["BT-119"]:
        yield Breach("BR-48", "missing", "BT-119")
    if not asked.reason and one.any("BT-120", "BT-121"):
        yield Breach(f"BR-{asked.family}-10", "reason_too_much", "BT-120", said=code)
    if asked.reason and not one.any("BT-120", "BT-121"):
        yield Breach(f"BR-{asked.family}-10", "reason_missing", "BT-120", said=code)
    if asked.rate in ("zero", "none") and one["BT-117"] and Decimal(one["BT-117"]) != 0:
        yield Breach(f"BR-{asked.family}-09", "taxed", "BT-117", said=code)


def _abroad(head: Group) -> Iterator[Breach]:
    """A delivery within the EU says when and to which country it went."""
    if any(one["BT-118"] == "K" for one in head.all("BG-23")):
        if not head.any("BT-72", "BG-14"):
            yield Breach("BR-IC-11", "missing", "BT-72")
        if not head.any("BT-80"):
            yield Breach("BR-IC-12", "missing", "BT-80")


def _untaxed(head: Group) -> Iterator[Breach]:
    """What is not subject to tax stands alone."""
    groups = [one["BT-118"] for one in head.all("BG-23")]
    if "O" in groups and len(groups) > 1:
        yield Breach("BR-O-11", "mixed", "BG-23")
