from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest
from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.utils import timezone

from klientel.kernel.identity import invitations, tidying, tokens
from klientel.kernel.identity.models import ApiToken, Invitation, User
from klientel.kernel.tenancy import inside, writing
from klientel.kernel.writing import door

pytestmark = pytest.mark.django_db


def test_notes_about_ended_sessions_go_with_them(user: User) -> None:
    now = timezone.now()
    for key, days in [("running", 1), ("ran out", -1)]:
        Session.objects.create(session_key=key, session_data="", expire_date=now + timedelta(days=days))
        UserSession.objects.create(user=user, ip="127.0.0.1", session_key=key, user_agent="")
    UserSession.objects.create(user=user, ip="127.0.0.1", session_key="signed out", user_agent="")
    assert tidying.tidy_sessions() == 2
    assert [each.session_key for each in UserSession.objects.all()] == ["running"]
    assert [each.session_key for each in Session.objects.all()] == ["running"]


def test_invitations_and_tokens_go_three_months_after_their_end(
    tenant: UUID, elsewhere: UUID, member_id: UUID, user: User
) -> None:
    for where in (tenant, elsewhere):
        for _ in range(2):
            invitations.create(tenant_id=where, email="a@example.org", invited_by="x")
            end = timezone.now() + timedelta(days=1)
            tokens.create(tenant_id=where, member_id=member_id, user=user, name="x", scopes=["read"], expires_at=end)
        with inside(where), writing(), door():
            long_ago = timezone.now() - timedelta(days=91)
            Invitation.objects.filter(id=Invitation.objects.first().id).update(expires_at=long_ago)
            ApiToken.objects.filter(id=ApiToken.objects.first().id).update(revoked_at=long_ago)
    assert tidying.tidy_tenant(tenant) == 2
    for where, left in [(tenant, 1), (elsewhere, 2)]:
        with inside(where), writing():
            assert (Invitation.objects.count(), ApiToken.objects.count()) == (left, left)
