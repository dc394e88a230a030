"""How two contacts are recognised as the same: keys to find candidates by index, and a score with reasons."""

from __future__ import annotations

from typing import Any

from klientel.lib import matching


def some_name(record: Any) -> str:
    """A name for somebody whose name is unknown: the first mail address or phone number."""
    for entries in (record.emails, record.phones):
        if entries:
            return str(entries[0]["value"])
    return ""


def _values(entries: Any) -> list[str]:
    return [e["value"] for e in entries or ()]


def facts_of_person(p: Any) -> dict[str, Any]:
    """What persons are compared by."""
    first = (p.addresses or [{}])[0]
    return {
        "first_name": p.first_name,
        "last_name": p.last_name,
        "emails": _values(p.emails),
        "phones": _values(p.phones),
        "street": first.get("street", ""),
        "postcode": first.get("postcode", ""),
        "city": first.get("city", ""),
        "birthday": p.birthday.isoformat() if p.birthday else "",
        "organisation": str(p.organisation or ""),
    }


def facts_of_organisation(o: Any) -> dict[str, Any]:
    """What organisations are compared by."""
    first = (o.addresses or [{}])[0]
    return {
        "name": o.name,
        "emails": _values(o.emails),
        "phones": _values(o.phones),
        "urls": [o.website] if o.website else [],
        "vat_id": o.vat_id,
        "street": first.get("street", ""),
        "postcode": first.get("postcode", ""),
        "city": first.get("city", ""),
    }


def keys_of_person(p: Any) -> list[str]:
    """The index keys of a person."""
    return matching.match_keys_person(
        first_name=p.first_name,
        last_name=p.last_name,
        emails=_values(p.emails),
        phones=_values(p.phones),
        birthday=p.birthday.isoformat() if p.birthday else "",
    )


def keys_of_organisation(o: Any) -> list[str]:
    """The index keys of an organisation."""
    return matching.match_keys_organisation(
        name=o.name,
        emails=_values(o.emails),
        phones=_values(o.phones),
        urls=[o.website] if o.website else [],
        vat_id=o.vat_id,
    )


def score_persons(a: Any, b: Any) -> tuple[float, list[str]]:
    """How likely two persons are one (0 to 1), and why."""
    return matching.score_person(facts_of_person(a), facts_of_person(b))


def score_organisations(a: Any, b: Any) -> tuple[float, list[str]]:
    """How likely two organisations are one (0 to 1), and why."""
    return matching.score_organisation(facts_of_organisation(a), facts_of_organisation(b))
