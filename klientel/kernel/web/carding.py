"""Cards of a board, written in Python: a board shows hundreds of them, and each is asked for again when it moves."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from markupsafe import Markup, escape

from klientel.kernel.access.reading import Row
from klientel.kernel.records import type_of
from klientel.kernel.web import cells, symbols
from klientel.kernel.web.addresses import place
from klientel.kernel.web.board import Column, Drawn, column_of, days_in
from klientel.kernel.web.entries import Step
from klientel.kernel.web.speech import date, due, language, large
from klientel.lib import numbers

ICONS = {"due": "circle-check", "begins": "calendar"}


def money(value: Any) -> str:
    """An amount at a glance: of a field, or of a sum."""
    if not value:
        return ""
    amount, currency = (value["amount"], value["currency"]) if isinstance(value, dict) else value[:2]
    return numbers.format_round_money(Decimal(amount), currency, language())


def totals(sums: list[tuple[str, Decimal, Decimal]], *, weighted: bool = False) -> str:
    """What cards are worth, per currency."""
    return ", ".join(money((heavy if weighted else amount, currency)) for currency, amount, heavy in sums)


class Cards:
    """Makes the cards of one board."""

    def __init__(self, drawn: Drawn) -> None:
        self.drawn, self.board = drawn, drawn.board
        self.at = place("list", drawn.rtype.slug)
        self.words = {
            "none": escape(_("Nothing planned")),
            "short": escape(pgettext("days", "d")),
            "late": _("%(n)d d overdue"),
            "menu": _("Actions"),
        }
        self.today = timezone.localdate()
        self.known: dict[Any, str] = {}  # what was made once: avatars, days, amounts

    def html(self, rows: list[Row], column: Column | None = None) -> Markup:
        """Cards one after the other."""
        return Markup("".join(self.card(row, column) for row in rows))  # noqa: S704 - every part is escaped

    def card(self, row: Row, column: Column | None = None) -> str:
        """One card: title, for whom, how much and until when, what comes next, for how long it stands here."""
        column = column or column_of(self.drawn, row)
        days = days_in(row, self.board) if column is not None and not column.outcome else None
        most = column.facts.get("rots_after") if column is not None else None
        rotten = days is not None and most is not None and days > most
        title = escape(row.title)
        return (
            f'<li class="deal{" rot" if rotten else ""}" data-card="{row.id}" data-version="{row.version}">'
            f'<a class="t" href="{self.at}{row.id}/">{title}</a>'
            f'<button class="btn ghost icon sm m" type="button" data-card-menu aria-haspopup="menu"'
            f' aria-label="{escape(self.words["menu"])}: {title}">⋯</button>'
            f'{self._whom(row)}<b class="amt">{escape(money(row.values.get(self.board.amount)))}</b>'
            f"{escape(self._until(row, column))}{self._next(row, column)}"
            f'<span class="end{" late" if rotten else ""}">{self._since(days)}{self._owner(row)}</span></li>'
        )

    def _whom(self, row: Row) -> str:
        for name in self.board.card:
            value = row.values.get(name)
            known = self.drawn.names.get(value) if isinstance(value, UUID) else None
            if known is not None:
                css = cells.shape_of(type_of(known.type), "xs")
                return f'<span class="org">{symbols.avatar(known.title, css)}{escape(known.title)}</span>'
        return ""

    def _until(self, row: Row, column: Column | None) -> str:
        told = self.board.order != self.board.since and not (column is not None and column.outcome)
        return self._day(row.values.get(self.board.order)) if told else ""  # since when, is told as days

    def _day(self, value: Any) -> str:
        if value not in self.known:
            day = timezone.localtime(value).date() if isinstance(value, dt.datetime) else value
            self.known[value] = date(day) if isinstance(day, dt.date) else ""
        return self.known[value]

    def _next(self, row: Row, column: Column | None) -> str:
        if column is not None and column.outcome:
            ended = escape(self._day(row.values.get(self.board.ends)))
            return f'<span class="act ok">{symbols.icon("circle-check")}{ended}</span>'
        step = self.drawn.steps.get(row.id)
        if step is None:
            return f'<span class="act warn">{symbols.icon("circle-dashed")}{self.words["none"]}</span>'
        key = ("step", step.at, step.late)
        if key not in self.known:
            self.known[key] = self._step(step)
        return self.known[key]

    def _step(self, step: Step) -> str:
        kind = "begins" if isinstance(step.at, dt.datetime) else "due"
        if step.late:
            day = timezone.localtime(step.at).date() if isinstance(step.at, dt.datetime) else step.at
            text = self.words["late"] % {"n": (self.today - day).days}
            return f'<span class="act bad">{symbols.icon("triangle-alert")}{escape(text)}</span>'
        css = "act ok" if step.today else "act"
        return f'<span class="{css}">{symbols.icon(ICONS[kind])}{escape(large(due(step.at)))}</span>'

    def _since(self, days: int | None) -> str:
        if days is None:
            return ""
        return f"{days} {self.words['short']}"

    def _owner(self, row: Row) -> str:
        owner = row.values.get("owner")
        if owner is None:
            return ""
        if owner not in self.known:
            known = self.drawn.names.get(owner)
            self.known[owner] = symbols.named_avatar(known.title, "xs") if known else ""
        return self.known[owner]
