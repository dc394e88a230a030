from __future__ import annotations

from datetime import timedelta

import pytest
from allauth.usersessions.models import UserSession
from django.db import connection
from django.http import HttpResponse
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from klientel.kernel.identity.models import User
from klientel.kernel.web.account import device
from klientel.kernel.web.account.activity import SEEN, LastSeen
from klientel.kernel.web.account.tests.conftest import sign_in

pytestmark = pytest.mark.django_db


def test_use_is_noted_once_in_ten_minutes(client: Client, user: User) -> None:
    sign_in(client)
    UserSession.objects.update(last_seen_at=timezone.now() - timedelta(hours=1))
    request = RequestFactory().get("/", REMOTE_ADDR="192.0.2.7")
    request.user, request.session = user, client.session
    request.session.pop(SEEN, None)
    middleware = LastSeen(lambda _request: HttpResponse())
    middleware(request)
    noted = UserSession.objects.get()
    assert timezone.now() - noted.last_seen_at < timedelta(minutes=1)
    assert noted.ip == "192.0.2.7"
    with CaptureQueriesContext(connection) as queries:
        middleware(request)
    assert len(queries) == 0


@pytest.mark.parametrize(("agent", "text", "icon"), [
    ("Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0", "Firefox / Linux", "monitor"),
    ("Mozilla/5.0 (Windows NT 10.0) Chrome/156.0 Safari/537.36 Edg/156.0", "Edge / Windows", "monitor"),
    ("Mozilla/5.0 (iPhone; like Mac OS X) Version/19.0 Safari/604.1", "Safari / iPhone", "smartphone"),
    ("Mozilla/5.0 (Linux; Android 16) Chrome/156.0 Mobile Safari/537.36", "Chrome / Android", "smartphone"),
])  # fmt: skip
def test_a_device_is_named_by_browser_and_system(agent: str, text: str, icon: str) -> None:
    browser, system = text.split(" / ")
    found = device.of(agent)
    assert browser in found.text
    assert system in found.text
    assert found.icon == icon


def test_a_nameless_program_is_told_as_such() -> None:
    assert device.of("curl/8.1").text
    assert device.of("").text
