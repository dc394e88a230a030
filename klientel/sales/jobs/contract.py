"""Contracts whose term is over go on or end by themselves, and their owners are reminded in time."""

from __future__ import annotations

import datetime as dt

from django.db import connection
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from klientel.kernel.access import system_actor
from klientel.kernel.actions import Item, run_many
from klientel.kernel.events.notices import notice
from klientel.kernel.jobs import sweep, timer
from klientel.kernel.kinds import today
from klientel.kernel.live import notifications
from klientel.kernel.tenancy import current
from klientel.sales.models import Contract
from klientel.sales.models.contracting import ACTIVE, AUTOMATIC, ENDS, OPEN, TERMINATED

KIND = "contract"
PIECE = 200

notice(KIND, _("Notice or renewal soon: %(what)s"), icon="file-pen-line")

_DUE = """
SELECT c.owner, c.id, 'contract:' || c.id || ':' || extract(epoch FROM c.remind_at)::bigint
FROM sales_contract c
WHERE c.tenant_id = %(tenant)s AND c.remind_at <= %(now)s AND c.state = 'active' AND c.archived_at IS NULL
  AND c.owner IS NOT NULL AND coalesce(c.notice_by, c.ends) >= %(today)s
  AND NOT EXISTS (
    SELECT 1 FROM kernel_notification n WHERE n.tenant_id = c.tenant_id AND n.member_id = c.owner
      AND n.key = 'contract:' || c.id || ':' || extract(epoch FROM c.remind_at)::bigint)
ORDER BY c.remind_at LIMIT %(limit)s
"""


@timer("sales.contract.reminder", on="sales.contract", field="remind_at")
def remind(now: dt.datetime) -> bool:
    """Tell the owners of contracts for which notice must be given soon, once; whether there are more."""
    with connection.cursor() as cursor:
        cursor.execute(_DUE, {"tenant": current(), "now": now, "today": today(), "limit": PIECE})
        rows = cursor.fetchall()
    return notifications.tell_of("sales.contract", KIND, rows) > 0 and len(rows) == PIECE


@sweep("sales.contracts")
def roll_contracts() -> None:
    """Begin the next term of contracts whose term is over, or end them; what somebody does meanwhile is left alone."""
    day = today()
    over = (
        Q(state=TERMINATED, last_day__lt=day)
        | Q(state=ACTIVE, renewal__in=(AUTOMATIC, ENDS), ends__lt=day)
        | Q(state=ACTIVE, renewal=OPEN, notice_by__lt=day)
    )
    ids = list(Contract.objects.filter(over, archived_at=None).order_by("ends").values_list("pk", flat=True)[:PIECE])
    for _outcome in run_many(system_actor(), "sales.contract.roll", [Item(one) for one in ids]):
        pass
