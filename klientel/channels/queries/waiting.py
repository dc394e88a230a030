"""Mails that wait: why, what can be done about it, and which of them wait too long."""

from __future__ import annotations

import datetime as dt
from typing import Any
from uuid import UUID

from django.db import connection
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from klientel.channels.queries import outbox
from klientel.kernel.actions import workspace
from klientel.kernel.errors import read_out
from klientel.kernel.kinds import Whole
from klientel.kernel.tenancy import current

USUAL = 4  # hours
MOST = 1000

workspace.setting(
    Whole(
        gettext_lazy("hours until a waiting e-mail is reported"),
        name="mail_waits_hours",
        least=1,
        most=720,
        help_text=gettext_lazy("Told to whoever wrote it and whoever answers for the account. Empty: 4 hours."),
    )
)

_FACTS = """
SELECT d.mail_id, d.state, d.not_before, d.code, d.reply, a.name, a.state, a.trouble, a.archived_at IS NOT NULL,
       r.not_before, r.day = %(today)s AND r.used_today >= a.per_day, x.not_before
FROM channels_delivery d JOIN channels_account a ON a.tenant_id = d.tenant_id AND a.id = d.account_id
LEFT JOIN channels_rate r ON r.tenant_id = d.tenant_id AND r.login = %(login)s
LEFT JOIN channels_domainrate x ON x.tenant_id = d.tenant_id AND x.login = %(login)s AND x.domain = d.domain
WHERE d.tenant_id = %(tenant)s AND d.mail_id = %(mail)s AND d.settled_at IS NULL
  AND d.state IN ('waiting', 'later', 'claimed', 'delivering')
"""


def why(mail: Any, account: Any) -> str:
    """Why a mail in the outbox has not gone yet, and what to do; empty where it is not in the outbox."""
    facts = {
        "tenant": current(), "mail": mail.pk, "today": timezone.localdate(),
        "login": outbox.login_of(account) if account is not None else "",
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(_FACTS, facts)
        found = cursor.fetchone()
    return _said(*found[1:]) if found else ""


def _said(
    state: str, not_before: dt.datetime, code: int, reply: str, name: str, account: str, trouble: str, gone: bool,
    held: dt.datetime | None, day_is_full: bool | None, domain_held: dt.datetime | None,
) -> str:  # fmt: skip
    now = timezone.now()
    if state in ("claimed", "delivering"):
        return _("It is being handed over.")
    if gone or account != "active":
        return _stopped(name, account, trouble, gone=gone)
    if state == "later":
        words = {"said": f"{code or ''} {read_out(reply)}".strip() or "–", "at": _moment(not_before)}
        return _("The other side wants it later: %(said)s It is tried again at %(at)s.") % words
    if not_before > now:
        return _("It is to be sent at %(at)s.") % {"at": _moment(not_before)}
    if held is not None and held > now:
        return _("The server of %(account)s did not let us in. It is tried again at %(at)s.") % {
            "account": name, "at": _moment(held)}  # fmt: skip
    if day_is_full:
        return _("%(account)s has sent as many e-mails as it may today. Raise the number at the account, or wait.") % {
            "account": name}  # fmt: skip
    if domain_held is not None and domain_held > now:
        return _("The other side asked for a slower pace; it goes on at %(at)s.") % {"at": _moment(domain_held)}
    return _("It is its turn soon. If this stays so, Klientel's worker is not running: please tell your administrator.")


def _stopped(name: str, account: str, trouble: str, *, gone: bool) -> str:
    if gone:
        return _("The e-mail account %(account)s was deleted. Recall the e-mail and send it by another one.") % {
            "account": name}  # fmt: skip
    if account == "paused":
        return _("Sending is paused for %(account)s. Resume it in the outbox.") % {"account": name}
    words = {"account": name, "trouble": read_out(trouble) or "–"}
    return _("%(account)s does not work: %(trouble)s Correct the account, then resume sending in the outbox.") % words


def _moment(at: dt.datetime) -> str:
    return date_format(localtime(at), "SHORT_DATETIME_FORMAT")


_LATE = """
SELECT DISTINCT ON (m.owner, d.account_id) m.owner, d.account_id, d.mail_id, a.member, a.owner
FROM channels_delivery d
JOIN channels_mail m ON m.tenant_id = d.tenant_id AND m.id = d.mail_id AND m.archived_at IS NULL
JOIN channels_account a ON a.tenant_id = d.tenant_id AND a.id = d.account_id
WHERE d.tenant_id = %s AND d.token IS NULL AND d.settled_at IS NULL
  AND coalesce(m.send_at, m.sent_at) < statement_timestamp() - %s
ORDER BY m.owner, d.account_id, m.sent_at, d.mail_id LIMIT %s
"""


def late() -> list[tuple[UUID, UUID, str]]:
    """Whom to tell about which mail: of each writer and account the one that waits longest, told once a day."""
    hours = workspace.value("mail_waits_hours") or USUAL
    with connection.cursor() as cursor:
        facts: list[Any] = [current(), dt.timedelta(hours=hours), MOST]
        cursor.execute(_LATE, facts)
        rows = cursor.fetchall()
    today = timezone.localdate().isoformat()
    return [
        (member, mail, f"mail-waits:{account}:{today}")
        for writer, account, mail, holder, answers in rows
        for member in dict.fromkeys((writer, holder, answers))
        if member is not None
    ]
