from __future__ import annotations

import re
from datetime import timedelta
from uuid import UUID

import pytest
from allauth.usersessions.models import UserSession
from django.core import mail
from django.http import HttpResponse
from django.test import Client

from klientel.kernel import access
from klientel.kernel.actions import run
from klientel.kernel.errors import Forbidden
from klientel.kernel.identity import accounts, invitations, tokens
from klientel.kernel.identity.models import ApiToken, User
from klientel.kernel.tenancy import inside, writing
from klientel.kernel.web.account.tests.conftest import (
    EMAIL,
    PASSWORD,
    confirm,
    is_signed_in,
    make_membership,
    sign_in,
)

pytestmark = pytest.mark.django_db
GUEST = "gast@example.org"
WELCOME = {"name": "Gesa Gast", "password": "Apfel und Birne 3", "again": "Apfel und Birne 3"}


@pytest.fixture
def inside_client(client: Client, member: UUID) -> Client:
    """A browser that is signed in as a member."""
    sign_in(client)
    return client


def token_count(tenant: UUID) -> int:
    with inside(tenant), writing():
        return int(ApiToken.objects.count())


@pytest.mark.parametrize(
    "path",
    [
        "/account/profile",
        "/account/security",
        "/account/sessions",
        "/account/tokens",
        "/account/tenant",
        "/account/password/change",
        "/account/logout",
        "/account/security/app",
    ],
)
def test_every_page_answers_without_inline_code_and_is_kept_by_no_cache(inside_client: Client, path: str) -> None:
    confirm(inside_client)
    answer = inside_client.get(path)
    page = answer.content.decode()
    assert answer.status_code == 200
    assert "no-store" in answer["Cache-Control"]
    for inline in (" style=", "<style", " onclick=", "javascript:", "data:image"):
        assert inline not in page
    assert page.count("<h1") == 1
    assert len(re.findall(r'<form method="post"', page)) == page.count("csrfmiddlewaretoken")


# -- profile --


def test_the_profile_is_saved_and_refused_as_a_whole(inside_client: Client, user: User) -> None:
    good = {"name": "Nele J.", "language": "en", "theme": "dark", "density": "compact"}
    assert inside_client.post("/account/profile", good).status_code == 302
    user.refresh_from_db()
    assert (user.name, user.language, user.theme, user.density, user.single_keys) == (
        "Nele J.",
        "en",
        "dark",
        "compact",
        False,
    )
    page = inside_client.get("/account/profile").content.decode()
    assert '<html lang="en" data-theme="dark" data-density="compact"' in page
    assert inside_client.post("/account/profile", {**good, "name": "X", "theme": "pink"}).status_code == 422
    user.refresh_from_db()
    assert (user.name, user.theme) == ("Nele J.", "dark")


def test_a_name_with_html_is_text(inside_client: Client) -> None:
    evil = {"name": "<script>alert(1)</script>", "language": "de", "theme": "system", "density": "standard"}
    inside_client.post("/account/profile", evil)
    assert "<script>alert" not in inside_client.get("/account/profile").content.decode()


# -- sessions --


def test_one_session_or_all_others_can_be_ended(inside_client: Client, user: User) -> None:
    first, second = Client(), Client()
    for each in (first, second):
        sign_in(each)
    assert inside_client.get("/account/sessions").content.decode().count("<li>") >= 3
    gone = UserSession.objects.get(session_key=first.session.session_key)
    assert inside_client.post("/account/sessions", {"session": str(gone.pk)}).status_code == 302
    assert [is_signed_in(each) for each in (first, second, inside_client)] == [False, True, True]
    assert inside_client.post("/account/sessions", {"session": "others"}).status_code == 302
    assert [is_signed_in(each) for each in (first, second, inside_client)] == [False, False, True]
    assert UserSession.objects.purge_and_list(user)[0].session_key == inside_client.session.session_key


def test_nobody_ends_the_session_of_somebody_else(inside_client: Client) -> None:
    accounts.create("other@example.org", name="Other", password=PASSWORD)
    other = Client()
    sign_in(other, email="other@example.org")
    theirs = UserSession.objects.get(session_key=other.session.session_key)
    for which in (str(theirs.pk), "", "x", "-1", "9" * 30, "²"):
        assert inside_client.post("/account/sessions", {"session": which}).status_code == 404
    assert is_signed_in(other)


