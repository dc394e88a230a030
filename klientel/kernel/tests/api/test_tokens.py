"""Who may ask: tokens, their scopes, and how often."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from klientel.kernel.access import system_actor
from klientel.kernel.actions import run
from klientel.kernel.api import guessing, rating
from klientel.kernel.api.narrowing import narrowed
from klientel.kernel.identity import accounts
from klientel.kernel.identity.actor import Grant
from klientel.kernel.identity.models import ApiToken
from klientel.kernel.tenancy import inside
from klientel.kernel.tenancy.models import Tenant
from klientel.kernel.tests.api.conftest import Program, token_of
from klientel.kernel.writing import door


def refused(program):
    answer = program.get("/persons")
    assert answer["Content-Type"] == "application/problem+json" and answer["WWW-Authenticate"].startswith("Bearer")
    return answer.status_code == 401


@pytest.mark.parametrize(
    "spoil",
    [
        lambda t: "",
        lambda t: t[:-1],
        lambda t: t + "x",
        lambda t: t.upper(),
        lambda t: "x " + t,
        lambda t: t[:-1] + ("A" if t[-1] != "A" else "B"),
    ],
)
def test_a_wrong_token_opens_nothing(anna, spoil):
    assert refused(Program(spoil(token_of(anna))))


def test_a_token_of_one_tenant_does_not_open_another(anna, cleo):
    text = token_of(anna)
    assert refused(Program(text.replace(anna.tenant.hex, cleo.tenant.hex)))


def test_a_token_ends(anna):
    text = token_of(anna)
    assert Program(text).get("/persons").status_code == 200
    with door():
        ApiToken.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert refused(Program(text))
    with door():
        ApiToken.objects.update(expires_at=timezone.now() + timedelta(days=1), revoked_at=timezone.now())
    assert refused(Program(text))


def test_when_a_token_was_used_is_known_to_about_five_minutes(anna, anna_api):
    assert ApiToken.objects.get().last_used_at is None
    anna_api.get("/me")
    first = ApiToken.objects.get().last_used_at
    anna_api.get("/me")
    assert first is not None and ApiToken.objects.get().last_used_at == first


def test_a_token_ends_with_its_login(anna):
    text = token_of(anna)
    token = ApiToken.objects.select_related("user").get()
    accounts.deactivate(token.user)
    assert refused(Program(text))


def test_a_token_ends_with_its_member(anna):
    text = token_of(anna)
    assert Program(text).get("/persons").status_code == 200
    run(system_actor(), "kernel.member.change", anna.member, active=False)
    assert refused(Program(text))


def test_rights_taken_are_gone_at_once(anna, program):
    api = program(anna)
    assert api.get("/persons").status_code == 200
    run(system_actor(), "kernel.member.change", anna.member, roles=[])
    assert api.get("/persons").status_code == 403


def test_scopes_narrow(anna, program):
    person = run(anna, "contacts.person.create", last_name="Muster").record
    role = run(anna, "kernel.role.create", name="Rolle").record
    seeing = program(anna, "contacts.person:view")
    assert seeing.get(f"/persons/{person.id}").status_code == 200
    assert seeing.patch(f"/persons/{person.id}", {"last_name": "x"}).status_code == 403
    assert seeing.get("/organisations").status_code == 403
    assert [t["key"] for t in seeing.get("/types").json()["items"]] == ["contacts.person"]
    reading = program(anna, "read")
    assert reading.get("/roles").json()["items"][0]["title"] and reading.get(f"/roles/{role.id}").status_code == 200
    assert reading.post("/persons", {"last_name": "x"}).json()["code"] == "out_of_scope"
    everywhere = program(anna, "*:view")
    assert everywhere.get("/tasks").status_code == 200 and everywhere.delete(f"/persons/{person.id}").status_code == 403
    one_type = program(anna, "contacts.person")
    assert one_type.patch(f"/persons/{person.id}", {"last_name": "Meister"}).status_code == 200
    assert one_type.get("/members").status_code == 403
    making = program(anna, "contacts.person.create")
    made = making.post("/persons", {"last_name": "Neu", "first_name": "Kim"})
    assert made.status_code == 201 and set(made.json()["record"]) == {"id", "version"}
    assert made.json()["possible_duplicates"] == []
    assert program(anna, "*").delete(f"/persons/{person.id}").status_code == 200


def test_bulk_and_undo_know_scopes_too(anna, program):
    done = run(anna, "contacts.person.create", last_name="Muster")
    reading = program(anna, "read")
    items = [{"id": str(done.record.id), "params": {"last_name": "x"}}]
    assert reading.post("/persons/bulk", {"verb": "change", "items": items}).status_code == 403
    assert reading.post(f"/undo/{done.change_set}").status_code == 403


def test_narrowing_never_shows_a_sensitive_field(tenant):
    del tenant
    wide = (Grant("*", "view"),)
    [made] = [g for g in narrowed(wide, ["read"]) if g.record == "contacts.person" and g.verb == "view"]
    assert made.hidden == ()  # a person has no sensitive field
    assert [g.record for g in narrowed(wide, ["kernel.role"])] == []  # settings need every verb


def limited(tenant, most):
    Tenant.objects.filter(pk=tenant.pk).update(settings={"api_per_minute": most})


def test_the_limit_holds_and_says_when_to_come_back(anna, tenant, program):
    limited(tenant, 4)
    api = program(anna)
    answers = [api.get("/me") for _ in range(6)]
    assert [a.status_code for a in answers] == [200] * 4 + [429] * 2
    assert [a["RateLimit-Remaining"] for a in answers[:4]] == ["3", "2", "1", "0"]
    assert answers[4]["RateLimit-Limit"] == "4" and 1 <= int(answers[4]["Retry-After"]) <= 15
    assert answers[5].json()["code"] == "too_many_requests"


def test_processes_share_one_limit(anna, tenant, program):
    limited(tenant, 8)
    api, good = program(anna), 0
    for _n in range(12):
        rating.forget()  # as another process, which holds nothing yet
        good += api.get("/me").status_code == 200
    assert good <= 8


def test_tokens_have_limits_of_their_own(anna, boris, tenant, program):
    limited(tenant, 1)
    assert program(anna).get("/me").status_code == 200
    assert program(boris).get("/me").status_code == 200


def test_nobody_elses_token_is_counted(anna, tenant):
    limited(tenant, 1)
    text = token_of(anna)
    wrong = Program(text[:-1] + ("A" if text[-1] != "A" else "B"))
    assert all(refused(wrong) for _n in range(3))
    assert Program(text).get("/me").status_code == 200


def test_the_limit_of_another_tenant_is_out_of_reach(anna, cleo):
    with inside(cleo.tenant):
        limited(Tenant.objects.get(pk=cleo.tenant), 1)
    assert [Program(token_of(anna)).get("/me").status_code for _n in range(2)] == [200, 200]


def test_wrong_tokens_from_one_address_are_slowed_down_and_good_ones_are_not(anna, anna_api, monkeypatch):
    monkeypatch.setattr(guessing, "MOST", 3)
    wrong = Program(anna_api.text[:-6] + "AAAAAA")
    answers = [wrong.get("/me") for _ in range(5)]
    assert [a.status_code for a in answers] == [401, 401, 401, 429, 429]
    assert 1 <= int(answers[-1]["Retry-After"]) <= 60
    assert answers[-1].json()["code"] == "too_many_requests"
    assert Program("no token at all").get("/me").status_code == 429
    assert anna_api.get("/me").status_code == 200
    elsewhere = wrong.client.get("/api/v1/me", headers={"Authorization": "Bearer x"}, REMOTE_ADDR="192.0.2.7")
    assert elsewhere.status_code == 401
    monkeypatch.setattr(guessing, "WINDOW", 0.0)
    assert wrong.get("/me").status_code == 401


def test_a_fault_of_our_own_is_told_as_a_problem(anna_api, monkeypatch):
    def broken(*_args: object, **_kwargs: object) -> None:
        raise ZeroDivisionError("on purpose")

    monkeypatch.setattr(rating, "take", broken)
    anna_api.client.raise_request_exception = False
    answer = anna_api.get("/me")
    assert answer.status_code == 500
    assert answer["Content-Type"] == "application/problem+json"
    assert answer.json()["code"] == "failed"
    assert "purpose" not in answer.content.decode()
