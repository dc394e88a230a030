"""Charts as SVG, drawn on the server: no script, no colour of its own (classes of the page), every bar a link.

Beside each stands the table it is drawn from. Ticks are 1, 2 or 5 times a power of ten.
"""

from __future__ import annotations

from decimal import Decimal
from math import ceil

from babel.numbers import format_compact_decimal
from django.utils.translation import get_language
from markupsafe import Markup

from klientel.insights.figures import Cell, Table
from klientel.lib import numbers

WIDE, HALF, HEIGHT = 1080, 560, 240
LEFT, RIGHT, TOP, BOTTOM = 52, 8, 14, 26
MOST_LABELS = 13
TICKS = 4


def drawn(form: str, table: Table, label: str, *, half: bool = False) -> Markup:
    """The chart of a table: ``columns`` side by side, ``stacked``, or ``line``; nothing where there is nothing to draw.

    ``bars`` (and funnels) lie on their side and are drawn by the template, so that long names find room.
    """
    series = [n for n, column in enumerate(table.columns) if column.tone]
    if form not in ("columns", "stacked", "line") or not table.rows or not series:
        return Markup("")
    bars = [n for n in series if table.columns[n].form == "bar" and form != "line"]
    lines = [n for n in series if n not in bars]
    top = _top(table, bars, lines, stacked=form == "stacked")
    canvas = _Canvas(table, top, HALF if half else WIDE)
    parts = [*canvas.grid(), *canvas.labels()]
    parts += canvas.stacks(bars) if form == "stacked" else canvas.columns(bars)
    for n in lines:
        parts += canvas.line(n)
    return Markup('<svg class="chart" viewBox="0 0 {} {}" role="group" aria-label="{}">{}</svg>').format(
        canvas.width, HEIGHT, label, Markup("").join(parts)
    )


def _number(cell: Cell) -> Decimal:
    return max(Decimal(0), Decimal(cell.value or 0))


def _top(table: Table, bars: list[int], lines: list[int], *, stacked: bool) -> Decimal:
    """The highest value that must find room."""
    found = [Decimal(0)]
    for _label, cells in table.rows:
        found += [_number(cells[n]) for n in lines]
        heights = [_number(cells[n]) for n in bars]
        found += [sum(heights, Decimal(0))] if stacked else heights
    return max(found)


def step_of(top: Decimal) -> Decimal:
    """The distance of the ticks: 1, 2 or 5 times a power of ten, at most ``TICKS`` of them up to the top."""
    if top <= 0:
        return Decimal(1)
    size = Decimal(10) ** (top / TICKS).adjusted()
    return next(size * n for n in (1, 2, 5, 10) if size * n * TICKS >= top)


def short(value: Decimal) -> str:
    """A number for an axis: ``150.000``, ``1,5 Mio.``"""
    language = get_language() or "en"
    if value < 1_000_000:
        return numbers.format_decimal(value, language)
    return format_compact_decimal(value, locale=language[:2], fraction_digits=1)


class _Canvas:
    """One chart while it is drawn."""

    def __init__(self, table: Table, top: Decimal, width: int) -> None:
        self.table, self.step, self.width = table, step_of(top), width
        self.ticks = max(1, ceil(top / self.step))
        self.top = self.step * self.ticks
        self.slot = (self.width - LEFT - RIGHT) / max(1, len(table.rows))

    def y(self, value: Decimal) -> float:
        return round(HEIGHT - BOTTOM - float(value / self.top) * (HEIGHT - TOP - BOTTOM), 1)

    def x(self, row: int) -> float:
        """The middle of a row's place."""
        return LEFT + (row + 0.5) * self.slot

    def grid(self) -> list[Markup]:
        found = []
        for n in range(self.ticks + 1):
            y = self.y(self.step * n)
            found.append(
                Markup('<path class="gl" d="M{} {}H{}"/><text x="{}" y="{}" text-anchor="end">{}</text>').format(
                    LEFT, y, self.width - RIGHT, LEFT - 7, y + 4, short(self.step * n)
                )
            )
        return found

    def labels(self) -> list[Markup]:
        every = -(-len(self.table.rows) * WIDE // (MOST_LABELS * self.width))
        return [
            Markup('<text x="{}" y="{}" text-anchor="middle">{}</text>').format(
                round(self.x(n), 1), HEIGHT - 7, _cut(label.text, self.slot * every)
            )
            for n, (label, _cells) in enumerate(self.table.rows)
            if n % every == 0
        ]

    def columns(self, series: list[int]) -> list[Markup]:
        """Side by side."""
        width = min(34.0, self.slot * 0.72 / max(1, len(series)))
        found = []
        for row, (_label, cells) in enumerate(self.table.rows):
            left = self.x(row) - width * len(series) / 2
            for place, n in enumerate(series):
                found.append(self.bar(row, n, left + place * width, width - 1.5, Decimal(0), _number(cells[n])))
        return found

    def stacks(self, series: list[int]) -> list[Markup]:
        """On top of each other."""
        width = min(34.0, self.slot * 0.62)
        found = []
        for row, (_label, cells) in enumerate(self.table.rows):
            low = Decimal(0)
            for n in series:
                high = low + _number(cells[n])
                found.append(self.bar(row, n, self.x(row) - width / 2, width, low, high))
                low = high
        return found

    def bar(self, row: int, n: int, left: float, width: float, low: Decimal, high: Decimal) -> Markup:
        if high <= low:
            return Markup("")
        y = self.y(high)
        shape = Markup('<rect class="s-{}" x="{}" y="{}" width="{}" height="{}" rx="2"/>').format(
            self.table.columns[n].tone, round(left, 1), y, round(width, 1), round(max(1.0, self.y(low) - y), 1)
        )
        return self.linked(row, n, shape)

    def linked(self, row: int, n: int, shape: Markup) -> Markup:
        """A shape that says what it stands for, and leads there."""
        label, cells = self.table.rows[row]
        said = f"{label.text}: {self.table.columns[n].label} {cells[n].text}"
        if cells[n].url:
            return Markup('<a href="{0}" aria-label="{1}"><title>{1}</title>{2}</a>').format(cells[n].url, said, shape)
        return Markup("<g><title>{}</title>{}</g>").format(said, shape)

    def line(self, n: int) -> list[Markup]:
        column, points = self.table.columns[n], []
        for row, (_label, cells) in enumerate(self.table.rows):
            if cells[n].value is not None:
                points.append((row, self.x(row), self.y(_number(cells[n]))))
        path = " ".join(f"{'L' if at else 'M'}{x:.1f} {y:.1f}" for at, (_row, x, y) in enumerate(points))
        if not points:
            return []
        found = [Markup('<path class="ln s-{}" d="{}"/>').format(column.tone, path)]
        dot = Markup('<circle class="s-{}" cx="{}" cy="{}" r="3.5"/>')
        return found + [self.linked(row, n, dot.format(column.tone, round(x, 1), y)) for row, x, y in points]


def _cut(text: str, room: float) -> str:
    """A label as long as there is room for it (about 6 units a letter)."""
    most = max(3, int(room / 6))
    return text if len(text) <= most else text[: most - 1] + "…"


def width_of(table: Table, cell: Cell, n: int) -> str:
    """How long a lying bar is, of 100, to one place."""
    most = max((_number(cells[n]) for _label, cells in table.rows), default=Decimal(0))
    return f"{_number(cell) * 100 / most:.1f}" if most else "0"


__all__ = ["drawn", "short", "step_of", "width_of"]
