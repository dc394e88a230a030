"""Where a mail belongs: persons and organisations by its addresses, and whatever the conversation concerned before."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db import connection

from klientel.channels.models import Account, Mail
from klientel.kernel.access import ActorScope, system_actor
from klientel.kernel.errors import Refused
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


@dataclass
class Concerned:
    """Who has which address; ``first`` is the person a mail is from, or to."""

    persons: dict[str, list[UUID]] = field(default_factory=dict)
    organisations: list[UUID] = field(default_factory=list)

    def everybody(self) -> list[UUID]:
        """Everything that was found, each once."""
        people = [one for some in self.persons.values() for one in some]
        return list(dict.fromkeys([*people, *self.organisations]))


def known(addresses: Iterable[str]) -> Concerned:
    """Persons and organisations with these addresses; one look at the index for each."""
    keys = list(dict.fromkeys(email_key(a) for a in addresses if a))
    found = Concerned()
    with connection.cursor() as cursor:
        cursor.execute(_KNOWN, {"keys": keys, "tenant": current()})
        for key, what, record, organisation in cursor.fetchall():
            if what == "p":
                found.persons.setdefault(key, []).append(record)
                record = organisation
            if record is not None and record not in found.organisations:
                found.organisations.append(record)
    return found


def own_addresses() -> set[str]:
    """The addresses of our own accounts."""
    return {email_key(a) for a in Account.objects.filter(archived_at=None).values_list("address", flat=True)}


def earlier(thread: UUID | None) -> list[UUID]:
    """What the newest mail of a conversation concerns: deals and cases among it go on."""
    if thread is None:
        return []
    newest = Mail.objects.filter(thread=thread, archived_at=None).order_by("-pk").first()
    return list(newest.concerns) if newest else []


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
