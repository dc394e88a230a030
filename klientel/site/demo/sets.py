"""Data of others in a tenant of its own: a folder with the files of a CRM or a shop, known by what is in them.

All through actions, in the order of time under a turned clock: so stages have their days and events their instants.
"""

from __future__ import annotations

import csv
import datetime as dt
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

from django.db import transaction

from klientel.kernel.access import system_actor
from klientel.kernel.actions import Item, run_many
from klientel.kernel.events import cursors
from klientel.kernel.events.consumers import consumers
from klientel.kernel.events.surroundings import working_in
from klientel.kernel.identity.actor import Actor
from klientel.kernel.kinds import zone
from klientel.kernel.tenancy.models import Tenant
from klientel.lib import clock, countries
from klientel.site.demo import UnknownSet, logins, workspace

CHUNK = 2000
Row = dict[str, str]


def load(path: Path, readers: Iterable[tuple[Callable[[Path], bool], Callable[[Loading], None]]]) -> dict[str, Any]:
    """Load a folder by the first reader that knows it; how many of what, and who can sign in.

    Raises :class:`UnknownSet`.
    """
    reader = next((read for knows, read in readers if knows(path)), None)
    if reader is None:
        raise UnknownSet(f"There is no file in {path} whose columns are known.")
    name = path.stem if path.is_file() else path.name
    slug = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:60] or "data"
    if Tenant.objects.filter(slug=slug).exists():
        raise UnknownSet(f"{name} is loaded already, as workspace {slug}.")
    with transaction.atomic():
        space = workspace.found(name.replace("_", " ").title(), slug)
        Tenant.objects.filter(pk=space.tenant.pk).update(currency="USD", language="en", country="US")
        space.tenant.refresh_from_db()
        with working_in(space.tenant.pk):
            cursors.lock(consumers())  # they begin before the first event
            loading = Loading(path, space, system_actor(name))
            reader(loading)
    logins.keep([*logins.known(), *space.logins])
    return {"workspace": slug, "made": loading.made, "logins": space.logins}


class Loading:
    """A tenant while it is filled from a folder."""

    def __init__(self, path: Path, space: workspace.Workspace, actor: Actor) -> None:
        self.path, self.space, self.actor = path, space, actor
        self.made: dict[str, int] = {}

    def set_up(self) -> None:
        """Roles, and one login that may do everything."""
        self.space.system = self.actor
        workspace.roles(self.space)
        self.space.member("owner", "Alex Admin", role="administration", login=True, about="Administration")

    def create(self, key: str, values: list[dict[str, Any]]) -> list[UUID]:
        """Records in the order of their values; the first refusal stops all."""
        found = self.do(f"{key}.create", [Item(None, v) for v in values])
        self.made[key] = self.made.get(key, 0) + len(found)
        return found

    def do(self, key: str, items: list[Item]) -> list[UUID]:
        """One action on many."""
        found: list[UUID] = []
        for begin in range(0, len(items), CHUNK):
            for outcome in run_many(self.actor, key, items[begin : begin + CHUNK]):
                if outcome.refused is not None:
                    raise outcome.refused
                assert outcome.record is not None
                found.append(outcome.record.id)
        return found


def instant(day: dt.date, hour: int = 12) -> dt.datetime:
    """An hour of a day where the tenant is."""
    return dt.datetime.combine(day, dt.time(hour), zone())


def by_day(begin: dt.date, days: Iterable[dt.date]) -> Iterator[dt.date]:
    """Each day once, in order, under a clock that says its noon."""
    with clock.turned_back(instant(begin)) as turn:
        for day in sorted(set(days)):
            turn(instant(day))
            yield day


def rows(path: Path) -> list[Row]:
    """A table of a file, whatever its encoding of the two usual ones."""
    raw = path.read_bytes()
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = raw.decode("cp1252")
    return list(csv.DictReader(text.splitlines(keepends=True)))


def with_columns(path: Path, *names: str) -> Path | None:
    """The file of a folder whose first row has all of these columns."""
    files = [path] if path.is_file() else sorted(path.glob("*.csv"))
    for file in files:
        head = file.read_bytes()[:4000].decode("utf-8-sig", "replace").splitlines()
        if head and set(names) <= set(next(csv.reader(head[:1]))):
            return file
    return None


def place_of(*, country: str = "", **parts: str) -> dict[str, str]:
    """An address; a country that nobody knows (files misspell them) stands as its region. Empty where nothing is."""
    try:
        found = countries.read_country(country) if country else ""
    except ValueError:
        found, parts = "", parts | {"region": parts.get("region") or country}
    kept = {name: text for name, text in (parts | {"country": found}).items() if text}
    return {"purpose": "work"} | kept if kept else {}


__all__ = ["Loading", "by_day", "instant", "load", "place_of", "rows", "with_columns"]
