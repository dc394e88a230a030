"""A CRM's opportunities: accounts, products, sellers with their teams, and deals with the days they began and ended."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

from klientel.kernel.actions import Item
from klientel.lib import clock
from klientel.site.demo.sets import Loading, Row, by_day, instant, place_of, rows, with_columns

DEALS = ("opportunity_id", "sales_agent", "deal_stage", "engage_date", "close_date", "close_value")
STAGES = (
    {"name": "Prospecting", "position": 10, "probability": 10},
    {"name": "Engaging", "position": 20, "probability": 40, "category": "best"},
    {"name": "Won", "position": 30, "probability": 100, "outcome": "won"},
    {"name": "Lost", "position": 40, "probability": 0, "outcome": "lost"},
)
#: the sectors of such files and our industries
SECTORS = {
    "technology": "it", "technolgy": "it", "software": "it", "telecommunications": "it", "medical": "health",
    "retail": "trade", "finance": "finance", "marketing": "services", "services": "services",
    "entertainment": "culture", "employment": "services",
}  # fmt: skip


def knows(path: Path) -> bool:
    """Whether there is a table of opportunities."""
    return with_columns(path, *DEALS) is not None


def read(loading: Loading) -> None:
    """Everything of the folder. A deal is worth what it was closed for; where nothing was, the product's price."""
    file = with_columns(loading.path, *DEALS)
    assert file is not None
    some = rows(file)
    begin = min(_day(r["engage_date"]) for r in some if r["engage_date"]) - dt.timedelta(days=1)
    end = max(_day(r[n]) for r in some for n in ("engage_date", "close_date") if r[n])
    with clock.turned_back(instant(begin)):
        loading.set_up()
        facts = _Facts(loading)
    _play(loading, facts, some, begin, end)


class _Facts:
    """What deals refer to, by the names the files use; names are compared without spaces and case."""

    def __init__(self, loading: Loading) -> None:
        self.prices: dict[str, Decimal] = {}
        self.products = self._products(loading)
        self.accounts = self._accounts(loading)
        self.people = self._people(loading)
        pipeline = loading.create("sales.pipeline", [{"name": "Sales", "standard": True}])[0]
        made = loading.create("sales.stage", [stage | {"pipeline": pipeline} for stage in STAGES])
        self.stages = {str(stage["name"]): i for stage, i in zip(STAGES, made, strict=True)}
        reasons = [{"name": "Agreed", "outcome": "won"}, {"name": "Declined", "outcome": "lost"}]
        self.reasons = dict(zip(("Won", "Lost"), loading.create("sales.closereason", reasons), strict=True))

    def _products(self, loading: Loading) -> dict[str, tuple[str, UUID]]:
        file = with_columns(loading.path, "product", "sales_price")
        some = rows(file) if file else []
        self.prices = {key_of(r["product"]): Decimal(r["sales_price"]) for r in some}
        values = [{"name": r["product"], "price": usd(r["sales_price"])} for r in some]
        made = loading.create("sales.product", values)
        return {key_of(r["product"]): (r["product"], i) for r, i in zip(some, made, strict=True)}

    def _accounts(self, loading: Loading) -> dict[str, UUID]:
        file = with_columns(loading.path, "account", "sector")
        some = rows(file) if file else []
        values = [_account(r) for r in some]
        made = dict(
            zip((key_of(r["account"]) for r in some), loading.create("contacts.organisation", values), strict=True)
        )
        parents = [(made[key_of(r["account"])], made.get(key_of(r.get("subsidiary_of") or ""))) for r in some]
        items = [Item(i, {"parent": str(parent)}) for i, parent in parents if parent]
        loading.do("contacts.organisation.change", items)
        return made

    def _people(self, loading: Loading) -> dict[str, UUID]:
        file = with_columns(loading.path, "sales_agent", "manager")
        some = rows(file) if file else []
        offices = sorted({r.get("regional_office", "") for r in some} - {""})
        above = dict(zip(offices, loading.create("kernel.team", [{"name": o} for o in offices]), strict=True))
        managers = sorted({(r["manager"], r.get("regional_office", "")) for r in some})
        teams = [{"name": f"Team {m}", "parent": str(above[o])} if o else {"name": f"Team {m}"} for m, o in managers]
        below = dict(zip((m for m, _o in managers), loading.create("kernel.team", teams), strict=True))
        role = str(loading.space.roles["sales"])
        values = [
            {"name": r["sales_agent"], "active": True, "roles": [role], "team": str(below[r["manager"]])} for r in some
        ]
        return dict(zip((r["sales_agent"] for r in some), loading.create("kernel.member", values), strict=True))

    def deal(self, row: Row) -> dict[str, Any]:
        """A deal as it begins."""
        name, product = self.products.get(key_of(row.get("product", "")), (row.get("product", ""), None))
        price = row["close_value"] if row["deal_stage"] == "Won" else self.prices.get(key_of(name), "")
        line = {"name": name, "product": str(product or ""), "quantity": "1", "price": str(price or 0), "tax": "zero"}
        account = self.accounts.get(key_of(row.get("account", "")))
        owner = self.people.get(row["sales_agent"])
        stage = "Prospecting" if row["deal_stage"] == "Prospecting" else "Engaging"
        return {
            "name": f"{row['opportunity_id']} {name}", "organisation": account and str(account),
            "owner": owner and str(owner), "stage": str(self.stages[stage]), "positions": [line],
        }  # fmt: skip


def _play(loading: Loading, facts: _Facts, some: list[Row], begin: dt.date, end: dt.date) -> None:
    """Each deal begins on its day and is won or lost on its day; what has no day begins with the last one."""
    begun: dict[dt.date, list[Row]] = {}
    closed: dict[tuple[dt.date, str], list[Row]] = {}
    for row in some:
        begun.setdefault(_day(row["engage_date"]) if row["engage_date"] else end, []).append(row)
        if row["close_date"] and row["deal_stage"] in ("Won", "Lost"):
            closed.setdefault((_day(row["close_date"]), row["deal_stage"]), []).append(row)
    made: dict[str, UUID] = {}
    for day in by_day(begin, [*begun, *(d for d, _stage in closed)]):
        new = begun.get(day, [])
        ids = loading.create("sales.deal", [facts.deal(r) for r in new])
        made |= dict(zip((r["opportunity_id"] for r in new), ids, strict=True))
        for stage, verb in (("Won", "win"), ("Lost", "lose")):
            reason = {"reason": str(facts.reasons[stage])}
            ended = closed.get((day, stage), [])
            loading.do(f"sales.deal.{verb}", [Item(made[r["opportunity_id"]], reason) for r in ended])


def _account(row: Row) -> dict[str, Any]:
    address = place_of(country=row.get("office_location", ""))
    revenue = Decimal(row["revenue"]) * 1_000_000 if row.get("revenue") else None
    return {
        "name": row["account"], "industry": SECTORS.get(row["sector"].lower(), "other"),
        "addresses": [address] if address else [],
        "employees": int(row["employees"]) if row.get("employees") else None,
        "turnover": usd(str(revenue.quantize(Decimal("0.01")))) if revenue is not None else None,
    }  # fmt: skip


def key_of(name: str) -> str:
    """A name as files spell it in more than one way: GTX Pro, GTXPro."""
    return "".join(name.lower().split())


def usd(amount: str) -> dict[str, str]:
    """An amount of such a file."""
    return {"amount": amount, "currency": "USD"}


def _day(text: str) -> dt.date:
    return dt.date.fromisoformat(text)
