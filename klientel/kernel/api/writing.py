"""Writing through the API: always by an action, one or many."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from klientel.kernel import actions
from klientel.kernel.actions import Action, Item
from klientel.kernel.api import problems, shapes, showing, strict
from klientel.kernel.api.call import Call, Reply
from klientel.kernel.api.problems import Problem
from klientel.kernel.errors import Conflict, Missing, Refused
from klientel.kernel.records import RecordType, by_slug
from klientel.kernel.transfer.duplicates import likely_among
from klientel.kernel.twins import intake
from klientel.kernel.twins.checking import similar_after
from klientel.lib.ids import uuid7

MOST_ITEMS = 1000
#: what a bulk request that makes records does where one is likely there already; the first if it says nothing
BULK_CHOICES = (intake.REFUSE, intake.CREATE)
#: one item of a bulk request
ITEM: dict[str, Any] = {
    "type": "object",
    "properties": {
        "id": {"type": "string"},
        "version": {"type": ["integer", "null"]},
        "params": {"type": "object"},
    },
    "additionalProperties": False,
}


def create(call: Call, slug: str) -> Reply:
    """A new record; where it is likely there already 409 with the candidates, or what ``on_duplicate`` says."""
    rtype = call.type(slug, "create")
    query = strict.Query(call.request, "on_duplicate")
    wish = query.one_of("on_duplicate", *intake.CHOICES)
    values, act = call.sent(), actions.get(f"{rtype.key}.create")
    shapes.check_params(call.scope, rtype, act, values)
    wish = wish if call.facts.permits(rtype.key, "view") else intake.CREATE
    taken = intake.take_in(call.actor, rtype, values, on_duplicate=wish, scope=call.scope)
    change_set = str(taken.change_set) if taken.events else None
    data = {
        "type": rtype.key,
        "record": showing.written(call.scope, taken.record),
        "change_set": change_set,
        "possible_duplicates": [intake.told(one) for one in taken.twins],
    }
    where = f"/api/v1/{rtype.slug}/{taken.record.id}"
    return Reply(data, 201 if taken.new else 200, {"Location": where, "ETag": showing.tag(taken.record.version)})


def change(call: Call, slug: str, record_id: str) -> Reply:
    """Set fields of a record; what is not named stays. ``on_duplicate=refuse``: not where it would repeat another."""
    rtype, values = call.type(slug, "change"), call.sent()
    query = strict.Query(call.request, "on_duplicate")
    refuses = query.one_of("on_duplicate", intake.CREATE, intake.REFUSE) == intake.REFUSE
    if refuses and (twins := similar_after(call.scope, rtype, strict.record_id(record_id), values)):
        raise intake.duplicate(twins)
    return _act(call, rtype, "change", record_id, values, "on_duplicate")


def archive(call: Call, slug: str, record_id: str) -> Reply:
    """Move a record to the trash."""
    return _act(call, call.type(slug, "archive"), "archive", record_id, call.sent(needed=False))


def perform(call: Call, slug: str, record_id: str, verb: str) -> Reply:
    """Any action on one record."""
    act, rtype = _action(call, slug, verb)
    if act.new:
        raise Missing("no_such_action", _("There is no such action."))
    return _act(call, rtype, verb, record_id, call.sent(needed=False))


def perform_new(call: Call, slug: str, verb: str) -> Reply:
    """An action that makes a record."""
    act, rtype = _action(call, slug, verb)
    if not act.new:
        raise Missing("no_such_action", _("There is no such action."))
    if act.basic:
        return create(call, slug)
    strict.Query(call.request)
    values = call.sent(needed=False)
    shapes.check_params(call.scope, rtype, act, values)
    result = actions.run_item(call.actor, act.key, Item(None, values), scope=call.scope, savepoint=False)
    return Reply(showing.done(call.scope, result), 201, {"ETag": showing.tag(result.record.version)})


def _action(call: Call, slug: str, verb: str) -> tuple[Action, RecordType]:
    rtype = by_slug(slug)
    act = actions.get(f"{rtype.key}.{verb}")
    call.check(rtype, act.needs)
    return act, rtype


def _act(call: Call, rtype: RecordType, verb: str, record_id: str, values: dict[str, Any], *query: str) -> Reply:
    strict.Query(call.request, *query)
    act, version = actions.get(f"{rtype.key}.{verb}"), strict.if_match(call.request)
    found_id = strict.record_id(record_id)
    shapes.check_params(call.scope, rtype, act, values)
    try:
        result = actions.run_item(
            call.actor, act.key, Item(found_id, values, version), scope=call.scope, savepoint=False
        )
    except Conflict as no:
        if version is None or no.code != "changed_since":
            raise
        stale = Problem(412, no.code, no.message)
        stale.details = no.details
        raise stale from None
    return Reply(showing.done(call.scope, result), headers={"ETag": showing.tag(result.record.version)})


def bulk(call: Call, slug: str) -> Reply:
    """One action on up to 1000 records, or making as many: an outcome for each, one change set, one commit.

    What would be made and is likely there already is refused, unless ``on_duplicate`` is ``create``; the items of one
    request are not compared with each other.
    """
    strict.Query(call.request)
    verb, items, wish = _bulk_sent(call.sent())
    act, rtype = _action(call, slug, verb)
    looks = act.basic and act.new and wish == intake.REFUSE and call.facts.permits(rtype.key, "view")
    outcomes: list[dict[str, Any]] = [{} for _item in items]
    good: list[tuple[int, Item]] = []
    for n, sent in enumerate(items):
        try:
            good.append((n, _item(call, rtype, act, sent)))
        except Refused as no:
            outcomes[n] = _no(sent, no)
    if looks:
        likely = likely_among(call.scope, rtype, [item.params for _n, item in good])
        for at, one in likely.items():
            n = good[at][0]
            outcomes[n] = _no(items[n], intake.duplicate([one]))
        good = [one for at, one in enumerate(good) if at not in likely]
    change_set = uuid7()
    done = actions.run_many(
        call.actor, act.key, [item for _n, item in good], change_set=change_set, scope=call.scope, chunk=MOST_ITEMS
    )
    for (n, _one), outcome in zip(good, done, strict=True):
        if outcome.refused is not None:
            outcomes[n] = _no(items[n], outcome.refused)
        else:
            record = outcome.record
            outcomes[n] = {"status": 201 if act.new else 200, "id": str(record.id), "version": record.version}
    succeeded = sum("version" in o and o["status"] < 300 for o in outcomes)
    refused = len(outcomes) - succeeded
    told = {"change_set": str(change_set) if succeeded else None, "succeeded": succeeded, "refused": refused}
    return Reply(told | {"outcomes": outcomes})


def _bulk_sent(sent: dict[str, Any]) -> tuple[str, list[dict[str, Any]], str]:
    """Verb, items and what is done with likely duplicates; a request of the wrong shape is refused as a whole."""
    for name in sent:
        if name not in ("verb", "items", "on_duplicate"):
            raise Refused("unknown_field", _("There is no such field."), name[:80] if name.isprintable() else None)
    verb, items = sent.get("verb"), sent.get("items")
    if not isinstance(verb, str) or not verb:
        raise Refused("wrong_type", _("Please name an action."), "verb")
    if not isinstance(items, list) or not 1 <= len(items) <= MOST_ITEMS:
        raise Refused("wrong_type", _("Please give a list of 1 to %(n)d items.") % {"n": MOST_ITEMS}, "items")
    for n, item in enumerate(items):
        if wrong := shapes.misfit(ITEM, item):
            raise Refused(wrong[0], wrong[1], f"items.{n}")
    wish = sent.get("on_duplicate", BULK_CHOICES[0])
    if wish not in BULK_CHOICES:
        raise Refused("not_a_choice", _("Please choose one of the given values."), "on_duplicate")
    return verb, items, wish


def _item(call: Call, rtype: RecordType, act: Action, sent: dict[str, Any]) -> Item:
    params = sent.get("params", {})
    found_id = None if act.new else strict.record_id(sent.get("id", ""))
    shapes.check_params(call.scope, rtype, act, params)
    return Item(found_id, params, sent.get("version"))


def _no(sent: dict[str, Any], no: Refused) -> dict[str, Any]:
    return {"status": no.status, "id": sent.get("id"), "problem": problems.told(no)}
