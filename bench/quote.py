"""A quote of 200 lines, added up: sections, discounts of lines and of the whole, four kinds of tax."""

from __future__ import annotations

import datetime as dt
import json
import time
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from klientel.lib.pricing import OPTIONAL, Change, Position, Sheet, Tax, add_up

LINES, ROUNDS, MOST, PAPERS = 200, 50, 20.0, 5
TAXES = (Tax("S", Decimal(19)), Tax("S", Decimal(7)), Tax("AE"), Tax("E", reason="§ 19 UStG"))


def measure() -> dict[str, Any]:
    """CPU milliseconds for adding up once."""
    whole = sheet()
    add_up(whole)
    begun = time.process_time()
    for _round in range(ROUNDS):
        add_up(whole)
    spent = (time.process_time() - begun) * 1000 / ROUNDS
    found = {f"{LINES} lines added up": f"{spent:.2f} ms CPU (at most {MOST:.0f})"}
    return found | _paper()


def _paper() -> dict[str, Any]:
    """The PDF of a quote of 200 lines, all from the record on, against compiling the same pages and nothing else."""
    from uuid import uuid4

    import typst

    from klientel.kernel.tenancy import inside
    from klientel.lib.quotations import FILE
    from klientel.sales.models import Quote, QuoteForm, quoting
    from klientel.sales.queries import paper
    from klientel.sales.queries.quotation import quotation
    from klientel.sales.queries.recipient import Recipient

    with inside(uuid4()):
        form = QuoteForm(name="Bench", company="Hansewerk GmbH", terms="Zahlbar in 14 Tagen.")
        source = paper.TEMPLATE.read_bytes()
        options = {"format": "pdf", "pdf_standards": "a-3b", "ignore_system_fonts": True}

        def written(n: int) -> Any:
            lines = quoting.with_rates([_line(place, n) for place in range(LINES)], form)
            facts = {
                "number": f"AN-{n}",
                "name": "Bench",
                "language": "de",
                "currency": "EUR",
                "salutation": "Guten Tag",
            }
            return Quote(date=dt.date(2026, 3, 1), positions=lines, **facts)

        def ours(n: int) -> Any:
            quote, nobody = written(n), Recipient(None, None)
            said = paper.said(None, quote, form, nobody) | {"logo": "", "machine": FILE}
            return paper.drawn(said, {FILE: quotation(quote, form, nobody)}, paper.TEMPLATE)

        def bare(said: str) -> Any:
            return typst.compile({"main.typ": source}, sys_inputs={"quote": said}, **options)

        return _ratio(ours, bare, lambda n: json.dumps(paper.said(None, written(n), form) | {"logo": ""}))


def _ratio(ours: Callable[[int], Any], bare: Callable[[str], Any], said: Callable[[int], str]) -> dict[str, Any]:
    spent = {"ours": 0.0, "bare": 0.0}
    for n in range(PAPERS + 1):  # every paper says something else: the compiler remembers what it has drawn
        content = said(n + 100)
        for name, work in (("ours", lambda n=n: ours(n)), ("bare", lambda content=content: bare(content))):
            begun = time.process_time()
            work()
            spent[name] += (time.process_time() - begun) if n else 0.0
    ratio = spent["ours"] / spent["bare"]
    told = f"{spent['ours'] * 1000 / PAPERS:.0f} ms CPU, {ratio:.2f}x a bare compile (at most 1.5)"
    return {f"PDF of {LINES} lines": told}


def _line(place: int, n: int) -> dict[str, str]:
    return {"name": f"Position {n}.{place}", "text": "Werkstoff S235, verzinkt", "quantity": "3", "unit": "Stück",
            "price": "19.90", "discount": str(place % 9)}  # fmt: skip


def sheet() -> Sheet:
    """A quote as long as they get."""
    return Sheet("EUR", tuple(_position(place) for place in range(LINES)), discount=Change(percent=Decimal("3.5")))


def _position(place: int) -> Position:
    changes = (Change(percent=Decimal(place % 15) / 2),) if place % 3 else (Change(amount=Decimal("0.49")),)
    return Position(
        Decimal(place + 1) / 4, Decimal("19.9") + place, TAXES[place % len(TAXES)], changes,
        role=OPTIONAL if place % 20 == 19 else "counted", section=str(place // 25),
    )  # fmt: skip
