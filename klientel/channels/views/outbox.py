"""The outbox: what waits, what is unclear, and how the accounts do."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from klientel.channels.egress import Blocked, Failure, open_line
from klientel.channels.models import Account
from klientel.channels.models.saying import said
from klientel.channels.queries import accounts, outbox
from klientel.kernel.access import reading as read
from klientel.kernel.access import system_actor
from klientel.kernel.actions import run
from klientel.kernel.errors import Forbidden, filled
from klientel.kernel.records import type_of
from klientel.kernel.tenancy import reading
from klientel.kernel.web.answers import act, back, page

SHOWN = 50
COLUMNS = ("to", "reply", "created_at", "account", "send_at")
WAITING = {"field": "state", "op": "is", "value": "waiting"}


def _under_way() -> tuple[tuple[str, Any, dict[str, Any]], ...]:
    """What the page lists: key, heading and condition."""
    now = timezone.now().isoformat()
    later = {"field": "send_at", "op": "after", "value": now}
    return (
        ("waiting", _("waiting"), {"all": [WAITING, {"not": later}]}),
        ("scheduled", _("to be sent later"), {"all": [WAITING, later]}),
        ("unclear", _("unclear"), {"field": "state", "op": "is", "value": "unclear"}),
    )


@require_GET
@page
def overview(request: Any) -> HttpResponse:
    """Accounts with their counts, then the mails that wait or are unclear, as far as the viewer may see them."""
    mail, account = type_of("channels.mail"), type_of("channels.account")
    parts = []
    columns = [name for name in COLUMNS if name in request.scope.visible(mail)]
    for state, label, where in _under_way():
        found = read.select(request.scope, mail, columns=columns, where=where, limit=SHOWN)
        parts.append((state, label, found.rows, found.after is not None))
    states = Account.objects.filter(archived_at=None).values_list("pk", "name", "state")
    context = {
        "parts": parts,
        "still": {pk: name for pk, name, state in states if state != "active"},
        "accounts": _accounts(request) if request.scope.may(account, "change") else [],
        "may_settle": request.scope.may(mail, "send"),
    }
    return render(request, "channels/outbox.html", context)


def _accounts(request: Any) -> list[dict[str, Any]]:
    """The accounts the viewer looks after, each with how many mails stand in which state."""
    rtype, counts = type_of("channels.account"), outbox.counts()
    rows = list(Account.objects.filter(archived_at=None).order_by("name"))
    seen = read.visible_ids(request.scope, rtype, [one.pk for one in rows], "change")
    kind = rtype.fields["state"]
    return [
        {"row": one, "state": kind.show(one.state), "counts": counts.get(one.pk, {})} for one in rows if one.pk in seen
    ]


@require_POST
@act
def try_account(request: Any, account_id: UUID) -> HttpResponse:
    """Connect and sign in now, and say how it went; nothing is sent."""
    with reading():
        rtype = type_of("channels.account")
        account = read.get(request.scope, rtype, account_id)
        if not read.visible_ids(request.scope, rtype, [account_id], "change"):
            raise Forbidden("forbidden", _("You may not do this here."))
    trouble: object = ""
    try:
        open_line(accounts.place_of(account, *accounts.signing_in(account))).close()
    except Blocked as no:
        trouble = no.message
    except Failure as failure:
        trouble = _meaning(failure)
    run(system_actor(), "channels.account.note_trial", account_id, trouble=said(trouble))
    if trouble:
        messages.error(request, str(trouble))
    else:
        messages.success(request, _("The server lets us in. Nothing was sent."))
    return back(request, reverse("record", args=[rtype.slug, account_id]))


_MEANINGS = {
    "connect": gettext_lazy("The server does not answer: %(reply)s"),
    "tls": gettext_lazy("The encryption does not come about: %(reply)s"),
    "login": gettext_lazy("The server refuses login or password: %(reply)s"),
}


def _meaning(failure: Failure) -> object:
    return filled(_MEANINGS[failure.stage], {"reply": f"{failure.code or ''} {failure.reply}".strip()})
