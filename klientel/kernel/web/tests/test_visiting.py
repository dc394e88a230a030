"""Session, login and workspaces come in one statement, and every check of Django's still holds."""

from __future__ import annotations

from typing import Any

import pytest
from allauth.usersessions.models import UserSession
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from klientel.kernel.access import system_actor
from klientel.kernel.actions import run
from klientel.kernel.identity import accounts
from klientel.kernel.identity.models import User
from klientel.kernel.tenancy import inside, writing
from klientel.kernel.tenancy.models import Tenant
from klientel.kernel.testing.cast import ALL
from klientel.kernel.web.account.joining import add_member
from klientel.kernel.web.account.visiting import SessionStore


@pytest.fixture
def user(tenant: Tenant) -> User:
    """A login with one workspace."""
    made = accounts.create("vera@example.org", name="Vera", password="Korb voll Pflaumen 7", language="en")
    with inside(tenant.pk), writing():
        role = run(system_actor(), "kernel.role.create", name="all", grants=ALL).record
        add_member(tenant.pk, made, roles=[role.id])
    return made


@pytest.fixture
def browser(user: User) -> Client:
    """Her browser, its session known to allauth as after a real sign-in."""
    session = SessionStore()
    session[SESSION_KEY], session[HASH_SESSION_KEY] = str(user.pk), user.get_session_auth_hash()
    session[BACKEND_SESSION_KEY] = "allauth.account.auth_backends.AuthenticationBackend"
    session["seen"] = 2**40
    session.save()
    UserSession.objects.create(user=user, session_key=session.session_key, ip="127.0.0.1")
    client = Client()
    client.cookies["session"] = session.session_key
    return client


def asked(browser: Client) -> tuple[Any, list[str]]:
    """An answer and the statements it took."""
    with CaptureQueriesContext(connection) as seen:
        answer = browser.get("/persons/")
    return answer, [one["sql"] for one in seen.captured_queries]


def test_session_login_and_workspaces_are_one_statement(browser: Client, settings: Any) -> None:
    settings.KLIENTEL_KEEP_PLANS = False  # which shows the statement itself
    browser.get("/persons/")
    answer, statements = asked(browser)
    assert answer.status_code == 200
    named = [s for s in statements if any(t in s for t in ("django_session", "kernel_user", "kernel_membership"))]
    assert len(named) == 1


def test_what_is_read_is_the_login_and_its_workspaces(browser: Client, user: User, tenant: Tenant) -> None:
    session = SessionStore(browser.cookies["session"].value)
    assert session[SESSION_KEY] == str(user.pk)
    assert session.visitor is not None
    for name in [f.attname for f in User._meta.concrete_fields]:
        assert getattr(session.visitor.user, name) == getattr(User.objects.get(pk=user.pk), name), name
    (mine,) = session.visitor.tenants
    assert (mine.pk, mine.name, mine.time_zone) == (tenant.pk, tenant.name, tenant.time_zone)
    assert mine.settings == tenant.settings  # not read beside, but there when asked for


@pytest.mark.parametrize("change", [{"is_active": False}, {"stamp": "f" * 32}, {"password": "!"}])
def test_a_login_that_changed_is_out_at_once(browser: Client, user: User, change: dict[str, Any]) -> None:
    assert browser.get("/persons/").status_code == 200
    User.objects.filter(pk=user.pk).update(**change)
    assert browser.get("/persons/").status_code == 302


def test_a_session_that_ended_counts_no_more(browser: Client) -> None:
    assert browser.get("/persons/").status_code == 200
    SessionStore(browser.cookies["session"].value).delete()
    assert browser.get("/persons/").status_code == 302


def test_a_membership_that_ended_counts_no_more(browser: Client, user: User) -> None:
    with connection.cursor() as cursor:
        cursor.execute("UPDATE kernel_membership SET active = false WHERE user_id = %s", [user.pk])
    assert browser.get("/persons/").status_code == 403


def test_allauth_naming_another_login_changes_nothing(browser: Client, user: User) -> None:
    other = accounts.create("otto@example.org", name="Otto", password="Korb voll Pflaumen 7", language="de")
    UserSession.objects.update(user=other)
    answer = browser.get("/persons/")
    assert answer.status_code == 200
    assert answer.wsgi_request.user.pk == user.pk
