"""Files for imports, and one import from upload to end."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest

from klientel.kernel.access.granting import ActorScope
from klientel.kernel.access.reading import select
from klientel.kernel.records import type_of
from klientel.kernel.transfer import assistant


@pytest.fixture(autouse=True)
def _files_elsewhere(settings, tmp_path):
    settings.KLIENTEL_FILES = tmp_path / "files"


def table(rows: list[list[str]], *, delimiter: str = ";", encoding: str = "utf-8") -> io.BytesIO:
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter).writerows(rows)
    return io.BytesIO(text.getvalue().encode(encoding))


class Bench:
    """Imports for one actor."""

    def __init__(self, actor: Any) -> None:
        self.actor = actor

    def start(self, rows: Any, rtype: str = "contacts.person", **options: Any) -> Any:
        data = table(rows) if isinstance(rows, list) else rows
        return assistant.start(self.actor, rtype, data, name="contacts.csv", options=options)

    def run(self, rows: Any, rtype: str = "contacts.person", mapping: Any = None, **options: Any) -> Any:
        run = self.start(rows, rtype, **options)
        if mapping:
            run = assistant.choose(run, mapping)
        return assistant.commit(run)

    def people(self, *columns: str, rtype: str = "contacts.person") -> list[dict[str, Any]]:
        page = select(ActorScope(self.actor), type_of(rtype), columns=columns, limit=1000)
        return [{"title": r.title} | r.values for r in page.rows]

    def titles(self, rtype: str = "contacts.person") -> list[str]:
        return [r["title"] for r in self.people(rtype=rtype)]


@pytest.fixture
def bench(anna):
    return Bench(anna)


def faults(run: Any) -> list[tuple[int, str, str, str]]:
    return [(o.line, o.state, o.field, o.code) for o in assistant.outcomes(run, limit=1000)]
