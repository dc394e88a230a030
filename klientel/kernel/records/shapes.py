"""A tenant's rules of fields and its layouts, remembered with its own fields until its schema changes."""

from __future__ import annotations

import copy
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db import connection

from klientel.kernel.kinds import Choice, Choices, Kind
from klientel.kernel.sql import loaded

_RULES = """
SELECT record_type, field, required_when, visible_when, choices, reason FROM kernel_fieldrule
WHERE tenant_id = %s AND archived_at IS NULL ORDER BY id
"""
_LAYOUTS = """
SELECT record_type, roles, sections FROM kernel_layout
WHERE tenant_id = %s AND archived_at IS NULL AND active ORDER BY id
"""


@dataclass(frozen=True)
class Rule:
    """When a field must be filled in, and when it applies; empty conditions say nothing."""

    field: str
    required_when: Any
    visible_when: Any
    reason: str = ""


@dataclass(frozen=True)
class LaidOut:
    """A layout: for the holders of these roles, or for everybody else; headings (German, English) with fields."""

    roles: frozenset[UUID]
    sections: tuple[tuple[tuple[str, str], tuple[str, ...]], ...]


@dataclass
class Shapes:
    """What a tenant says of the fields of its types, by type key."""

    rules: dict[str, dict[str, Rule]] = field(default_factory=dict)
    choices: dict[tuple[str, str], list[list[str]]] = field(default_factory=dict)
    layouts: dict[str, list[LaidOut]] = field(default_factory=dict)


def load(tenant: UUID) -> Shapes:
    """The shapes of a tenant, from its rows."""
    made = Shapes()
    with connection.cursor() as cursor:
        cursor.execute(_RULES, [tenant])
        for key, name, required, visible, choices, reason in cursor.fetchall():
            rule = Rule(name, loaded(required) or None, loaded(visible) or None, reason)
            if rule.required_when or rule.visible_when:
                made.rules.setdefault(key, {})[name] = rule
            if listed := loaded(choices):
                made.choices[key, name] = listed
        cursor.execute(_LAYOUTS, [tenant])
        for key, roles, sections in cursor.fetchall():
            parts = tuple(
                ((s.get("de", ""), s.get("en", "") or s.get("de", "")), tuple(s.get("fields") or ()))
                for s in loaded(sections) or ()
            )
            if parts:
                made.layouts.setdefault(key, []).append(LaidOut(frozenset(roles or ()), parts))
    return made


def rechosen(kind: Kind, facts: dict[str, Any]) -> Kind:
    """A choice with the values a tenant gave it."""
    made = copy.copy(kind)
    if isinstance(made, Choice | Choices):
        made.of, made.retired = tuple(facts["of"]), facts["retired"]
        if isinstance(made, Choice):
            made.tones = facts.get("tones") or made.tones
    return made