def test_one_does_not_end_ones_own_session_by_mistake(inside_client: Client) -> None:
    mine = UserSession.objects.get(session_key=inside_client.session.session_key)
    assert inside_client.post("/account/sessions", {"session": str(mine.pk)}).status_code == 422
    assert is_signed_in(inside_client)


# -- tokens --


def test_a_token_is_shown_once_works_and_is_revoked(inside_client: Client, tenant: UUID, member: UUID) -> None:
    new = {"name": "Shop", "scope": "read", "days": "30"}
    confirm(inside_client)
    page = inside_client.post("/account/tokens", new).content.decode()
    text = re.search(r'id="secret" value="(kt_[^"]+)"', page)
    assert text is not None
    assert text[1] not in inside_client.get("/account/tokens").content.decode()
    facts = tokens.check(text[1])
    assert facts is not None
    assert (facts.tenant_id, facts.member_id, facts.scopes) == (tenant, member, ("read",))
    assert inside_client.post(f"/account/tokens/{facts.id}/revoke").status_code == 302
    assert tokens.check(text[1]) is None


def test_a_token_needs_a_fresh_confirmation(inside_client: Client, tenant: UUID) -> None:
    answer = inside_client.post("/account/tokens", {"name": "Shop", "scope": "read", "days": "30"})
    assert answer["Location"].startswith("/account/confirm?")
    assert token_count(tenant) == 0


@pytest.mark.parametrize(
    "wrong", [{"name": ""}, {"scope": "all"}, {"days": "9999"}, {"days": "x"}, {"name": "x" * 101}]
)
def test_a_wrong_token_is_refused(inside_client: Client, tenant: UUID, wrong: dict[str, str]) -> None:
    confirm(inside_client)
    answer = inside_client.post("/account/tokens", {"name": "Shop", "scope": "read", "days": "30"} | wrong)
    assert answer.status_code == 422
    assert token_count(tenant) == 0


def test_nobody_sees_or_revokes_the_token_of_a_colleague(inside_client: Client, tenant: UUID) -> None:
    colleague = accounts.create("other@example.org", name="Other", password=PASSWORD)
    theirs = Client()
    make_membership(tenant, colleague)
    sign_in(theirs, email="other@example.org")
    confirm(theirs)
    theirs.post("/account/tokens", {"name": "Colleague's", "scope": "write", "days": "30"})
    with inside(tenant), writing():
        token = ApiToken.objects.get()
    assert "Colleague" not in inside_client.get("/account/tokens").content.decode()
    assert inside_client.post(f"/account/tokens/{token.id}/revoke").status_code == 404
    with inside(tenant), writing():
        assert ApiToken.objects.get().revoked_at is None


# -- workspaces --


def test_one_changes_between_ones_own_workspaces_only(
    inside_client: Client, user: User, tenant: UUID, elsewhere: UUID
) -> None:
    assert inside_client.post(f"/account/tenant/{elsewhere}").status_code == 404
    make_membership(elsewhere, user)
    assert inside_client.post(f"/account/tenant/{elsewhere}").status_code == 302
    assert "Anderswo AG</title>" in inside_client.get("/account/tenant").content.decode()
    assert inside_client.get(f"/account/tenant/{elsewhere}").status_code == 405
    assert inside_client.post(f"/account/tenant/{tenant}").status_code == 302
    assert "Muster GmbH</title>" in inside_client.get("/account/tenant").content.decode()


def test_without_a_workspace_the_account_still_opens(client: Client, user: User) -> None:
    sign_in(client)
    assert client.get("/account/profile").status_code == 200
    assert client.get("/account/tenant").status_code == 200
    assert client.get("/account/tokens").status_code == 404


# -- invitation --


def invite(tenant: UUID, email: str = GUEST, **given: object) -> str:
    _invitation, text = invitations.create(tenant_id=tenant, email=email, invited_by="system:0", **given)  # type: ignore[arg-type]
    return invitations.path(text)


def arrive(client: Client, link: str) -> HttpResponse:
    """Follow the link; the page it leads to."""
    answer = client.get(link, follow=True)
    assert answer.redirect_chain == [("/invitation", 302)]
    return answer  # type: ignore[return-value]


