"""What is said when a mail was laid into the outbox."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.utils.translation import gettext as _

from klientel.channels.queries import accounts
from klientel.kernel.kinds import DateTime
from klientel.kernel.tenancy import reading
from klientel.kernel.web.answers import say_done

_AT = DateTime("", name="at")


def say_laid_out(request: Any, who: str, given: Mapping[str, Any]) -> None:
    """That it is in the outbox, when it goes, and where its account does not send at present."""
    at = given.get("at")
    if at:
        told = _("The e-mail to %(who)s is sent at %(at)s.") % {"who": who, "at": _AT.show(_AT.take(at))}
    else:
        told = _("The e-mail is in the outbox: %(who)s") % {"who": who}
    say_done(request, told)
    with reading():
        account = accounts.chosen(request.actor.member, UUID(given["account"]) if given.get("account") else None)
    if account.state != "active":
        words = _("It waits there: %(account)s does not send at present.")
        messages.warning(request, words % {"account": account.name})
