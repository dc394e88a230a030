from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from klientel.kernel.errors import Missing, Refused
from klientel.kernel.identity import accounts, tokens
from klientel.kernel.identity.models import ApiToken, User
from klientel.kernel.tenancy import inside, peek, writing
from klientel.kernel.writing import door
from klientel.lib.ids import uuid7

pytestmark = pytest.mark.django_db


def made(tenant: UUID, member_id: UUID, user: User, **given: Any) -> tuple[ApiToken, str]:
    values = {"name": "Shop", "scopes": ["read"], "expires_at": timezone.now() + timedelta(days=30)}
    return tokens.create(tenant_id=tenant, member_id=member_id, user=user, **(values | given))


def change(tenant: UUID, token: ApiToken, **values: Any) -> None:
    with inside(tenant), writing(), door():
        ApiToken.objects.filter(pk=token.pk).update(**values)


def count(tenant: UUID) -> int:
    with inside(tenant), writing():
        return int(ApiToken.objects.count())


def test_a_token_says_whose_it_is_and_what_it_may(tenant: UUID, member_id: UUID, user: User) -> None:
    token, text = made(tenant, member_id, user, name=" Shop ", scopes=["read", "contacts.person.create"])
    facts = tokens.check(text)
    assert facts is not None
    assert (facts.id, facts.tenant_id, facts.member_id, facts.user_id) == (token.id, tenant, member_id, user.id)
    assert (facts.name, facts.scopes) == ("Shop", ("read", "contacts.person.create"))


def test_the_text_is_stored_nowhere(tenant: UUID, member_id: UUID, user: User) -> None:
    token, text = made(tenant, member_id, user)
    secret = text.split("_", 2)[2]
    assert text.startswith(f"kt_{tenant.hex}_")
    assert all(secret not in str(value) for value in vars(token).values())
    assert secret.startswith(token.prefix)


def test_checking_is_one_query_and_leaves_no_tenant_behind(tenant: UUID, member_id: UUID, user: User) -> None:
    _token, text = made(tenant, member_id, user)
    with CaptureQueriesContext(
        connection,
    ) as queries:
        assert tokens.check(text) is not None
    assert len([q for q in queries if "kernel_apitoken" in q["sql"]]) == 1
    assert peek()[0] is None


@pytest.mark.parametrize("spoil", [
    lambda t: t[:-1] + ("A" if t[-1] != "A" else "B"),
    lambda t: t[:-1],
    lambda t: t + "A",
    lambda t: t + "\n",
    lambda t: t.upper(),
    lambda t: t.replace("kt_", "ki_"),
    lambda t: t.replace("kt_", ""),
    lambda t: "",
    lambda t: "kt__",
    lambda t: "\x00" + t,
    lambda t: "kt_" + "z" * 32 + t[35:],
])  # fmt: skip
def test_a_changed_token_is_none(tenant: UUID, member_id: UUID, user: User, spoil: Any) -> None:
    _token, text = made(tenant, member_id, user)
    assert tokens.check(spoil(text)) is None


def test_a_token_does_not_open_another_tenant(tenant: UUID, elsewhere: UUID, member_id: UUID, user: User) -> None:
    _token, text = made(tenant, member_id, user)
    assert tokens.check(text.replace(tenant.hex, elsewhere.hex)) is None
    assert tokens.check(text.replace(tenant.hex, uuid7().hex)) is None


def test_an_expired_token_is_none(tenant: UUID, member_id: UUID, user: User) -> None:
    token, text = made(tenant, member_id, user)
    change(tenant, token, expires_at=timezone.now() - timedelta(seconds=1))
    assert tokens.check(text) is None


def test_a_revoked_token_is_none_at_once(tenant: UUID, member_id: UUID, user: User) -> None:
    token, text = made(tenant, member_id, user)
    tokens.revoke(tenant, member_id, token.id)
    assert tokens.check(text) is None
    tokens.revoke(tenant, member_id, token.id)  # a double click


