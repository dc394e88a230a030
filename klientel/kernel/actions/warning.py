"""What looks wrong is stored beside the record in the same transaction, and goes when the value is mended.

Warnings are worked out, like the search index: they are written without events of their own. What a person does with
one is an action and has an event.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from uuid import UUID

from django.db import connection

from klientel.kernel import writing
from klientel.kernel.actions import drafting
from klientel.kernel.actions.draft import Draft
from klientel.kernel.actions.storing import store_derived
from klientel.kernel.kinds import Addresses, Email, Emails, Kind, Phone, Phones, Text
from klientel.kernel.records import RecordType, type_of
from klientel.kernel.tenancy import current
from klientel.lib import phones, plausible
from klientel.lib.ids import uuid7

WARNING = "kernel.warning"
#: text fields that hold such a number, by their technical name
_IBAN, _VAT = re.compile(r"(^|_)iban(_|\Z)"), re.compile(r"(^|_)(vat_?id|vat_?number|ust_?id(nr)?|uid_?nummer)(_|\Z)")
Found = tuple[str, str]  # what looks wrong, and what was probably meant


def checkable(rtype: RecordType) -> dict[str, Kind]:
    """The fields whose values can be looked at."""
    return {n: k for n, k in rtype.fields.items() if not k.computed and _looks_at(k)}


def _looks_at(kind: Kind) -> bool:
    if isinstance(kind, Emails | Phones | Addresses | Email | Phone):
        return True
    return type(kind) is Text and bool(_IBAN.search(kind.name) or _VAT.search(kind.name))


def looks_wrong(kind: Kind, value: Any) -> Iterator[Found]:
    """What looks wrong with a canonical value."""
    if isinstance(kind, Emails | Email):
        for address in [e["value"] for e in value] if isinstance(value, list) else [value]:
            local, _at, domain = str(address).rpartition("@")
            if hint := plausible.domain_hint(domain):
                yield "mail_domain", f"{local}@{hint}"
    elif isinstance(kind, Phones | Phone):
        for number in [e["value"] for e in value] if isinstance(value, list) else [value]:
            if not phones.in_use(str(number)):
                yield "phone_impossible", ""
    elif isinstance(kind, Addresses):
        for one in value:
            yield from _address(one)
    elif _IBAN.search(kind.name):
        if not plausible.iban_holds(value):
            yield "iban", ""
    elif not plausible.vat_holds(value):
        yield "vat_id", ""


def _address(one: dict[str, str]) -> Iterator[Found]:
    postcode, city, country = (one.get(p, "") for p in ("postcode", "city", "country"))
    if not plausible.postcode_fits(postcode, country):
        yield "postcode_form", ""
    elif not plausible.place_fits(postcode, city, country):
        yield "postcode_place", ""


def warn(drafts: list[Draft]) -> None:
    """Bring the warnings of written records up to date: nothing to do is no statement."""
    rtype = drafts[0].rtype
    kinds = checkable(rtype)
    if not kinds or rtype.key == WARNING:
        return
    found: dict[tuple[UUID, str], set[Found]] = {}
    for draft in drafts:
        if draft.new and draft.record.beforehand is not None:
            found |= {(draft.record.id, name): some for name, some in draft.record.beforehand.wrong.items()}
            continue
        for name in kinds.keys() & draft.changes.keys():
            value = rtype.value(draft.record, name) if kinds[name].custom else getattr(draft.record, name)
            some = set() if kinds[name].is_empty(value) else set(looks_wrong(kinds[name], value))
            if some or not draft.new:
                found[draft.record.id, name] = some
    if not found:
        return
    with writing.door():
        known = _keep(found) if any(not d.new for d in drafts) else set()
        rows = [(*at, *one) for at, some in found.items() for one in some if (*at, *one) not in known]
        if rows:
            _write(rows)


def doubt(record_id: UUID, name: str, code: str, *, wrong: bool) -> None:
    """What somebody else says of the value of a field as it stands, such as an authority: it is wrong, or it is not."""
    with writing.door():
        known = _of([record_id])
        held = [r[0] for r in known if (r[2], r[3]) == (name, code)]
        if wrong and not held:
            _write([(record_id, name, code, "")])
        elif not wrong:
            _forget(held)


def _keep(found: dict[tuple[UUID, str], set[Found]]) -> set[tuple[UUID, str, str, str]]:
    """The warnings that are there and stay; those that hold no more go."""
    rows = _of(list({record_id for record_id, _name in found}))
    stale = [r[0] for r in rows if (r[1], r[2]) in found and (r[3], r[4]) not in found[r[1], r[2]]]
    _forget(stale)
    return {(r[1], r[2], r[3], r[4]) for r in rows if r[0] not in set(stale)}


def _of(ids: list[UUID]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id, about[1], field, code, hint FROM kernel_warning WHERE tenant_id = %s AND about && %s",
            [current(), ids],
        )
        found: list[tuple[Any, ...]] = cursor.fetchall()
    return found


def _forget(ids: list[UUID]) -> None:
    if ids:
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM kernel_warning WHERE tenant_id = %s AND id = ANY(%s)", [current(), ids])
            cursor.execute("DELETE FROM kernel_search WHERE tenant_id = %s AND record_id = ANY(%s)", [current(), ids])


def _write(rows: list[tuple[Any, ...]]) -> None:
    rtype = type_of(WARNING)
    made = []
    for record_id, name, code, hint in rows:
        facts = {"about": [record_id], "field": name, "code": code, "hint": hint[:200], "state": "open"}
        one = drafting.fresh(rtype, rtype.fields, facts)
        one.id, one.tenant_id, one.created_by = uuid7(), current(), "system:warning"
        made.append(one)
    store_derived(rtype, made)
