"""The JSON Schema of what may be sent, and the check against it: the document is what is enforced.

The kernel's kinds are lenient where people type; a program is held to the types that the document names.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from klientel.kernel.access import ActorScope
from klientel.kernel.actions import Action
from klientel.kernel.errors import Forbidden, Refused, together
from klientel.kernel.kinds import Choice, Entries, Kind, Text
from klientel.kernel.kinds.bounds import not_among, not_between
from klientel.kernel.records import RecordType

Schema = dict[str, Any]

NO_RECORD, WRONG_TYPE = _("There is no such record."), _("This value has the wrong type.")
NO_CONTROLS = r"^[^\u0000-\u0008\u000B\u000C\u000E-\u001F\u007F-\u009F]*$"
#: formats that are held to, with the code of the refusal; kinds of these do not take "" for nothing: that is null
_FORMATS = {
    "uuid": ("not_a_record", re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")),
    "date": ("not_a_date", re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)),
    "date-time": (
        "not_a_time",
        re.compile(r"\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}:\d{2}(\.\d{1,9})?([Zz]|[+-]\d{2}:\d{2})", re.ASCII),
    ),
}


def taken(kind: Kind) -> Schema:
    """What may be sent for a field; null empties it unless it is required."""
    schema = dict(kind.schema())
    if isinstance(kind, Text):
        schema = _words(kind, schema)
    elif isinstance(kind, Entries) and len(kind.parts) == 1:
        line = {"type": "string", "minLength": 1, "maxLength": 254, "pattern": NO_CONTROLS}
        schema["items"] = {"anyOf": [schema["items"], line]}
    if kind.required:
        if isinstance(schema.get("type"), list):
            schema["type"] = [t for t in schema["type"] if t != "null"]
        if schema.get("type") == "array":
            schema["minItems"] = 1
    elif schema.get("type") == "string":
        schema["type"] = ["string", "null"]
        if "enum" in schema:
            schema["enum"] = [*schema["enum"], None]
    return schema


def _words(kind: Text, schema: Schema) -> Schema:
    if not kind.required:
        schema.pop("format", None)  # "" is allowed
    if not isinstance(kind, Choice):
        schema["pattern"] = NO_CONTROLS
        if kind.required:
            schema["minLength"] = 1
    return schema


def given_back(kind: Kind) -> Schema:
    """What an answer holds for a field."""
    schema = dict(kind.schema())
    if kind.empty == "":
        schema.pop("format", None)
    return schema


_TYPES: dict[str, Callable[[Any], bool]] = {
    "string": lambda v: isinstance(v, str),
    "integer": lambda v: not isinstance(v, bool) and (isinstance(v, int) or (isinstance(v, float) and v.is_integer())),
    "number": lambda v: not isinstance(v, bool) and isinstance(v, int | float),
    "boolean": lambda v: isinstance(v, bool),
    "array": lambda v: isinstance(v, list),
    "object": lambda v: isinstance(v, dict),
    "null": lambda v: v is None,
}

Misfit = tuple[str, object] | None


def misfit(schema: Schema, value: Any) -> Misfit:
    """Why a value does not fit a schema made here, as code and sentence; none where it fits."""
    if "anyOf" in schema:
        reasons = [misfit(one, value) for one in schema["anyOf"]]
        return None if None in reasons else reasons[0]
    types = schema.get("type", ())
    if types and not any(_TYPES[t](value) for t in ([types] if isinstance(types, str) else types)):
        return "wrong_type", WRONG_TYPE
    if "enum" in schema and value not in schema["enum"]:
        return "not_a_choice", not_among(key for key in schema["enum"] if key)
    if isinstance(value, str):
        return _misfit_text(schema, value)
    if isinstance(value, list):
        return _misfit_list(schema, value)
    if isinstance(value, dict):
        return _misfit_object(schema, value)
    if isinstance(value, int | float) and not schema.get("minimum", value) <= value <= schema.get("maximum", value):
        return "out_of_range", not_between(schema.get("minimum"), schema.get("maximum"))
    return None


def _misfit_text(schema: Schema, value: str) -> Misfit:
    if not schema.get("minLength", 0) <= len(value) <= schema.get("maxLength", len(value)):
        most = schema.get("maxLength")
        if not value:
            return "required", _("Please fill in this field.")
        return "too_long", _("At most %(n)d characters are possible here.") % {"n": most}
    code, form = _FORMATS.get(schema.get("format", ""), ("", None))
    if form is not None and not form.fullmatch(value):
        return code, NO_RECORD if code == "not_a_record" else WRONG_TYPE
    return None


def _misfit_list(schema: Schema, value: list[Any]) -> Misfit:
    if len(value) > schema.get("maxItems", len(value)):
        return "too_many", _("At most %(n)d entries are possible here.") % {"n": schema["maxItems"]}
    if len(value) < schema.get("minItems", 0):
        return "required", _("Please fill in this field.")
    inner = schema.get("items")
    return next((m for m in (misfit(inner, v) for v in value) if m), None) if inner else None


def _misfit_object(schema: Schema, value: dict[str, Any]) -> Misfit:
    parts: Mapping[str, Schema] | None = schema.get("properties")
    if parts is None:
        return None
    if schema.get("additionalProperties") is False and not value.keys() <= parts.keys():
        return "unknown_part", _("This value has parts that we do not know.")
    if not value.keys() >= set(schema.get("required", ())):
        return "wrong_type", _("This value lacks a part.")
    return next((m for m in (misfit(parts[k], v) for k, v in value.items() if k in parts) if m), None)


def check(kinds: Mapping[str, Kind], sent: Mapping[str, Any], refusals: list[Refused] | None = None) -> None:
    """Refuse everything sent that does not fit, all at once. What is unknown here is left to the action."""
    found = refusals if refusals is not None else []
    for name, value in sent.items():
        kind = kinds.get(name)
        if kind is None:
            continue
        wrong = misfit(taken(kind), value)
        if wrong is not None:
            found.append(Refused(wrong[0], wrong[1], name))
    if found:
        raise together(found)


def check_params(scope: ActorScope, rtype: RecordType, act: Action, sent: Mapping[str, Any]) -> None:
    """Refuse parameters of an action that are unknown, closed to this actor, or do not fit: all at once."""
    kinds = takes(scope, rtype, act)
    refusals: list[Refused] = []
    if not kinds.keys() >= sent.keys():
        visible = scope.visible(rtype) if act.basic else {}
        for name in sent:
            if name in kinds:
                continue
            if name in visible and act.verb in ("create", "change"):
                refusals.append(Forbidden("read_only", _("You may not change this field."), name))
            else:
                refusals.append(Refused("unknown_field", _("There is no such field."), _shown(name)))
    check(kinds, sent, refusals)


def _shown(name: str) -> str:
    return name[:80] if name.isprintable() else "?"


def takes(scope: ActorScope, rtype: RecordType, act: Action) -> dict[str, Kind]:
    """What this actor may send to an action."""
    if act.basic and act.verb in ("create", "change"):
        return scope.writable(rtype)
    return act.params_of(rtype)


def needed(rtype: RecordType, act: Action, kinds: Mapping[str, Kind]) -> list[str]:
    """The parameters that must be sent: required ones without a default."""
    if act.basic and act.verb == "change":
        return []
    if act.basic and act.verb == "create":
        blank = rtype.model(tenant_id=UUID(int=0))
        return [n for n, k in kinds.items() if k.required and k.is_empty(rtype.value(blank, n))]
    return [n for n, k in kinds.items() if k.required]
