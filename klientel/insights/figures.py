"""A figure: a table of numbers, drawn as a chart where that helps. Every number may lead to the list behind it."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from django.utils import formats
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from klientel.insights.queries.adding import Added, By, Group, kind_of
from klientel.kernel.kinds import Link
from klientel.kernel.kinds.base import currency_of_tenant
from klientel.kernel.records import RecordType
from klientel.kernel.web.addresses import place, urlencoded
from klientel.kernel.web.listing import dumped
from klientel.kernel.web.speech import large
from klientel.lib import numbers
from klientel.lib.tables.writing import guard

CENT = Decimal("0.01")


@dataclass(frozen=True)
class Cell:
    """A value as it is, as people read it, and the list behind it."""

    value: Any
    text: str
    url: str = ""


@dataclass(frozen=True)
class Column:
    """A column of numbers. ``tone`` (``a`` … ``e``) gives its colour in the chart; without one it is in the table only.
    ``form``: drawn as ``bar`` or as ``line``."""

    label: str
    tone: str = ""
    form: str = "bar"
    beside: bool = False  # stands beside a lying bar, too


@dataclass
class Table:
    """``rows`` are a label and a cell per column; ``foot`` adds them up where that makes sense."""

    head: str
    columns: list[Column]
    rows: list[tuple[Cell, list[Cell]]]
    foot: list[Cell] = field(default_factory=list)
    apart: dict[str, Decimal] = field(default_factory=dict)  # what has no rate: by currency
    foot_label: str = ""

    @property
    def apart_text(self) -> str:
        """What could not be converted, for people; empty where everything could."""
        return ", ".join(numbers.format_money(amount, code, _language()) for code, amount in self.apart.items())


def _language() -> str:
    return get_language() or "en"


def listed(rtype: RecordType, where: Any) -> str:
    """The address of the list of these records."""
    return f"{place('list', rtype.slug)}?{urlencoded({'where': dumped(where)})}"


def text(value: Any, url: str = "") -> Cell:
    """Words."""
    return Cell(value, str(value), url)


def count(value: int | None, url: str = "") -> Cell:
    """How many; a nought leads nowhere."""
    return Cell(value or 0, numbers.format_decimal(Decimal(value or 0), _language()), url if value else "")


def money(value: Decimal | None, url: str = "") -> Cell:
    """An amount in our currency, rounded here and nowhere before (to the cent; shown without cents)."""
    if value is None:
        return Cell(None, "–")
    rounded = value.quantize(CENT, ROUND_HALF_UP)
    return Cell(rounded, numbers.format_round_money(rounded, currency_of_tenant(), _language()), url)


def share(part: Any, whole: Any, url: str = "") -> Cell:
    """A part of a whole in per cent, to one place; of nothing it is not known."""
    if not whole:
        return Cell(None, "–")
    found = (Decimal(part or 0) * 100 / Decimal(whole)).quantize(Decimal("0.1"), ROUND_HALF_UP)
    return Cell(found, numbers.format_percent(found, _language(), places=1), url)


def days(seconds: Any, url: str = "") -> Cell:
    """A length of time in days, to one place."""
    if seconds is None:
        return Cell(None, "–")
    found = (Decimal(seconds) / 86_400).quantize(Decimal("0.1"), ROUND_HALF_UP)
    return Cell(found, _("%(n)s days") % {"n": numbers.format_decimal(found, _language(), places=1)}, url)


def named(added: Added, n: int, group: Group) -> str:
    """What a key of a group is called."""
    return called(added.rtype, added.by[n], group.keys[n], added.names)


def called(rtype: RecordType, by: By, key: Any, names: dict[Any, str]) -> str:
    """A key for people: the name of a record, the label of a choice, a month."""
    if key is None:
        return _("not given")
    kind = kind_of(rtype, by.path)
    if by.bucket:
        return bucket_name(by.bucket, key)
    if isinstance(kind, Link):
        return names.get(key, _("not visible"))
    return large(kind.show(key))


def bucket_name(bucket: str, day: Any) -> str:
    """``Nov. 2026``, ``Q4 2026``, ``2026``."""
    if bucket == "month":
        return formats.date_format(day, "M Y")
    return f"Q{(day.month + 2) // 3} {day.year}" if bucket == "quarter" else str(day.year)


def bucket_head(bucket: str) -> str:
    """What stands over the names of such steps."""
    return {"month": _("Month"), "quarter": _("Quarter"), "year": _("Year")}[bucket]


def as_csv(table: Table) -> bytes:
    """A table as a file: values as they are, a decimal comma where German is spoken."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, delimiter=";", lineterminator="\r\n")
    buffer.write("\ufeff")
    writer.writerow([guard(t) for t in (table.head, *(c.label for c in table.columns))])
    for label, cells in table.rows:
        writer.writerow([guard(label.text), *_values(cells)])
    if table.foot:
        writer.writerow([table.foot_label or _("Sum"), *_values(table.foot)])
    for code, amount in table.apart.items():
        writer.writerow([_("Without an exchange rate"), f"{_plain(amount)} {code}"])
    return buffer.getvalue().encode()


def _values(cells: Iterable[Cell]) -> list[str]:
    return [_plain(c.value) if isinstance(c.value, Decimal | int) else guard(c.text if c.value else "") for c in cells]


def _plain(value: Any) -> str:
    found = format(value, "f") if isinstance(value, Decimal) else str(value)
    return found.replace(".", ",") if _language().startswith("de") else found
