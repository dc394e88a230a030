"""What there is: the record types and actions as the token sees them, and the token itself."""

from __future__ import annotations

from typing import Any

from klientel.kernel import actions
from klientel.kernel.actions import Action
from klientel.kernel.api import shapes, strict
from klientel.kernel.api.call import Call, Reply
from klientel.kernel.kinds import Kind, Link, Links
from klientel.kernel.records import RecordType, all_types
from klientel.kernel.tenancy.models import Tenant


def me(call: Call) -> Reply:
    """Whose token this is and what it may do."""
    strict.Query(call.request)
    facts, place = call.facts, call.facts.place
    name, slug = Tenant.objects.values_list("name", "slug").get(pk=call.tenant)
    return Reply(
        {
            "token": {
                "id": str(facts.id),
                "name": facts.name,
                "scopes": list(facts.scopes),
                "expires_at": facts.expires_at.isoformat().replace("+00:00", "Z"),
            },
            "member": {"id": str(facts.member_id), "language": call.actor.language},
            "tenant": {
                "id": str(call.tenant),
                "name": name,
                "slug": slug,
                "time_zone": place.time_zone,
                "country": place.country,
                "currency": place.currency,
            },
        }
    )


def seen_types(call: Call) -> list[RecordType]:
    """The record types of which the token may see anything."""
    return [t for t in all_types() if call.facts.permits(t.key, "view") and call.scope.may(t, "view")]


def types(call: Call) -> Reply:
    """The record types with their fields."""
    strict.Query(call.request)
    return Reply({"items": [_type(call, t) for t in seen_types(call)]})


def _type(call: Call, rtype: RecordType) -> dict[str, Any]:
    writable = call.scope.writable(rtype)
    fields = [_field(k, n in writable) for n, k in call.scope.visible(rtype).items()]
    return {
        "key": rtype.key,
        "slug": rtype.slug,
        "label": str(rtype.label),
        "plural": str(rtype.plural),
        "icon": rtype.icon,
        "system": rtype.system,
        "custom": rtype.custom_id is not None,
        "fields": fields,
        "actions": [a.verb for a in actions.actions_on(rtype) if may(call, rtype, a)],
    }


def _field(kind: Kind, writable: bool) -> dict[str, Any]:
    return {
        "name": kind.name,
        "label": str(kind.verbose_name),
        "help": str(kind.help_text),
        "kind": kind.key,
        "required": kind.required,
        "writable": writable,
        "privacy": str(kind.privacy),
        "custom": kind.custom,
        "sortable": kind.sortable,
        "operators": list(kind.operators),
        "to": kind.to if isinstance(kind, Link | Links) else None,
        "options": [{"value": value, "label": str(label)} for value, label in kind.options()],
        "schema": shapes.given_back(kind),
    }


def verbs(call: Call, slug: str) -> Reply:
    """Everything that can be done with a record type, with its parameters."""
    rtype = call.type(slug)
    strict.Query(call.request)
    return Reply({"items": [_action(call, rtype, a) for a in actions.actions_on(rtype)]})


def may(call: Call, rtype: RecordType, act: Action) -> bool:
    """Whether scopes and grants allow an action on any record at all."""
    return call.facts.permits(rtype.key, act.needs) and call.scope.may(rtype, act.needs)


def _action(call: Call, rtype: RecordType, act: Action) -> dict[str, Any]:
    kinds = shapes.takes(call.scope, rtype, act)
    needed = shapes.needed(rtype, act, kinds)
    parameters = {
        "type": "object",
        "properties": {n: shapes.taken(k) for n, k in kinds.items()},
        "required": needed,
        "additionalProperties": False,
    }
    return {
        "verb": act.verb,
        "key": act.key,
        "label": str(act.label),
        "needs": act.needs,
        "new": act.new,
        "undoable": act.undoable,
        "outward": act.outward,
        "dangerous": act.dangerous,
        "allowed": may(call, rtype, act),
        "parameters": parameters,
    }
