"""What the page of a mail tells besides: why it waits, and what to do about it."""

from __future__ import annotations

from typing import Any

from klientel.channels.models import Account
from klientel.channels.queries import waiting
from klientel.kernel.web.panels import panel


@panel("channels.mail")
def told(request: Any, mail: Any) -> dict[str, Any]:
    """Nothing for most mails: only what waits has a reason."""
    del request
    if mail.state != "waiting":
        return {}
    return {"why": waiting.why(mail, Account.objects.filter(pk=mail.account).first())}
