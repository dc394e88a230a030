"""Mailboxes: how fetching goes, whether everything is here, and what could not be read."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import FileResponse, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from klientel.channels.egress import Blocked, Failure, open_box
from klientel.channels.models import Account, Fetched, Folder
from klientel.channels.queries import accounts, completeness, mailboxes
from klientel.kernel.access import reading as read
from klientel.kernel.actions import Item, run_many
from klientel.kernel.errors import Forbidden, Missing
from klientel.kernel.files import keeping
from klientel.kernel.files.views import HEADERS
from klientel.kernel.records import type_of
from klientel.kernel.tenancy import reading
from klientel.kernel.web.answers import act, back, page

ACCOUNT = "channels.account"


def reasons() -> dict[str, str]:
    """Why a message could not be read, in words."""
    return {
        "too_large": _("It is larger than what is taken in; only its header is kept."),
        "header_too_large": _("Its header is too long."),
        "too_many_parts": _("It has too many parts."),
        "too_deep": _("Its parts lie too deep in one another."),
        "empty": _("It is empty."),
        "too_slow": _("Reading it takes too long."),
        "damaged": _("It is damaged and cannot be read."),
        "not_stored": _("Its bytes are not as they were stored."),
    }


@require_GET
@page
def overview(request: Any) -> HttpResponse:
    """Every mailbox that the viewer looks after, folder by folder."""
    rtype = type_of(ACCOUNT)
    if not request.scope.may(rtype, "change"):
        raise Forbidden("forbidden", _("You may not do this here."))
    rows = list(Account.objects.filter(archived_at=None, fetching=True).exclude(imap_host="").order_by("name"))
    seen = read.visible_ids(request.scope, rtype, [one.pk for one in rows], "change")
    context = {
        "boxes": completeness.standings([one for one in rows if one.pk in seen]),
        "levels": dict(type_of("channels.folder").fields["level"].options()),
        "reasons": reasons(),
    }
    return render(request, "channels/mailboxes.html", context)


def _looked_after(request: Any, account_id: UUID) -> Any:
    rtype = type_of(ACCOUNT)
    account = read.get(request.scope, rtype, account_id)
    if not read.visible_ids(request.scope, rtype, [account_id], "change"):
        raise Forbidden("forbidden", _("You may not do this here."))
    return account


@require_POST
@act
def find_folders(request: Any, account_id: UUID) -> HttpResponse:
    """Ask the server which folders there are; of new ones only the inbox and what was sent are chosen."""
    with reading():
        account = _looked_after(request, account_id)
        known = set(Folder.objects.filter(account=account_id, archived_at=None).values_list("name", flat=True))
    try:
        box = open_box(accounts.mailbox_of(account, *accounts.signing_in(account)))
        try:
            listed = box.folders()
        finally:
            box.close()
    except Blocked as no:
        messages.error(request, str(no.message))
    except Failure as failure:
        messages.error(request, str(mailboxes.sentence(failure)))
    else:
        items = [Item(None, _values(account_id, one)) for one in listed if one.name not in known]
        made = sum(one.refused is None for one in run_many(request.actor, "channels.folder.create", items))
        messages.success(request, _("New folders: %(n)d. Please choose what is taken in from each.") % {"n": made})
    return back(request, reverse("mailboxes"))


def _values(account: UUID, listed: Any) -> dict[str, Any]:
    sent, inbox = "\\sent" in listed.flags, listed.name.upper() == "INBOX"
    level, direction = "all" if sent or inbox else "nothing", "out" if sent else "in"
    return {"account": account, "name": listed.name[:250], "direction": direction, "level": level}


@require_GET
@page
def message(request: Any, fetched_id: UUID) -> HttpResponse | FileResponse:
    """A message as it came, to be looked at with another program."""
    row = Fetched.objects.filter(pk=fetched_id).exclude(place="").first()
    if row is None:
        raise Missing("missing", _("There is no such record, or you may not see it."))
    _looked_after(request, row.account_id)
    path = keeping.path_of(row.tenant_id, row.place)
    if not path.is_file():
        raise Missing("missing", _("There is no such record, or you may not see it."))
    answer = FileResponse(path.open("rb"), as_attachment=True, filename="message.eml", content_type="message/rfc822")
    for name, value in HEADERS.items():
        answer[name] = value
    return answer
