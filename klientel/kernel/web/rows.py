"""The rows of a list, as HTML. Written in Python and not in a template: a page has four hundred cells."""

from __future__ import annotations

from collections.abc import Callable, Container
from typing import Any
from uuid import UUID

from django.utils.translation import gettext
from markupsafe import Markup

from klientel.kernel.access.reading import Row
from klientel.kernel.records import RecordType
from klientel.kernel.web import cells, symbols
from klientel.kernel.web.addresses import place
from klientel.kernel.web.escaping import escaped as escape

Opened = tuple[str, str, Callable[[Any], str]]


def body(
    rtype: RecordType, columns: list[Opened], rows: list[Row], late: tuple[str, Container[UUID]] = ("", ())
) -> Markup:
    """The rows of a table; a column is its field's name, the beginning of each of its cells, and what shows a value.

    ``late`` is the column that says when something is due, and which rows are overdue.
    """
    faces = rtype.face
    base, (due, overdue) = place("list", rtype.slug), late
    shape = cells.shape_of(rtype)
    mark = f'{symbols.icon("circle-alert")}<span class="vh">{escape(gettext("overdue"))} </span>' if due else ""
    made, first = [], ' tabindex="0"'
    for row in rows:
        values, title, at = row.values, escape(row.title), f"{base}{row.id}/"
        warn = due if due and row.id in overdue else None
        lateness = ' class="late"' if warn else ""
        told = "".join(
            [f"{before}{mark if name == warn else ''}{render(values[name])}</td>" for name, before, render in columns]
        )
        made.append(
            f'<tr{lateness} data-at="{at}" data-version="{row.version}"><td class="sel">'
            f'<input type="checkbox" class="cb"'
            f' name="id" value="{at[-37:-1]}" form="bulk-form" aria-label="{title}"></td>'
            f'<td class="name"{first}><span class="who">{symbols.avatar(row.title, shape) if faces else ""}'
            f'<a class="trunc" href="{at}">{title}</a></span></td>{told}</tr>'
        )
        first = ""
    return Markup("\n".join(made))  # noqa: S704 - titles are escaped, and so is what every column shows
