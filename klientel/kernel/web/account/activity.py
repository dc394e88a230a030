"""Keeps "last used" of a session about right: one small write in ten minutes instead of one per request."""

from __future__ import annotations

import time
from collections.abc import Callable

from allauth.account.adapter import get_adapter
from allauth.usersessions.models import UserSession
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

SEEN = "seen"
EVERY = 600  # seconds


class LastSeen:
    """Middleware after sign-in; stands in for allauth's own, which writes at every request."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.user.is_authenticated and time.time() - request.session.get(SEEN, 0) >= EVERY:
            request.session[SEEN] = int(time.time())
            mine = UserSession.objects.filter(session_key=request.session.session_key)
            mine.update(last_seen_at=timezone.now(), ip=get_adapter().get_client_ip(request))
        return self.get_response(request)
