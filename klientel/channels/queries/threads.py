"""Conversations: which mails belong together, by the Message-IDs they have and name, in whatever order they come."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from django.db import connection

from klientel.channels.models import Body
from klientel.channels.queries.mailboxes import key_of
from klientel.channels.queries.mime import is_forged
from klientel.kernel import writing
from klientel.kernel.sql import inserting
from klientel.kernel.statements import Writes
from klientel.kernel.tenancy import current
from klientel.lib.ids import uuid7s
from klientel.lib.mails.sorting import bare_subject

MOST_REFERENCES = 30  # that a mail of ours names: the first and the newest

_NOTE = """
INSERT INTO channels_reference (id, tenant_id, key, thread) SELECT x.id, %s, x.key, x.thread
FROM unnest(%s::uuid[], %s::text[], %s::uuid[]) x(id, key, thread) ON CONFLICT (tenant_id, key) DO NOTHING
"""


_CONVERSATIONS = "SELECT key, thread FROM channels_reference WHERE tenant_id = %s AND key = ANY(%s)"


def note(threads: Mapping[str, UUID]) -> None:
    """These keys of Message-IDs belong to these conversations, unless they are known to belong to others."""
    if threads:
        with writing.door(), connection.cursor() as cursor:
            cursor.execute(_NOTE, [current(), uuid7s(len(threads)), list(threads), list(threads.values())])


def begin(mail: Any, references: Sequence[str]) -> UUID:
    """The conversation of a mail that we write: the one it answers in, else its own."""
    thread: UUID = mail.thread or mail.id
    note({key_of(one): thread for one in references if one})
    with writing.door(), connection.cursor() as cursor:  # one that was written down before
        cursor.execute(
            "UPDATE channels_mail SET thread = %s WHERE tenant_id = %s AND id = %s AND thread IS NULL",
            [thread, current(), mail.id],
        )
    return thread


def genuine(references: Iterable[str]) -> list[str]:
    """Without those that pretend to be ours."""
    return [one for one in references if not is_forged(one)]


def known(references: Iterable[str]) -> dict[str, UUID]:
    """The conversations that Message-IDs are known to belong to, by their keys."""
    keys = list(dict.fromkeys(key_of(one) for one in references if one))
    with connection.cursor() as cursor:
        cursor.execute(_CONVERSATIONS, [current(), keys])
        return dict(cursor.fetchall())


def goes_on(before: str | None, subject: str) -> bool:
    """Whether a mail that does not say to be an answer goes on a conversation that began with the subject ``before``.

    A new subject begins a new one, although programs keep the old references.
    """
    bare = bare_subject(subject)[0].casefold()
    return not bare or before is None or bare_subject(before)[0].casefold() == bare


def answered_in(before: str | None, subject: str) -> bool:
    """Whether a conversation that began with the subject ``before`` may answer a mail that came only after it."""
    return goes_on(before, subject) or (before is not None and bare_subject(before)[1])


_JOIN = """
UPDATE {table} t SET thread = x.into_ FROM unnest(%s::uuid[], %s::uuid[]) x(one, into_)
WHERE t.tenant_id = %s AND t.thread = x.one
"""


def join(threads: Mapping[UUID, UUID]) -> None:
    """What belonged to one conversation belongs to the other."""
    if threads:
        with writing.door(), connection.cursor() as cursor:
            for table in ("channels_mail", "channels_reference"):
                cursor.execute(_JOIN.format(table=table), [list(threads), list(threads.values()), current()])


_BODY = {"tenant_id": "uuid", "mail_id": "uuid", "quoted": "text", "html": "text", "references": "text"}


def keep_bodies(bodies: Sequence[tuple[UUID, str, str, str]]) -> None:
    """Of each of these mails what it quotes, its formatted part, and the Message-IDs it follows, the oldest first."""
    if bodies:
        tenant = current()
        rows = [(tenant, *body) for body in bodies]
        Writes([inserting("channels_body", list(_BODY), rows, _BODY | {"id": "uuid"}, id=uuid7s)]).send()


def keep_references(mail: UUID, references: Sequence[str]) -> None:
    """Keep which Message-IDs a mail of ours will name."""
    with writing.door():
        Body(mail_id=mail, references=" ".join(references)).save(force_insert=True)


def references_of(mails: Sequence[UUID]) -> dict[UUID, list[str]]:
    """The Message-IDs that each of these mails answers, the oldest first."""
    rows = Body.objects.filter(mail_id__in=mails).exclude(references="").values_list("mail_id", "references")
    return {mail: text.split() for mail, text in rows}


def shortened(references: Sequence[str]) -> list[str]:
    """The first and the newest, so that no header grows for ever."""
    found = list(dict.fromkeys(references))
    return found if len(found) <= MOST_REFERENCES else [found[0], *found[-MOST_REFERENCES + 1 :]]
