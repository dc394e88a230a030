"""One answer for several viewers: what people with the same rights ask at the same moment is worked out once.

When a card moves, everybody who looks at the board asks for it in the same instant. Two of them may get the same answer
where the same rights, language and tenant ask the same, and the database would show both exactly the same: PostgreSQL
names what a statement sees (``pg_current_snapshot``), and that name changes with every transaction that writes
anywhere. So nobody is ever told something older than what they would have read themselves.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable
from threading import Lock
from typing import Any, TypeVar

import orjson
from django.db import connection
from django.utils import timezone, translation

from klientel.kernel.access import ActorScope
from klientel.kernel.access.actors import everybodys
from klientel.kernel.conditions.declared import when
from klientel.kernel.identity.actor import Grant
from klientel.kernel.records import type_of

T = TypeVar("T")
MOST = 64
FRESH = 5.0  # seconds: what hangs on the time of day is not told for longer
#: what in a condition hangs on who asks; a saved view may say anything
PERSONAL = (b'"me"', b'"my_teams"', b'"in"')


class Answer:
    """One answer, worked out by whoever comes first while the others wait."""

    def __init__(self) -> None:
        self.lock, self.begun, self.made, self.value = Lock(), time.monotonic(), False, None

    def get(self, make: Callable[[], Any]) -> Any:
        """The answer; where working it out fails, the next one tries."""
        with self.lock:
            if not self.made:
                self.value, self.made = make(), True
            return self.value


_known: OrderedDict[Hashable, Answer] = OrderedDict()
_lock = Lock()


def shared(request: Any, asked: Any, make: Callable[[], T]) -> T:
    """What ``make`` gives for this question (JSON: all that it hangs on beside who asks), inside :func:`reading`.

    It must tell of nothing of which everybody has their own (see :func:`_words`) but of what comes next on a record.
    """
    now = seen()
    question = orjson.dumps(asked)
    return make() if now is None else told((viewer(request, question), question, now), make)


def told(key: Hashable, make: Callable[[], T]) -> T:
    """The answer that is known under this key, else what ``make`` gives."""
    with _lock:
        answer = _known.get(key)
        if answer is None or time.monotonic() - answer.begun > FRESH:
            answer = _known[key] = Answer()
            while len(_known) > MOST:
                _known.popitem(last=False)
    return answer.get(make)  # type: ignore[no-any-return]


def viewer(request: Any, question: bytes) -> Hashable:
    """Who gets the same answer: the same rights; the same person only, where those or the question are about them."""
    scope: ActorScope = request.scope
    rights = scope.known("rights in words", lambda: _words(scope.actor.grants))
    personal = any(word in text for word in PERSONAL for text in (rights, question)) or b'"has"' in question
    tenant = request.tenant
    return (
        tenant.pk, tenant.access_version, tenant.schema_version, tenant.currency, rights, scope.actor.kind,
        scope.me if personal else None, translation.get_language(), timezone.get_current_timezone_name(),
    )  # fmt: skip


def _words(grants: Iterable[Grant]) -> bytes:
    """What may be seen, without that of which everybody has their own: saved views, comments, requests to answer.

    A card tells nothing of these; who asks by ``has``, which could reach them, gets an answer of their own.
    """
    house = {g.record for g in everybodys() if not when(type_of(g.record))}
    some = [g for g in grants if g.verb in ("view", "*") and g.record not in house]
    return orjson.dumps([(g.record, g.verb, dict(g.where), g.hidden) for g in some])


def seen() -> str | None:
    """What a statement that begins now would see; that has no name where the transaction has written itself."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_current_snapshot()::text WHERE pg_current_xact_id_if_assigned() IS NULL")
        row = cursor.fetchone()
    return row and str(row[0])
