from __future__ import annotations

import pytest
from django.contrib.sessions.models import Session
from django.test import Client

from klientel.kernel.identity import accounts
from klientel.kernel.identity.models import User
from klientel.kernel.web.account.tests.conftest import EMAIL, PASSWORD, is_signed_in, sign_in

pytestmark = pytest.mark.django_db


def test_address_in_any_case_and_password_sign_in(client: Client, user: User) -> None:
    answer = sign_in(client, email="NELE.Janssen@Example.ORG")
    assert (answer.status_code, answer["Location"]) == (302, "/")
    assert is_signed_in(client)


@pytest.mark.parametrize(
    ("email", "password"), [(EMAIL, "wrong password"), ("nobody@example.org", PASSWORD), (EMAIL, "")]
)
def test_what_is_wrong_is_not_told_apart(client: Client, user: User, email: str, password: str) -> None:
    answer = sign_in(client, email=email, password=password)
    assert answer.status_code == 422
    assert not is_signed_in(client)


def test_unknown_address_and_wrong_password_look_the_same(client: Client, user: User) -> None:
    wrong = sign_in(client, password="wrong password").content.decode()
    unknown = sign_in(Client(), email="nobody@example.org", password="wrong password").content.decode()
    assert "wrong password" not in wrong

    def bare(page: str) -> str:
        start = page.index("<main")
        return (
            page[start:].split("csrfmiddlewaretoken")[0]
            + page[start:].replace(EMAIL, "X").replace("nobody@example.org", "X").split('id="id_login"')[1]
        )

    assert bare(wrong) == bare(unknown)


def test_a_closed_login_does_not_sign_in_and_loses_its_sessions(client: Client, user: User) -> None:
    sign_in(client)
    accounts.deactivate(user)
    assert not is_signed_in(client)
    other = Client()
    assert sign_in(other)["Location"] == "/account/inactive"
    assert other.get("/account/inactive").status_code == 200
    assert not is_signed_in(other)
    assert sign_in(Client(), password="wrong password").status_code == 422


@pytest.mark.parametrize("address", [
    "https://evil.example/", "//evil.example/", "/\\evil.example/", "http:///evil.example", "javascript:alert(1)",
    "https://testserver/", "\\\\evil.example", "/\t/evil.example", "evil",
])  # fmt: skip
def test_next_never_leads_away(client: Client, user: User, address: str) -> None:
    assert sign_in(client, next=address)["Location"] == "/"


def test_next_leads_to_a_page_of_ours(client: Client, user: User) -> None:
    assert sign_in(client, next="/account/sessions?x=1")["Location"] == "/account/sessions?x=1"


def test_the_session_key_changes_at_sign_in_and_the_session_is_gone_after_sign_out(client: Client, user: User) -> None:
    client.get("/account/login")
    session = client.session
    session["x"] = 1
    session.save()
    before = session.session_key
    sign_in(client)
    after = client.session.session_key
    assert before != after
    assert client.get("/account/logout").status_code == 200
    assert is_signed_in(client)
    assert client.post("/account/logout").status_code == 302
    assert not Session.objects.filter(session_key=after).exists()
    assert not is_signed_in(client)


def test_remembering_is_the_persons_choice(client: Client, user: User) -> None:
    assert sign_in(client).cookies["session"]["max-age"] == ""
    assert sign_in(Client(), remember="on").cookies["session"]["max-age"] == 14 * 24 * 3600


def test_the_cookie_is_out_of_reach_for_scripts_and_other_sites(client: Client, user: User) -> None:
    cookie = sign_in(client).cookies["session"]
    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"


def test_failures_are_limited_per_address_for_every_browser(user: User) -> None:
    for _ in range(5):
        assert sign_in(Client(), password="wrong password").status_code == 422
    late = sign_in(Client(), password=PASSWORD)
    assert late.status_code == 422
    assert "sessionid" not in late.cookies


def test_nobody_signs_up(client: Client) -> None:
    before = User.objects.count()
    for answer in (
        client.get("/account/signup"),
        client.post("/account/signup", {"email": "new@example.org", "password1": PASSWORD}),
    ):
        assert answer.status_code == 200
        assert 'type="password"' not in answer.content.decode()
    assert User.objects.count() == before


def test_sign_in_is_checked_against_forgery(user: User) -> None:
    strict = Client(enforce_csrf_checks=True)
    assert sign_in(strict).status_code == 403


@pytest.mark.parametrize(
    "path",
    [
        "/account",
        "/account/profile",
        "/account/security",
        "/account/sessions",
        "/account/tokens",
        "/account/tenant",
        "/account/password/change",
        "/account/security/app/qr.svg",
    ],
)
def test_who_is_not_signed_in_is_led_to_the_sign_in_and_back(client: Client, path: str) -> None:
    answer = client.get(path)
    assert (answer.status_code, answer["Location"]) == (302, f"/account/login?next={path}")


@pytest.mark.parametrize(
    "path",
    [
        "/account/login",
        "/account/password/reset",
        "/account/password/reset/sent",
        "/account/password/reset/done",
        "/account/signup",
        "/account/inactive",
    ],
)
def test_pages_before_the_sign_in_are_kept_by_no_cache_and_hold_no_inline_code(client: Client, path: str) -> None:
    answer = client.get(path)
    page = answer.content.decode()
    assert answer.status_code == 200
    assert "no-store" in answer["Cache-Control"]
    assert " style=" not in page
    assert "<style" not in page
    assert " onclick=" not in page
    assert "<h1" in page
