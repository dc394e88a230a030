"""Nobody hands out more than they hold."""

from __future__ import annotations

import pytest

from klientel.kernel.access import ActorScope, actor_of
from klientel.kernel.access.elevating import beyond
from klientel.kernel.actions import run
from klientel.kernel.errors import Forbidden
from klientel.kernel.identity.actor import Actor
from klientel.kernel.testing.making import make_member

pytestmark = pytest.mark.django_db
OWN = {"field": "owner", "op": "is", "value": {"me": True}}
STAFF = [{"record": "kernel.member", "verb": v} for v in ("create", "change", "assign")] + [
    {"record": "kernel.role", "verb": "view"},
    {"record": "kernel.team", "verb": "view"},
    {"record": "contacts.person", "verb": "view", "where": OWN, "hidden": ["birthday"]},
]


@pytest.fixture
def hanna(anna: Actor) -> Actor:
    """Brings in people, may not change roles."""
    return make_member("Hanna", STAFF)


def role(anna: Actor, *grants: dict[str, object]) -> object:
    return run(anna, "kernel.role.create", name="Given", grants=list(grants)).record


@pytest.mark.parametrize(
    ("grant", "allowed"),
    [
        ({"record": "contacts.person", "verb": "view", "where": OWN, "hidden": ["birthday"]}, True),
        ({"record": "contacts.person", "verb": "view", "where": OWN, "hidden": ["birthday", "phones"]}, True),
        ({"record": "contacts.person", "verb": "view", "where": OWN}, False),
        ({"record": "contacts.person", "verb": "view", "hidden": ["birthday"]}, False),
        ({"record": "contacts.person", "verb": "*", "where": OWN, "hidden": ["birthday"]}, False),
        ({"record": "*", "verb": "view"}, False),
        ({"record": "*", "verb": "*"}, False),
        ({"record": "kernel.role", "verb": "change"}, False),
        ({"record": "kernel.member", "verb": "change"}, True),
    ],
)
def test_a_role_is_given_only_within_ones_own_rights(
    anna: Actor, hanna: Actor, grant: dict[str, object], allowed: bool
) -> None:
    given = role(anna, grant)
    if allowed:
        assert run(hanna, "kernel.member.create", name="New", roles=[given.pk]).record.roles == [given.pk]
        return
    colleague = make_member("Carl", [])
    before = list(actor_of(colleague.member).grants)
    for key, target, more in (
        ("kernel.member.create", None, {"name": "New"}),
        ("kernel.member.change", colleague.member, {}),
        ("kernel.member.change", hanna.member, {}),
    ):
        with pytest.raises(Forbidden) as no:
            run(hanna, key, target, roles=[given.pk], **more)
        assert no.value.code == "beyond_own_rights"
        assert no.value.field == "roles"
    assert list(actor_of(colleague.member).grants) == before
    assert beyond(ActorScope(hanna), [given.pk]) == ["Given"]
    assert beyond(ActorScope(anna), [given.pk]) == []


def test_who_holds_everything_business_does_not_hand_out_settings(anna: Actor) -> None:
    wide = make_member("Wanda", [*STAFF, {"record": "*", "verb": "view"}])
    assert beyond(ActorScope(wide), [role(anna, {"record": "contacts.person", "verb": "view"}).pk]) == []
    assert beyond(ActorScope(wide), [role(anna, {"record": "kernel.customfield", "verb": "view"}).pk]) == ["Given"]


def test_taking_roles_away_and_other_changes_stay_possible(anna: Actor, hanna: Actor) -> None:
    boss = make_member("Bodo", [{"record": "*", "verb": "*"}])
    run(hanna, "kernel.member.change", boss.member, language="de")
    assert run(hanna, "kernel.member.change", boss.member, roles=[]).record.roles == []


def test_nobody_moves_themselves_into_a_wider_team(anna: Actor, hanna: Actor) -> None:
    team = run(anna, "kernel.team.create", name="Board").record
    with pytest.raises(Forbidden) as no:
        run(hanna, "kernel.member.change", hanna.member, team=team.pk)
    assert no.value.field == "team"
    assert run(anna, "kernel.member.change", anna.member, team=team.pk).record.team == team.pk
