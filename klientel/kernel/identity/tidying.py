"""Deletes what sign-in no longer needs: ended sessions with their addresses, and old invitations. Run daily."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.utils import timezone

from klientel.kernel.identity.models import ApiToken, Invitation
from klientel.kernel.tenancy import inside, writing
from klientel.kernel.writing import door

KEPT_AFTER_END = timedelta(days=90)


def tidy_sessions() -> int:
    """Delete sessions that ran out, and what was noted about ended ones; how many notes went."""
    Session.objects.filter(expire_date__lt=timezone.now()).delete()
    ended = UserSession.objects.exclude(session_key__in=Session.objects.values("session_key"))
    return int(ended.delete()[0])


def tidy_tenant(tenant_id: UUID) -> int:
    """Delete invitations and tokens that ended three months ago; how many."""
    limit = timezone.now() - KEPT_AFTER_END
    with inside(tenant_id), writing(), door():
        gone = Invitation.objects.filter(expires_at__lt=limit).delete()[0]
        gone += ApiToken.objects.filter(expires_at__lt=limit).delete()[0]
        gone += ApiToken.objects.filter(revoked_at__lt=limit).delete()[0]
    return int(gone)