def test_nobody_revokes_a_token_of_another_member_or_tenant(
    tenant: UUID, elsewhere: UUID, member_id: UUID, user: User
) -> None:
    token, text = made(tenant, member_id, user)
    for where, who in [(tenant, uuid7()), (elsewhere, member_id)]:
        with pytest.raises(Missing):
            tokens.revoke(where, who, token.id)
    assert tokens.check(text) is not None


def test_tokens_die_with_the_login_and_stay_dead(tenant: UUID, member_id: UUID, user: User) -> None:
    _token, text = made(tenant, member_id, user)
    accounts.deactivate(user)
    assert tokens.check(text) is None
    accounts.reactivate(user)
    assert tokens.check(text) is None


def test_all_tokens_of_a_member_end_together(tenant: UUID, member_id: UUID, user: User) -> None:
    texts = [made(tenant, member_id, user)[1] for _ in range(2)]
    _other, kept = made(tenant, uuid7(), user)
    assert tokens.revoke_all(tenant, member_id) == 2
    assert [tokens.check(text) for text in texts] == [None, None]
    assert tokens.check(kept) is not None


@pytest.mark.parametrize(("given", "field"), [
    ({"name": "  "}, "name"),
    ({"name": "x" * 101}, "name"),
    ({"name": "a\x00"}, "name"),
    ({"scopes": []}, "scopes"),
    ({"scopes": ["read", "everything!"]}, "scopes"),
    ({"expires_at": timezone.now() - timedelta(days=1)}, "expires_at"),
    ({"expires_at": timezone.now() + timedelta(days=731)}, "expires_at"),
])  # fmt: skip
def test_a_wrong_token_is_refused_and_nothing_written(
    tenant: UUID, member_id: UUID, user: User, given: dict[str, Any], field: str
) -> None:
    with pytest.raises(Refused) as refused:
        made(tenant, member_id, user, **given)
    assert refused.value.field == field
    assert count(tenant) == 0


def test_use_is_noted_at_most_every_five_minutes(tenant: UUID, member_id: UUID, user: User) -> None:
    token, text = made(tenant, member_id, user)
    facts = tokens.check(text)
    assert facts is not None
    tokens.note_use(facts)
    noted = tokens.check(text)
    assert noted is not None
    assert noted.last_used_at is not None
    with CaptureQueriesContext(connection) as queries:
        tokens.note_use(noted)
    assert len(queries) == 0
    change(tenant, token, last_used_at=timezone.now() - timedelta(minutes=6))
    again = tokens.check(text)
    assert again is not None
    tokens.note_use(again)
    assert tokens.check(text).last_used_at > again.last_used_at  # type: ignore[union-attr, operator]


@pytest.mark.parametrize(("scopes", "record", "verb", "may"), [
    (["read"], "contacts.person", "view", True),
    (["read"], "contacts.person", "export", True),
    (["read"], "contacts.person", "change", False),
    (["write"], "contacts.person", "merge", True),
    (["contacts.person"], "contacts.person", "archive", True),
    (["contacts.person"], "contacts.organisation", "view", False),
    (["contacts.person.create"], "contacts.person", "create", True),
    (["contacts.person.create"], "contacts.person", "view", False),
])  # fmt: skip
def test_scopes_bound_what_a_token_may(
    tenant: UUID, member_id: UUID, user: User, scopes: list[str], record: str, verb: str, may: bool
) -> None:
    _token, text = made(tenant, member_id, user, scopes=scopes)
    facts = tokens.check(text)
    assert facts is not None
    assert facts.permits(record, verb) is may


def test_one_sees_only_ones_own_tokens(tenant: UUID, elsewhere: UUID, member_id: UUID, user: User) -> None:
    first, _text = made(tenant, member_id, user)
    second, _text = made(tenant, member_id, user)
    made(tenant, uuid7(), user)
    made(elsewhere, member_id, user)
    assert [token.id for token in tokens.of_member(tenant, member_id)] == [second.id, first.id]
