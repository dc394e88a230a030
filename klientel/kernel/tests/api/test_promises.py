"""What the API promises of every record type and every action, declared by a model or by a row.
Nobody writes these twice."""

from __future__ import annotations

from uuid import uuid4

import pytest

from klientel.kernel import actions, events
from klientel.kernel.access import ActorScope
from klientel.kernel.actions import run
from klientel.kernel.api import shapes
from klientel.kernel.api.showing import FIXED
from klientel.kernel.kinds import Link, Links
from klientel.kernel.records import all_types, type_of
from klientel.kernel.sql import Sql
from klientel.kernel.tenancy import inside
from klientel.kernel.testing import make
from klientel.kernel.testing.making import make_member
from klientel.kernel.tests.api.conftest import Program, token_of
from klientel.kernel.tests.promises.test_every_record import KEYS, ROW_DECLARED, fitting, machine, made, rtype

every = pytest.mark.parametrize("key", KEYS)
declared = pytest.mark.parametrize("key", [k for k in KEYS if k != ROW_DECLARED])

__all__ = ["machine", "rtype"]


def number_of_events():
    return len(events.read(Sql("TRUE")))


def body(anna, rtype, n=1):
    """A body with something in every field that a program may send."""
    values = rtype.sample(n) | fitting(rtype, n)
    for name, kind in rtype.links.items():
        if kind.required and name not in values:
            unique = {"name": str(uuid4())} if kind.to == "*" else {}
            other = make(anna, "kernel.tag" if kind.to == "*" else kind.to, 100 + n, **unique)
            values[name] = [str(other.id)] if isinstance(kind, Links) else str(other.id)
    return values


@every
def test_lives_a_whole_life_through_the_api(anna, anna_api, rtype):
    root = f"/{rtype.slug}"
    answer = anna_api.post(root, body(anna, rtype))
    if rtype.made_by:
        assert answer.status_code == 403
        answer = anna_api.get(f"{root}/{made(anna, rtype).id}")
        told = {"record": answer.json()}
    else:
        assert answer.status_code == 201, answer.json()
        told = answer.json()
        assert told["type"] == rtype.key
    one = f"{root}/{told['record']['id']}"
    assert anna_api.get(one).json() == told["record"]
    assert told["record"].keys() == {*FIXED, *rtype.fields}
    assert told["record"] in anna_api.get(f"{root}?limit=200").json()["items"]
    tag = make(anna, "kernel.tag", 50)
    changed = anna_api.patch(one, {"tags": [str(tag.id)]}, **{"If-Match": answer["ETag"]})
    assert (changed.status_code, changed.json()["record"]["tags"]) == (200, [str(tag.id)])
    kinds = [e["kind"] for e in anna_api.get(f"{one}/events").json()["items"] if e["record_id"] == told["record"]["id"]]
    assert kinds == [f"{rtype.key}.change", f"{rtype.key}.create"]
    gone = anna_api.delete(one)
    assert gone.status_code == 200 and anna_api.get(one).status_code == 404
    assert anna_api.post(f"/undo/{gone.json()['change_set']}").status_code == 200
    assert anna_api.get(one).json()["tags"] == [str(tag.id)]


@pytest.mark.parametrize("key", [*(t.key for t in all_types() if not t.made_by), ROW_DECLARED])
def test_every_field_refuses_the_wrong_type_at_its_place(anna, anna_api, rtype):
    good, before = body(anna, rtype), 0
    kinds = {n: k for n, k in rtype.fields.items() if not k.readonly}
    before = number_of_events()
    for wrong in ({"a": "b"}, [[]], True, 1.5, "\x07" * 3, -(2**62)):
        bad = {n: wrong for n, k in kinds.items() if shapes.misfit(shapes.taken(k), wrong)}
        answer = anna_api.post(f"/{rtype.slug}", good | bad)
        assert answer.status_code == 422
        assert {e["field"] for e in answer.json()["errors"]} == set(bad)
    assert number_of_events() == before


