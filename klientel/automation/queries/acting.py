"""Who a workflow is when it acts: its own name, the rights of whoever activated it as they are now, never more."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from klientel.kernel.access import actor_of
from klientel.kernel.errors import Forbidden
from klientel.kernel.identity.actor import Actor


def acting(workflow: UUID, name: str, member: UUID | None) -> Actor:
    """The actor of a workflow; :class:`Forbidden` where the member is gone or inactive."""
    if member is None:
        raise Forbidden("nobody", _("Nobody has activated this workflow."))
    return replace(actor_of(member), kind="workflow", id=workflow, name=name)


def actor_for(workflow: Any) -> Actor:
    """As :func:`acting`, of a workflow's row."""
    return acting(workflow.pk, workflow.name, workflow.runs_as)