def test_a_guest_chooses_a_password_and_is_in(client: Client, tenant: UUID) -> None:
    link = invite(tenant, name="Gesa")
    page = arrive(client, link).content.decode()
    assert "Muster GmbH" in page
    assert 'value="Gesa"' in page
    assert link not in page
    assert not User.objects.exists()
    answer = client.post("/invitation", WELCOME)
    assert (answer.status_code, answer["Location"]) == (302, "/")
    assert is_signed_in(client)
    guest = User.objects.get()
    assert (guest.email, guest.name) == (GUEST, "Gesa Gast")
    assert [row[0] for row in access.memberships(guest.id)] == [tenant]
    other = Client()
    assert arrive(other, link).status_code == 409
    assert other.post("/invitation", WELCOME).status_code == 409
    assert User.objects.count() == 1


@pytest.mark.parametrize("wrong", [{"password": "123", "again": "123"}, {"again": "Anders als oben 4"}, {"name": ""}])
def test_a_refused_welcome_leaves_nothing(client: Client, tenant: UUID, wrong: dict[str, str]) -> None:
    link = invite(tenant)
    arrive(client, link)
    assert client.post("/invitation", WELCOME | wrong).status_code == 422
    assert not User.objects.exists()
    assert arrive(client, link).status_code == 200
    assert not is_signed_in(client)


def test_ended_and_unknown_links_say_so(client: Client, tenant: UUID, elsewhere: UUID) -> None:
    link = invite(tenant)
    old = invite(elsewhere, lifetime=timedelta(seconds=-1))
    changed = link[:-1] + ("A" if link[-1] != "A" else "B")
    for wrong, status in [
        (changed, 404),
        (link.replace(tenant.hex, elsewhere.hex), 404),
        ("/invitation/x", 404),
        (old, 422),
    ]:
        assert arrive(client, wrong).status_code == status
        assert client.post("/invitation", WELCOME).status_code == status
    assert Client().get("/invitation").status_code == 404
    assert not User.objects.exists()


def test_who_has_a_login_signs_in_and_accepts(client: Client, user: User, elsewhere: UUID) -> None:
    page = arrive(client, invite(elsewhere, EMAIL)).content.decode()
    assert 'type="password"' not in page
    assert "/account/login?next=%2Finvitation" in page
    assert client.post("/invitation", WELCOME).status_code == 200
    assert access.memberships(user.id) == []
    assert sign_in(client, next="/invitation")["Location"] == "/invitation"
    assert client.post("/invitation")["Location"] == "/"
    assert [row[0] for row in access.memberships(user.id)] == [elsewhere]
    assert User.objects.count() == 1


def test_an_invitation_for_another_address_is_not_taken(inside_client: Client, user: User, elsewhere: UUID) -> None:
    link = invite(elsewhere)
    assert GUEST in arrive(inside_client, link).content.decode()
    assert inside_client.post("/invitation").status_code == 403
    assert len(access.memberships(user.id)) == 1
    assert arrive(Client(), link).status_code == 200


def test_a_waiting_member_gets_its_login(client: Client, tenant: UUID) -> None:
    with inside(tenant):
        waiting = run(access.system_actor(), "kernel.member.create", name="Gesa", email=GUEST).record
    arrive(client, invite(tenant, parameters={"member": str(waiting.id)}))
    client.post("/invitation", WELCOME)
    ((_tenant, member_id, _name),) = access.memberships(User.objects.get().id)
    assert member_id == waiting.id


def test_where_the_role_is_gone_nobody_joins_and_no_login_remains(client: Client, tenant: UUID) -> None:
    arrive(client, invite(tenant, parameters={"roles": [str(tenant)]}))
    assert client.post("/invitation", WELCOME).status_code == 422
    assert not User.objects.exists()


def test_reading_a_link_changes_nothing_and_sends_nothing(client: Client, tenant: UUID) -> None:
    link = invite(tenant)
    for _ in range(3):
        assert arrive(client, link).status_code == 200
    assert (User.objects.count(), len(mail.outbox)) == (0, 0)
    assert client.post("/invitation", WELCOME).status_code == 302


def test_nobody_but_the_system_connects_a_login(tenant: UUID, user: User, member: UUID) -> None:
    stranger = accounts.create("other@example.org", name="Other", password=PASSWORD)
    with inside(tenant), writing():
        anna = access.actor_of(member)
    with inside(tenant), pytest.raises(Forbidden):
        run(anna, "kernel.member.connect", member, user=stranger.id)
    assert access.memberships(stranger.id) == []
    assert [row[1] for row in access.memberships(user.id)] == [member]
