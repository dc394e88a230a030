"""Sums of a record type that are kept ready in a table of their own: when a question may be put to it instead.

A domain declares what its table keeps. The table has columns of the same names as the fields by which it tells its
rows apart, so the very conditions and rights of the records hold for it; where one of them asks for anything else, the
records themselves are counted. Both give the same numbers.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from klientel.insights.queries.rates import exchanged
from klientel.kernel.access import ActorScope
from klientel.kernel.access.granting import allowed
from klientel.kernel.conditions import compile as compile_condition
from klientel.kernel.kinds.base import currency_of_tenant
from klientel.kernel.records import RecordType
from klientel.kernel.sql import Sql, both

#: of every row with amounts: their currency, and their day where it is not our own; ``t.n`` is how many records
CURRENCY, DAY = Sql("t.currency"), Sql("t.day")


@dataclass(frozen=True)
class Kept:
    """``day`` is the date field that stands there by its month, ``fields`` what else tells the rows apart.

    ``totals`` names the columns of amounts by (money field, weight, day); ``wanting`` is a table with a row for each
    tenant whose sums are not filled in yet.
    """

    rtype: str
    table: str
    day: str
    fields: frozenset[str]
    wanting: str
    totals: dict[tuple[str, str, str], str]

    def inside(self, scope: ActorScope, rtype: RecordType, where: Any) -> Sql | None:
        """The WHERE of the rows ``t`` that this actor's records of a condition are summed up in; None where the
        condition or a right asks for more than is kept."""
        rights = [] if scope.extent(rtype) == "all" else [dict(g.where) for g in scope.grants(rtype, "view")]
        if not all(self.tells(part) for part in (where, *rights) if part):
            return None
        parts = [Sql("t.tenant_id = %s", (scope.tenant,)), allowed(scope, rtype, "view", "t")]
        return both([*parts, compile_condition(rtype, where, scope, "t")] if where else parts)

    def tells(self, json: Any) -> bool:
        """Whether the rows that are kept can answer a condition."""
        match json:
            case {"all": list(parts)} | {"any": list(parts)}:
                return all(self.tells(part) for part in parts)
            case {"not": part}:
                return self.tells(part)
            case {"field": self.day, "op": "between", "value": [str(first), str(last)]}:
                return _whole_months(first, last)
            case {"field": str(path)}:
                return path.partition(".")[0] in self.fields
        return False

    def groups(self, path: str, bucket: str) -> bool:
        """Whether the rows can be grouped by a field, or by the month, quarter or year of the day."""
        return bool(bucket) if path == self.day else path.partition(".")[0] in self.fields and not bucket

    def gives(self, how: str, total: tuple[str, str, str]) -> bool:
        """Whether a measure can be told: how many records there are, or one of the amounts."""
        return how == "count" or (how == "total" and total in self.totals)

    def worth(self, money: str, weight: str, day: str) -> Sql:
        """An amount of a row in our currency."""
        return exchanged(Sql(f"t.{self.totals[money, weight, day]}"), CURRENCY, DAY)

    def stale(self, scope: ActorScope) -> Sql:
        """Whether the sums cannot be trusted: not filled in yet, or of the time of another currency of the tenant."""
        wanted = Sql(f"EXISTS (SELECT FROM {self.wanting} w WHERE w.tenant_id = %s)", (scope.tenant,))
        if not self.totals:
            return wanted
        text = f"({wanted.text} OR coalesce(bool_or(t.day IS NULL AND t.currency <> %s), false))"
        return Sql(text, (*wanted.params, currency_of_tenant()))


def _whole_months(first: str, last: str) -> bool:
    try:
        begin, after = dt.date.fromisoformat(first), dt.date.fromisoformat(last) + dt.timedelta(days=1)
    except (ValueError, OverflowError):
        return False
    return begin.day == 1 and after.day == 1


_declared: dict[str, list[Kept]] = {}


def keep(kept: Kept) -> None:
    """Make known that a domain keeps these sums."""
    _declared.setdefault(kept.rtype, []).append(kept)


def kept_of(rtype: RecordType) -> Sequence[Kept]:
    """What is kept of a type."""
    return _declared.get(rtype.key, ())
