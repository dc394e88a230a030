"""Records that lead to others by every way, and photographs of a whole tenant, to see that nothing is lost."""

from __future__ import annotations

from typing import Any

from klientel.kernel.identity.actor import Actor
from klientel.kernel.kinds import Links
from klientel.kernel.records import RecordType, all_types, reverses, type_of
from klientel.kernel.testing.making import make

#: rows that declare fields and types are no business and lead nowhere
UNMADE = ("kernel.customfield", "kernel.customtype", "kernel.fieldrule", "kernel.layout")
Photograph = dict[tuple[str, Any], dict[str, Any]]


def made(actor: Actor, rtype: RecordType | str, n: int = 1, **given: Any) -> Any:
    """A record with something in every field."""
    rtype = type_of(rtype)
    return make(actor, rtype, n, **(rtype.fitting | given))


def lead_to(actor: Actor, target: Any, n: int = 0) -> list[Any]:
    """A record of every type, by every link that can lead there; those of another target have other numbers.

    A type whose ``fitting`` says None of a link takes no sample there, such as any file for a font.
    """
    rtype, found = type_of(target), []
    n += 100 * rtype.model.objects.filter(pk__lt=target.pk).count()
    for way in reverses(rtype).values():
        kind = way.source.fields[way.field]
        if way.source.key in UNMADE or kind.readonly or way.source.fitting.get(way.field, "") is None:
            continue
        n += 1
        more = {"name": f"{target.id} {n}"} if way.source.key == "kernel.tag" else {}
        value = [target.id] if isinstance(kind, Links) else target.id
        found.append(made(actor, way.source, n, **more | {way.field: value}))
    return found


def photograph() -> Photograph:
    """Every value of every record of the tenant, as it is stored; what only counts changes is left out."""
    seen: Photograph = {}
    for rtype in all_types():
        base = rtype.base(rtype.table)
        rows = rtype.model.objects.all()
        if base is not None:
            rows = rows.extra(where=[base.text], params=base.params)  # noqa: S610 - made of declarations
        for record in rows:
            values = {n: k.plain(rtype.value(record, n)) for n, k in rtype.fields.items() if n != "changed_at"}
            seen[(rtype.key, record.pk)] = values | {"title": record.title, "match_keys": sorted(record.match_keys)}
    return seen


def differing(before: Photograph, after: Photograph) -> dict[Any, Any]:
    """What differs between two photographs: both values by record and field."""
    return {
        (key, name): (old, new)
        for key in {*before, *after}
        for name in {*before.get(key, {}), *after.get(key, {})}
        if (old := before.get(key, {}).get(name)) != (new := after.get(key, {}).get(name))
    }
