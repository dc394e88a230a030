"""Where a mail belongs: persons and organisations by its addresses, and whatever the conversation concerned before."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db import connection

from klientel.channels.models import Account
from klientel.kernel.access import ActorScope, system_actor
from klientel.kernel.errors import Refused
from klientel.kernel.records import type_of
from klientel.kernel.sql import name
from klientel.kernel.tenancy import current
from klientel.kernel.twins.intake import EXISTING, take_in
from klientel.lib.emails import email_key
from klientel.lib.matching.contacts import is_office
from klientel.lib.names import split_name

MOST = 40  # records that one mail concerns

_KNOWN = """
SELECT k.key, 'p', p.id, p.organisation FROM unnest(%(keys)s::text[]) k(key)
CROSS JOIN LATERAL (SELECT x.id, x.organisation FROM contacts_person x
    WHERE x.tenant_id = %(tenant)s AND x.match_keys && ARRAY['e:' || k.key] AND x.archived_at IS NULL
    ORDER BY x.id LIMIT 5) p
UNION ALL
SELECT k.key, 'o', o.id, NULL FROM unnest(%(keys)s::text[]) k(key)
CROSS JOIN LATERAL (SELECT x.id FROM contacts_organisation x
    WHERE x.tenant_id = %(tenant)s AND x.match_keys && ARRAY['e:' || k.key] AND x.archived_at IS NULL
    ORDER BY x.id LIMIT 5) o
"""


_GOING_ON = """
SELECT k.id, d.id FROM unnest(%(ids)s::uuid[]) k(id) CROSS JOIN LATERAL (
    SELECT x.id FROM {table} x WHERE x.tenant_id = %(tenant)s AND x.{field} = k.id AND x.archived_at IS NULL
      AND {condition} ORDER BY x.id LIMIT 2) d
"""
#: OFFSET has the mails of a conversation found by it, and ordered then: by the order of all ids the first one is found
#: quickly in most databases, and in some all mails are read for it
_HEADS = """
SELECT k.thread, (array_agg(m.subject ORDER BY m.id))[1],
    (SELECT l.concerns FROM channels_mail l WHERE l.tenant_id = %(tenant)s
        AND l.id = (array_agg(m.id ORDER BY m.id DESC) FILTER (WHERE m.archived_at IS NULL))[1])
FROM unnest(%(threads)s::uuid[]) k(thread) LEFT JOIN LATERAL (
    SELECT x.id, x.subject, x.archived_at FROM channels_mail x
    WHERE x.tenant_id = %(tenant)s AND x.thread = k.thread OFFSET 0) m ON true
GROUP BY k.thread
"""


@dataclass
class Known:
    """Who has which address, by `email_key`: persons, and organisations with those that the persons belong to."""

    persons: dict[str, list[UUID]] = field(default_factory=dict)
    organisations: dict[str, list[UUID]] = field(default_factory=dict)

    def everybody(self, addresses: Iterable[str]) -> list[UUID]:
        """Everybody with one of these addresses, each once: people first."""
        keys = [email_key(a) for a in addresses]
        both = (self.persons, self.organisations)
        return list(dict.fromkeys(one for some in both for key in keys for one in some.get(key, ())))


def known(addresses: Iterable[str]) -> Known:
    """Persons and organisations with these addresses; one look at the index for each."""
    keys = list(dict.fromkeys(email_key(a) for a in addresses if a))
    found = Known()
    with connection.cursor() as cursor:
        cursor.execute(_KNOWN, {"keys": keys, "tenant": current()})
        for key, what, record, organisation in cursor.fetchall():
            if what == "p":
                found.persons.setdefault(key, []).append(record)
                record = organisation
            if record is not None and record not in found.organisations.setdefault(key, []):
                found.organisations[key].append(record)
    return found


@dataclass(frozen=True)
class Berth:
    """A type of record that mail lands on beside people, where one that goes on with them leaves no doubt."""

    key: str  # of the type, such as "sales.deal"
    fields: tuple[str, ...]  # its links to persons and organisations, the nearest first
    condition: str  # of its rows, as SQL about ``x``


_berths: list[Berth] = []


def berth(one: Berth) -> None:
    """Let new conversations land on records of this type too."""
    _berths.append(one)


def going_on(people: Iterable[UUID]) -> dict[UUID, list[UUID]]:
    """What goes on with each of these persons and organisations; of two records of a type nobody knows which."""
    ids, found = list(dict.fromkeys(people)), dict[UUID, list[UUID]]()
    for one in _berths if ids else ():
        parts = [
            _GOING_ON.format(table=type_of(one.key).table, field=name(field_), condition=one.condition)
            for field_ in one.fields
        ]
        with connection.cursor() as cursor:
            cursor.execute(" UNION ALL ".join(parts), {"ids": ids, "tenant": current()})
            for who, record in cursor.fetchall():
                found.setdefault(who, []).append(record)
    return found


def own_addresses() -> set[str]:
    """The addresses of our own accounts."""
    return {email_key(a) for a in Account.objects.filter(archived_at=None).values_list("address", flat=True)}


Head = tuple[str | None, list[UUID]]  # the subject a conversation began with, what its newest mail concerns


def heads(threads: Iterable[UUID]) -> dict[UUID, Head]:
    """How conversations began, and what they concern by now: deals and cases among it go on."""
    with connection.cursor() as cursor:
        cursor.execute(_HEADS, {"tenant": current(), "threads": list(dict.fromkeys(threads))})
        return {thread: (subject, list(concerns or ())) for thread, subject, concerns in cursor.fetchall()}


def person_of(sender: tuple[str, str]) -> Any:
    """A person made of who wrote; nothing where the address is that of an office or somebody alike is known."""
    name, address = sender
    if is_office(address):
        return None
    parts = split_name(name) if name and "@" not in name else split_name("")
    values: dict[str, Any] = {"emails": [{"value": address, "purpose": "work", "state": "ok"}]}
    values |= {"first_name": parts.first_name[:100], "last_name": (parts.last_name or address.partition("@")[0])[:100]}
    actor = system_actor()
    try:
        return take_in(actor, "contacts.person", values, on_duplicate=EXISTING, scope=ActorScope(actor)).record
    except Refused:
        return None
