"""What the page of a webhook tells: its secret, to whom may change it."""

from __future__ import annotations

from typing import Any

from klientel.channels.queries.hooks import secret
from klientel.kernel.records import type_of
from klientel.kernel.web.panels import panel

KEY = "channels.webhook"


@panel(KEY)
def told(request: Any, webhook: Any) -> dict[str, Any]:
    """The secret is handed over by people, so people must be able to read it."""
    return {"secret": secret(webhook.pk) if request.scope.may(type_of(KEY), "change") else ""}
