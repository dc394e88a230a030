"""The access report (Art. 15 GDPR): all that is stored about one person, in thirteen parts, there even when empty."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.utils import timezone
from django.utils.translation import gettext as _

from klientel.kernel import events
from klientel.kernel.access import seen
from klientel.kernel.access.granting import ActorScope
from klientel.kernel.access.reading import Name, names
from klientel.kernel.errors import Missing
from klientel.kernel.events import Event
from klientel.kernel.identity.actor import Actor
from klientel.kernel.kinds import Links, Privacy
from klientel.kernel.kinds.link import Link
from klientel.kernel.records import RecordType, type_of
from klientel.kernel.sql import Sql
from klientel.kernel.tenancy.models import Tenant
from klientel.kernel.trash.hanging import Found, Web, ids_in, web_of
from klientel.privacy import imports, sources, traces
from klientel.privacy.subject import Identity, for_privacy, identity_of, subject

PARTS = (
    "identity",
    "data",
    "purposes",
    "recipients",
    "third_countries",
    "periods",
    "rights",
    "sources",
    "automated",
    "consents",
    "access_log",
    "withheld",
    "nothing",
)


def report(actor: Actor, rtype: RecordType, record_id: UUID) -> dict[str, Any]:
    """The whole report as JSON; labels in the active language, values as they are stored and as people read them."""
    with for_privacy(actor.tenant):
        record = subject(actor, rtype, record_id)
        web = web_of(rtype, [record])
        identity = identity_of(web.persons())
        sights = seen.told([one.id for _type, one in web.persons()])
        history = _history([*web.gone, *web.kept])
        tenant = Tenant.objects.get(pk=actor.tenant)
        known = {*web.gone, *web.kept}
        named = [t for t in traces.naming(identity) if t.record_id not in known]
        parts = [
            _identity(rtype, record, identity),
            _data(web, names(ActorScope(actor), _linked(web)), imports.rows_of(list(web.gone), identity.alone)),
            _purposes(tenant, web),
            sources.recipients(tenant, history, sights),
            _said(tenant, "third_countries", _("No transfer to a third country is recorded.")),
            _periods(tenant, web),
            _rights(tenant),
            sources.of_fields(rtype, record, history),
            _automated(tenant),
            sources.consents(web),
            sources.access_log(history, sights),
            _withheld(web, named),
            _nothing(web),
        ]
    seen.note(actor, rtype, [record.id], seen.How.REPORTED)
    return {
        "made_at": timezone.localtime().isoformat(timespec="seconds"),
        "controller": tenant.name,
        "person": record.title,
        "record": str(record.id),
        "restricted": record.restricted,
        "parts": [{"number": n, "key": key, **part} for n, (key, part) in enumerate(zip(PARTS, parts, strict=True), 1)],
    }


def _history(ids: list[UUID]) -> list[Event]:
    return events.read(Sql("e.record_id = ANY(%s)", (ids,)))


def part(heading: str, entries: list[dict[str, Any]], empty: str = "") -> dict[str, Any]:
    """One part of the report; ``empty`` is what stands there when there is nothing."""
    return {"heading": heading, "entries": entries, "empty": "" if entries else empty}


def _identity(rtype: RecordType, record: Any, identity: Identity) -> dict[str, Any]:
    how = [{"label": _("Record"), "value": f"{rtype.label}: {record.title} ({record.id})"}]
    how += [{"label": _("Known by this address alone"), "value": v} for v in identity.strong]
    how += [{"label": _("Address shared with others"), "value": v} for v in identity.shared]
    how += [{"label": _("Known by this name"), "value": v} for v in identity.names]
    return part(_("Who this is about, and how the records were found"), how)


def _linked(web: Web) -> set[UUID]:
    """The records that the copied ones lead to, to be called by their names."""
    found = [*web.gone.values(), *web.kept.values()]
    return {
        i
        for f in found
        for n, k in f.rtype.links.items()
        if k.to != "kernel.user"
        for i in ids_in(f.rtype, f.record, n)
    }


def _data(web: Web, named: dict[UUID, Name], kept: list[imports.Kept]) -> dict[str, Any]:
    entries = [_copy(f, named) for f in web.gone.values()]
    entries += [_copy(f, named, others=True) for f in web.kept.values() if not f.rtype.system]
    for row in kept:
        fields = [
            {"name": str(n), "label": str(n), "privacy": "personal", "value": c, "shown": str(c)}
            for n, c in enumerate(row.cells, 1)
            if c not in ("", None)
        ]
        entries.append(
            {
                "type": "import",
                "label": _("Row of an import file"),
                "id": f"{row.file}:{row.line}",
                "title": f"{row.file}, {row.line}",
                "others": False,
                "fields": fields,
                "archived": False,
                "extra": {},
            }
        )
    return part(_("Copy of the data"), entries, _("Nothing is stored."))


def _copy(found: Found, named: dict[UUID, Name], *, others: bool = False) -> dict[str, Any]:
    """All of a record that is only about the person; of another person's record only that it leads here."""
    rtype, record = found.rtype, found.record
    fields = []
    for name, kind in rtype.fields.items():
        value = rtype.value(record, name)
        foreign = others and rtype.personal and name not in found.fields
        if foreign or kind.is_empty(value) or (kind.readonly and kind.privacy == Privacy.PUBLIC and name not in _KEPT):
            continue
        fields.append(
            {
                "name": name,
                "label": str(kind.verbose_name or name),
                "privacy": str(kind.privacy),
                "value": kind.plain(value),
                "shown": _shown(rtype, record, name, named),
            }
        )
    return {
        "type": rtype.key,
        "label": str(rtype.label),
        "id": str(record.id),
        "others": others,
        "title": "" if others and rtype.personal else record.title,
        "fields": fields,
        "archived": record.archived_at is not None,
        "extra": {k: v for k, v in record.extra.items() if k not in rtype.fields},
    }


