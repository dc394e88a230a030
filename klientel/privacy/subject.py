"""Whom a request is about: found only by who may, and by what they are known."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import Any
from uuid import UUID

import orjson
from django.db import OperationalError, connection, transaction
from django.utils.translation import gettext_lazy as _
from psycopg.errors import DeadlockDetected

from klientel.kernel.access.granting import ActorScope, allowed
from klientel.kernel.access.reading import get, visible_ids
from klientel.kernel.errors import Conflict, Forbidden, Missing
from klientel.kernel.identity.actor import Actor
from klientel.kernel.kinds import Email, Emails, Kind, Phone, Phones
from klientel.kernel.records import RecordType, aliases, all_types
from klientel.kernel.sql import FALSE, like
from klientel.kernel.tenancy import PRIVACY, current, inside
from klientel.lib import phones, words

MARK = "[…]"
VERB = "privacy"
SHORTEST_NAME = 6
SHORTEST_FOLDED = 10


@contextmanager
def for_privacy(tenant: UUID) -> Iterator[None]:
    """A transaction in which restricted records can be seen too.

    :class:`Conflict` where it and another waited for each other and the database stopped this one.
    """
    try:
        with inside(tenant, purpose=PRIVACY), transaction.atomic():
            yield
    except OperationalError as error:
        if not isinstance(error.__cause__, DeadlockDetected):
            raise
        raise _busy() from error


def _busy() -> Conflict:
    return Conflict("busy", _("Somebody else is changing the same records at this moment. Please try again."))


def subject(actor: Actor, rtype: RecordType, record_id: UUID) -> Any:
    """The person; :class:`Missing` for who may not see them and for no person, :class:`Forbidden` without the right.

    Expects :func:`for_privacy` around it. A restricted person is there only for those who hold the right. An old id
    names the person that its record became part of. The row is locked where the transaction may write.
    """
    scope = ActorScope(actor)
    if not rtype.personal:
        raise Missing("missing", _("There is no such record, or you may not see it."))
    may = allowed(scope, rtype, VERB, "t") is not FALSE
    _wait_for(rtype, record_id)
    record_id = aliases.survivor(record_id) or record_id
    record = get(scope, rtype, record_id)
    mine = may and record.id in visible_ids(scope, rtype, [record_id], VERB)
    if not mine and record.restricted:
        raise Missing("missing", _("There is no such record, or you may not see it."))
    if not mine:
        raise Forbidden("forbidden", _("You may not do this here."))
    return record


def _wait_for(rtype: RecordType, record_id: UUID) -> None:
    """Lock all records that are this person, in the order of their ids, after a merge under way came to its end.

    :class:`Conflict` where others became part of the person, or left, while it waited.
    """
    with connection.cursor() as cursor:
        cursor.execute("SHOW transaction_read_only")
        if cursor.fetchone() != ("off",):
            return
        ids = _all_ids(record_id)
        cursor.execute(
            f"SELECT 1 FROM {rtype.table} WHERE tenant_id = %s AND id = ANY(%s) ORDER BY id FOR UPDATE",
            [current(), ids],
        )
    if _all_ids(record_id) != ids:
        raise _busy()


def _all_ids(record_id: UUID) -> list[UUID]:
    root = aliases.survivor(record_id) or record_id
    return sorted({record_id, root, *aliases.roots([root])})


@dataclass
class Identity:
    """By what a person is known: addresses that are theirs alone, those they share, and names."""

    strong: list[str] = field(default_factory=list)
    shared: list[str] = field(default_factory=list)
    names: list[str] = field(default_factory=list)

    @cached_property
    def alone(self) -> Pattern:
        """Recognises what belongs to this person alone."""
        return Pattern(self.strong)

    @cached_property
    def all(self) -> Pattern:
        """Recognises the person by name too: for records that are about them."""
        return Pattern([*self.strong, *self.names])

    def plain(self) -> dict[str, list[str]]:
        """As JSON."""
        return asdict(self)


class Pattern:
    """A regular expression that Python and PostgreSQL read alike, and the pieces for a first coarse search."""

    def __init__(self, values: list[str]) -> None:
        self.values = sorted({w for v in values for w in _ways(v)}, key=len, reverse=True)
        # none of its signs stands before or behind: kim@firma.de is not in joakim@firma.de
        self.text = r"(?<![\w.+-])(?:" + "|".join(re.escape(v) for v in self.values) + r")(?![\w-])"
        self.python = re.compile(self.text, re.IGNORECASE)

    @property
    def coarse(self) -> list[str]:
        """LIKE patterns."""
        return [f"%{like(v)}%" for v in self.values]

    def __bool__(self) -> bool:
        return bool(self.values)

    def blank(self, text: str) -> str:
        """The text without the person."""
        return self.python.sub(MARK, text) if self.values else text

    def found_in(self, text: str) -> bool:
        """Whether the person is in the text."""
        return bool(self.values) and self.python.search(text) is not None


def _ways(value: str) -> Iterator[str]:
    """How a value may be written: as it is, as JSON, folded as the search index keeps it, a phone number nationally."""
    yield value
    yield orjson.dumps(value).decode()[1:-1]
    if len(value) >= SHORTEST_FOLDED:
        yield words.fold(value)
    if value.startswith("+"):
        yield value.split(";")[0]
        shown = phones.show_phone(value)
        yield shown
        yield "0" + shown.split(" ", 1)[-1] if " " in shown else shown


def identity_of(records: list[tuple[RecordType, Any]]) -> Identity:
    """All addresses a person has or had, by what their records and their history say, and their names."""
    ids = [record.id for _rtype, record in records]
    found: set[str] = set()
    for rtype, record in records:
        found |= {str(v) for v in _addresses(rtype, record)} | _former(rtype, record.id)
    shared = {v for v in found if _held_by_others(v, ids)}
    names = [name for _rtype, record in records for name in _names(record.title)]
    return Identity(sorted(found - shared), sorted(shared), list(dict.fromkeys(names)))


def _addresses(rtype: RecordType, record: Any) -> Iterator[str]:
    for name, kind in rtype.fields.items():
        if isinstance(kind, Emails | Phones):
            yield from (e["value"] for e in rtype.value(record, name) or () if e.get("value"))
        elif isinstance(kind, Email | Phone) and (value := rtype.value(record, name)):
            yield value


def _former(rtype: RecordType, record_id: UUID) -> set[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT changes FROM kernel_event_private WHERE record_id = %s", [record_id])
        rows = [orjson.loads(r[0]) if isinstance(r[0], str | bytes) else r[0] for r in cursor.fetchall()]
    found: set[str] = set()
    for changes in rows:
        for name, pair in changes.items():
            kind = rtype.fields.get(name)
            for value in pair:
                found |= _of_kind(kind, value)
    return found


def _of_kind(kind: Kind | None, value: Any) -> set[str]:
    if isinstance(kind, Emails | Phones) and isinstance(value, list):
        return {e["value"] for e in value if isinstance(e, dict) and e.get("value")}
    return {value} if isinstance(kind, Email | Phone) and isinstance(value, str) and value else set()


def _held_by_others(value: str, ids: list[UUID]) -> bool:
    """Whether another contact or a member has this address too: then it does not tell who is meant."""
    for rtype in all_types():
        if not (rtype.personal or rtype.match or rtype.system):
            continue
        for name, kind in rtype.fields.items():
            if isinstance(kind, Emails | Phones | Email | Phone):
                held = kind.sql("t")
                test = f"{held.text}::text ILIKE %s"
                with connection.cursor() as cursor:
                    cursor.execute(
                        f"SELECT 1 FROM {rtype.table} t WHERE t.tenant_id = %s AND t.id <> ALL(%s) AND {test} LIMIT 1",
                        [
                            current(),
                            ids,
                            *held.params,
                            f'%"{like(value)}"%' if kind.db_type_name == "jsonb" else like(value),
                        ],
                    )
                    if cursor.fetchone():
                        return True
                del name
    return False


def _names(title: str) -> list[str]:
    """The full name both ways round; a single word names too many to be searched for."""
    parts = title.split()
    if len(parts) < 2 or len(title) < SHORTEST_NAME or "@" in title:
        return []
    return list(dict.fromkeys([title, f"{parts[-1]}, {' '.join(parts[:-1])}", " ".join(parts[-2:])]))