@declared
def test_another_tenants_record_is_missing_and_untouched(cleo, anna_api, key):
    kind = type_of(key)
    with inside(cleo.tenant):
        theirs, before = made(cleo, kind), number_of_events()
    one = f"/{kind.slug}/{theirs.id}"
    answers = [
        anna_api.get(one),
        anna_api.get(f"{one}/events"),
        anna_api.patch(one, {"tags": []}),
        anna_api.delete(one),
    ]
    bulk = anna_api.post(f"/{kind.slug}/bulk", {"verb": "archive", "items": [{"id": str(theirs.id)}]})
    assert [a.status_code for a in answers] == [404] * 4 and bulk.json()["outcomes"][0]["status"] == 404
    assert str(theirs.id) not in anna_api.get(f"/{kind.slug}?limit=200").content.decode()
    with inside(cleo.tenant):
        assert number_of_events() == before


@every
def test_without_a_grant_nothing_is_shown_or_done(anna, rtype):
    record = made(anna, rtype)
    nobody = Program(token_of(make_member("Nora Niemand", [])))
    good, before = body(anna, rtype, 2), number_of_events()
    one = f"/{rtype.slug}/{record.id}"
    listed, *single = (nobody.get(p) for p in (f"/{rtype.slug}", one, f"{one}/events"))
    if rtype.open:
        assert [a.status_code for a in single] == [200, 200]
    else:  # of some types everybody sees some records, but not this one
        assert listed.status_code == 403 or listed.json()["items"] == []
        assert {a.status_code for a in single} <= {403, 404}
    answers = [nobody.post(f"/{rtype.slug}", good), nobody.patch(one, {"tags": []}), nobody.delete(one)]
    assert [a.status_code for a in answers if a.status_code not in (403, 404)] == []
    bulk = nobody.post(f"/{rtype.slug}/bulk", {"verb": "archive", "items": [{"id": str(record.id)}]})
    assert bulk.status_code == 403 or bulk.json()["outcomes"][0]["status"] == 404
    assert number_of_events() == before


@every
def test_a_hidden_field_is_absent_and_a_readonly_one_is_refused(anna, rtype):
    record = made(anna, rtype)
    names = tuple(rtype.fields)
    blind = Program(token_of(make_member("Berta Blind", [{"record": rtype.key, "verb": "view", "hidden": names}])))
    one = f"/{rtype.slug}/{record.id}"
    everybody = ActorScope(make_member("Nora Niemand", [])).grants(rtype, "view")  # hides nothing of comments, views
    if not everybody:
        assert blind.get(one).json().keys() == set(FIXED)
    assert everybody or all(
        e["changes"] == {} for e in blind.get(f"{one}/events").json()["items"] if e["record_id"] == str(record.id)
    )
    grants = [{"record": rtype.key, "verb": "view"}, {"record": rtype.key, "verb": "change", "readonly": names}]
    reader = Program(token_of(make_member("Lena Leserin", grants)))
    values = {n: v for n, v in body(anna, rtype).items() if n in rtype.fields}
    before = number_of_events()
    answer = reader.patch(one, values)
    if not everybody:
        assert answer.status_code == 403 and {e["field"] for e in answer.json()["errors"]} == set(values)
        assert number_of_events() == before


ACTIONS = [a.key for t in all_types() for a in actions.actions_on(t)]


@pytest.mark.parametrize("action", ACTIONS)
def test_every_action_refuses_strangers_and_unknown_parameters(anna, cleo, anna_api, action):
    act = actions.get(action)
    kind = type_of(act.on)
    nobody = Program(token_of(make_member("Nora Niemand", [])))
    mine = None if act.new else made(anna, kind)
    if act.on_archived:
        run(anna, f"{kind.key}.archive", mine.id)
    with inside(cleo.tenant):
        theirs = None if act.new else made(cleo, kind)
    before = number_of_events()
    if act.new:
        path = f"/{kind.slug}/actions/{act.verb}"
    else:
        path = f"/{kind.slug}/{mine.id}/actions/{act.verb}"
        stranger = anna_api.post(f"/{kind.slug}/{theirs.id}/actions/{act.verb}", samples(kind, act))
        assert stranger.status_code == 404, stranger.json()
    assert anna_api.post(path, {"nothing": 1}).json()["code"] == "unknown_field"
    closed = nobody.post(path, {})
    assert closed.status_code in (403, 404, 422) or (act.needs == "view" and kind.open)
    assert number_of_events() == before


def samples(kind, act):
    """Something for every parameter that an action needs."""
    made = {}
    for name in shapes.needed(kind, act, act.params_of(kind)):
        param = act.params_of(kind)[name]
        links = [str(uuid4())] if isinstance(param, Links) else str(uuid4())
        made[name] = links if isinstance(param, Link | Links) else param.plain(param.accept(param.sample(1)))
    return made
