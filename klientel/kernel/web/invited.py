"""Invitations as pages show them: with what became of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.utils import timezone

from klientel.kernel.identity.models import Invitation

SHOWN = 50


@dataclass(frozen=True)
class Sent:
    """An invitation and what became of it: ``open``, ``ended``, ``accepted`` or ``withdrawn``."""

    invitation: Invitation
    state: str

    @property
    def waits(self) -> bool:
        """Whether it can be sent again and withdrawn."""
        return self.state in ("open", "ended")


def sent(*, waiting: bool) -> list[Sent]:
    """The last invitations of the current tenant; ``waiting`` ones only where nobody answered yet."""
    found = Invitation.objects.order_by("-created_at")
    if waiting:
        found = found.filter(accepted_at=None, withdrawn_at=None)
    now = timezone.now()
    return [Sent(one, _state(one, now)) for one in found[:SHOWN]]


def _state(one: Invitation, now: Any) -> str:
    if one.accepted_at is not None:
        return "accepted"
    if one.withdrawn_at is not None:
        return "withdrawn"
    return "open" if one.is_open(now) else "ended"