def _shown(rtype: RecordType, record: Any, name: str, named: dict[UUID, Name]) -> str:
    """A value as people read it; records by their names, where the reader may see them."""
    kind = rtype.fields[name]
    if isinstance(kind, Link | Links):
        return ", ".join(named[i].title for i in ids_in(rtype, record, name) if i in named)
    return kind.show(rtype.value(record, name))


_KEPT = ("created_at", "changed_at", "archived_at", "size", "media_type")


def _categories(web: Web) -> list[RecordType]:
    keys = dict.fromkeys(f.rtype.key for f in [*web.gone.values(), *web.kept.values()] if not f.rtype.system)
    return [type_of(k) for k in keys]


def _setting(tenant: Tenant, name: str) -> Any:
    settings = tenant.settings.get("privacy")
    return settings.get(name) if isinstance(settings, dict) else None


def _purposes(tenant: Tenant, web: Web) -> dict[str, Any]:
    said = _setting(tenant, "purposes") or {}
    default = _(
        "Dealing with enquiries, offers and contracts, and looking after business contacts (Art. 6(1)(b) and (f) GDPR)."
    )
    entries = [{"label": str(t.plural), "value": str(said.get(t.key) or default)} for t in _categories(web)]
    return part(_("Purposes and legal bases"), entries)


def _periods(tenant: Tenant, web: Web) -> dict[str, Any]:
    said = _setting(tenant, "periods") or {}
    default = _("Until the business relation has ended and no legal period asks to keep it; then it is erased.")
    entries = [{"label": str(t.plural), "value": str(said.get(t.key) or default)} for t in _categories(web)]
    return part(_("How long it is kept"), entries)


def _said(tenant: Tenant, name: str, empty: str) -> dict[str, Any]:
    said = _setting(tenant, name)
    listed = said if isinstance(said, list) else [said] if said else []
    return part(_("Transfers to third countries"), [{"label": "", "value": str(s)} for s in listed], empty)


def _rights(tenant: Tenant) -> dict[str, Any]:
    authority = _setting(tenant, "authority") or _("the data protection authority of your place of residence")
    rights = (
        _("Rectification (Art. 16 GDPR)"),
        _("Erasure (Art. 17 GDPR)"),
        _("Restriction (Art. 18 GDPR)"),
        _("Data portability (Art. 20 GDPR)"),
        _("Objection (Art. 21 GDPR)"),
    )
    entries = [{"label": "", "value": r} for r in rights]
    entries.append({"label": _("Complaint to"), "value": str(authority)})
    return part(_("Your rights"), entries)


def _automated(tenant: Tenant) -> dict[str, Any]:
    said = _setting(tenant, "automated") or []
    return part(
        _("Automated decisions and scores"),
        [{"label": "", "value": str(s)} for s in said],
        _("No decision is made by a machine alone, and no score is kept."),
    )


def _withheld(web: Web, named: list[traces.Trace]) -> dict[str, Any]:
    """What a human has to look through before the report is handed out."""
    entries = [
        {
            "label": str(f.rtype.label),
            "value": f.record.title if not f.rtype.personal else "",
            "type": f.rtype.key,
            "id": str(f.record.id),
            "why": _("It is about others too: please look through it before you hand it out."),
        }
        for f in web.kept.values()
        if not f.rtype.system
    ]
    for trace in named:
        entries.append(
            {
                "label": _label(trace.record_type),
                "value": trace.title,
                "type": trace.record_type,
                "id": str(trace.record_id),
                "why": _("It names this person, or somebody of the same name: please check."),
            }
        )
    return part(_("Withheld or to be looked through, and why"), entries, _("Nothing is withheld."))


def _label(key: str) -> str:
    try:
        return str(type_of(key).label)
    except Missing:
        return key


def _nothing(web: Web) -> dict[str, Any]:
    person = next(iter(web.gone.values()))
    holds = any(
        not k.is_empty(person.rtype.value(person.record, n))
        for n, k in person.rtype.fields.items()
        if k.privacy != Privacy.PUBLIC
    )
    said = "" if holds or len(web.gone) > 1 else _("Beside this record nothing is stored about this person.")
    return part(
        _("If nothing is stored"), [{"label": "", "value": said}] if said else [], _("Data is stored, see above.")
    )
