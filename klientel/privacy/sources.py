"""Parts of the access report that come from events: where each value came from, who got it, who worked on it."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from klientel.kernel import actions
from klientel.kernel.access.seen import How, Told
from klientel.kernel.errors import Missing
from klientel.kernel.events import Event
from klientel.kernel.records import RecordType
from klientel.kernel.tenancy.models import Tenant
from klientel.kernel.trash.hanging import Web


def _moment(at: dt.datetime) -> str:
    return timezone.localtime(at).isoformat(timespec="seconds")


def role_of(actor: str) -> str:
    """Who acted, as a role: the names of staff are not the person's business (CJEU C-579/21)."""
    roles = {
        "member": _("an employee"),
        "token": _("a connected program"),
        "workflow": _("an automation"),
        "job": _("an automation"),
        "portal": _("the person"),
        "system": _("the system"),
    }
    return roles.get(actor.split(":")[0], _("the system"))


def label_of(kind: str) -> str:
    """What happened, in words."""
    try:
        return str(actions.get(kind).label)
    except Missing:
        return {"privacy.restricted": _("Restriction"), "privacy.lifted": _("Restriction lifted")}.get(kind, kind)


def of_fields(rtype: RecordType, record: Any, history: list[Event]) -> dict[str, Any]:
    """For each field of the person: the event that gave it the value it has."""
    last: dict[str, Event] = {}
    for event in history:
        if event.record_id == record.id:
            last |= dict.fromkeys(event.changes, event)
    entries = []
    for name, kind in rtype.fields.items():
        if kind.is_empty(rtype.value(record, name)) or kind.readonly:
            continue
        made = last.get(name)
        entries.append(
            {
                "label": str(kind.verbose_name),
                "field": name,
                "value": f"{label_of(made.kind)}, {role_of(made.actor)}" if made else _("not recorded"),
                "at": _moment(made.at) if made else "",
            }
        )
    return {
        "heading": _("Where the data comes from"),
        "entries": entries,
        "empty": "" if entries else _("Nothing is stored."),
    }


def recipients(tenant: Tenant, history: list[Event], seen: list[Told]) -> dict[str, Any]:
    """Named recipients: those the tenant recorded, every event that reached outside, exports that held the person."""
    settings = tenant.settings.get("privacy")
    said = settings.get("recipients") if isinstance(settings, dict) else None
    entries = [{"label": "", "value": str(r), "at": ""} for r in said or ()]
    entries += [
        {"label": str(SEEN[How.EXPORTED]), "value": _said(one), "at": _moment(one.last)}
        for one in seen
        if one.how == How.EXPORTED
    ]
    for event in history:
        if _outward(event.kind):
            entries.append({"label": label_of(event.kind), "value": role_of(event.actor), "at": _moment(event.at)})
    return {
        "heading": _("Recipients"),
        "entries": entries,
        "empty": "" if entries else _("No recipient outside this company is recorded."),
    }


def _outward(kind: str) -> bool:
    try:
        return actions.get(kind).outward
    except Missing:
        return False


def consents(web: Web) -> dict[str, Any]:
    """Consents and objections: records whose type says so by its name."""
    entries = [
        {"label": str(f.rtype.label), "value": f.record.title, "at": _moment(f.record.created_at)}
        for f in web.gone.values()
        if any(word in f.rtype.key for word in ("consent", "objection", "processingbasis"))
    ]
    return {
        "heading": _("Consents and objections"),
        "entries": entries,
        "empty": "" if entries else _("No consent and no objection is recorded."),
    }


SEEN = {
    How.OPENED: gettext_lazy("Opened"),
    How.FETCHED: gettext_lazy("Read by a program"),
    How.EXPORTED: gettext_lazy("Exported"),
    How.REPORTED: gettext_lazy("Access report made"),
}


def _said(one: Told) -> str:
    """How often on a day, and by whom, as a role."""
    times = ngettext("%(n)d time", "%(n)d times", one.times) % {"n": one.times}
    return f"{role_of(one.actor)}, {times}"


def access_log(history: list[Event], seen: list[Told]) -> dict[str, Any]:
    """Who worked on the data or saw it, when, and at what; staff as their role. What was seen is told by the day."""
    looked = [
        {"label": str(SEEN[How(one.how)]), "value": _said(one), "at": _moment(one.last), "fields": []} for one in seen
    ]
    entries = [
        {
            "label": label_of(e.kind),
            "value": role_of(e.actor),
            "at": _moment(e.at),
            "fields": sorted(e.changes),
        }
        for e in history
    ] + looked
    return {
        "heading": _("Who worked on the data, and who saw it"),
        "entries": entries,
        "empty": "" if entries else _("Nothing is recorded."),
    }
