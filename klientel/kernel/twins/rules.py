"""The rules of a tenant: what is compared, and from which likeness on. As delivered where nobody says otherwise."""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass, replace
from uuid import UUID

import orjson
from django.db import connection

from klientel.kernel.kinds import Kind
from klientel.kernel.records import RecordType
from klientel.kernel.records.models import forgetters
from klientel.kernel.records.types import custom_fields, provide_matching
from klientel.kernel.tenancy import current
from klientel.lib.matching import SHIPPED, USUAL, Commonness, Domains, Emails, Feature, Matching, Number, Phones

#: changes whenever keys are made in another way: the search then makes them anew
KEYS = "3"


@dataclass(frozen=True)
class Rule:
    """How twins of one type are found: thresholds are probabilities."""

    propose: float = 0.5
    certain: float = 0.98
    when_created: str = "ask"
    ignored: frozenset[str] = frozenset()
    identified_by: tuple[str, ...] = ()  # fields whose keys stand in the base
    wished: tuple[str, ...] = ()  # fields the rule names: their keys stand there after the next search
    common: Commonness = SHIPPED
    size: int = USUAL


AS_DELIVERED = Rule()
_cache: dict[UUID, tuple[dict[str, Rule], dict[str, Matching | None]]] = {}

_RULES = """
SELECT record_type, propose_from, certain_from, when_created, ignored, identified_by FROM kernel_duplicaterule
WHERE tenant_id = %s AND archived_at IS NULL ORDER BY created_at, id
"""
_KNOWN = "SELECT record_type, total, names, identified_by FROM kernel_twinsearch WHERE tenant_id = %s"


def forget(tenant: UUID) -> None:
    """Drop what is remembered of a tenant's rules."""
    _cache.pop(tenant, None)


def rule_of(rtype: RecordType) -> Rule:
    """The rule of a type in the current tenant."""
    return _rules(current())[0].get(rtype.key, AS_DELIVERED)


def fingerprint(rtype: RecordType) -> str:
    """What the keys of a type are made by, as one word."""
    declared = rtype.declared_match
    told = repr([(type(f).__name__, f.key, f.fields) for f in declared.features]) if declared else ""
    told += repr(sorted(rule_of(rtype).wished))
    return hashlib.sha256(f"{KEYS} {told}".encode()).hexdigest()


def _rules(tenant: UUID) -> tuple[dict[str, Rule], dict[str, Matching | None]]:
    known = _cache.get(tenant)
    if known is None:
        if not connection.in_atomic_block or connection.needs_rollback:
            return {}, {}
        known = _cache[tenant] = (_load(tenant), {})
    return known


def _load(tenant: UUID) -> dict[str, Rule]:
    found: dict[str, Rule] = {}
    with connection.cursor() as cursor:
        cursor.execute(_RULES, [tenant])
        for key, propose, certain, when, ignored, by in cursor.fetchall():
            found[key] = Rule(
                propose=(propose or 50) / 100,
                certain=(certain or 98) / 100,
                when_created=when or "ask",
                ignored=frozenset(ignored or ()),
                wished=tuple(one.partition(":")[2] for one in by or () if one.startswith(f"{key}:")),
            )
        cursor.execute(_KNOWN, [tenant])
        for key, total, names, by in cursor.fetchall():
            rule = replace(found.get(key, AS_DELIVERED), identified_by=tuple(orjson.loads(by)))
            if total:
                rule = replace(rule, common=Commonness(total, orjson.loads(names)), size=total)
            found[key] = rule
    return found


def _matching(tenant: UUID, rtype: RecordType) -> Matching | None:
    """The declared features without the ignored ones, with the tenant's identifying fields."""
    if rtype.declared_match is None:
        return None
    rules, made = _rules(tenant)
    if rtype.key not in made:
        made[rtype.key] = _made(rtype, rules.get(rtype.key, AS_DELIVERED))
    return made[rtype.key]


def _made(rtype: RecordType, rule: Rule) -> Matching | None:
    declared = rtype.declared_match
    assert declared is not None
    own = custom_fields(rtype.key)
    identifying = {name for name in rule.identified_by if name in rtype.fields}
    features: list[Feature] = list(declared.features)
    features += [Number(name) for name in sorted(identifying)]
    if rtype.custom_id is not None:
        features += [_feature(k) for n, k in own.items() if k.key in _BY_KIND and n not in identifying]
    same = len(features) == len(declared.features) and not rule.ignored
    return declared if same else Matching(tuple(features), rule.ignored)


_BY_KIND = ("email", "phone", "url")


def _feature(kind: Kind) -> Feature:
    """What a field of a row-declared type is compared as."""
    if kind.key == "email":
        return Emails(kind.name, person=False)
    return Phones(kind.name, person=False) if kind.key == "phone" else Domains(kind.name, "")


def bits_of(probability: float) -> float:
    """The log-odds of a probability, in bits."""
    within = min(max(probability, 1e-9), 1 - 1e-9)
    return math.log2(within / (1 - within))


provide_matching(_matching)
forgetters.append(forget)
