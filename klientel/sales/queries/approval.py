"""Who may decide about a discount: whoever the form names, and never somebody who gave it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db import connection

from klientel.kernel.access import ActorScope, actor_of, with_deputies
from klientel.kernel.errors import Forbidden
from klientel.kernel.kinds import today
from klientel.kernel.records import type_of
from klientel.kernel.tenancy import current

#: what makes a discount
_PRICED = ["positions", "discount"]
_DOERS = """
SELECT DISTINCT coalesce(t.member_id, split_part(e.actor, ':', 2)::uuid)
FROM kernel_about a
JOIN kernel_event e ON e.tenant_id = a.tenant_id AND e.id = a.event_id AND e.record_id = a.record_id
LEFT JOIN kernel_apitoken t ON e.actor = 'token:' || t.id AND t.tenant_id = e.tenant_id
WHERE a.tenant_id = %s AND a.record_id = ANY(%s) AND e.fields && %s
  AND split_part(e.actor, ':', 1) IN ('member', 'token')
"""


def judges(form: Any) -> list[UUID]:
    """The approver, the deputy, and whoever stands in for one of them who is away today."""
    return with_deputies([one for one in (form.approver, form.deputy) if one is not None], today())


def givers(quote: Any) -> set[UUID]:
    """Whose discount it is: who asked, whom the quote belongs to, and who ever wrote its prices, in this version or
    the one it was made of; also by a token of theirs."""
    ids = [one for one in (quote.id, quote.replaces) if one is not None]
    with connection.cursor() as cursor:
        cursor.execute(_DOERS, [current(), ids, _PRICED])
        found = {row[0] for row in cursor.fetchall()}
    return found | {one for one in (quote.asked_by, quote.owner) if one is not None}


def others(form: Any, quote: Any) -> list[UUID]:
    """Who may decide about this quote, the first one first."""
    mine = givers(quote)
    return [one for one in judges(form) if one not in mine and _has_the_right(one)]


def _has_the_right(member: UUID) -> bool:
    try:
        return ActorScope(actor_of(member)).may(type_of("sales.quote"), "approve")
    except Forbidden:
        return False
