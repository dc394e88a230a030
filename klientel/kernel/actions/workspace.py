"""The facts of the workspace itself: changed by whoever manages roles, remembered as an event like any other change."""

from __future__ import annotations

import zoneinfo
from typing import Any

from django.db.models import F
from django.utils.translation import gettext_lazy as _

from klientel.kernel import tenancy
from klientel.kernel.access import ActorScope
from klientel.kernel.access.elevating import manages_roles
from klientel.kernel.actions.noting import WORKSPACE, note
from klientel.kernel.errors import Forbidden, Refused, together
from klientel.kernel.events import Event
from klientel.kernel.identity.models import LANGUAGES
from klientel.kernel.kinds import Choice, Kind, Text, Whole
from klientel.kernel.tenancy.models import Tenant

CURRENCIES = ("EUR", "CHF", "USD", "GBP", "PLN", "CZK", "DKK", "SEK", "NOK")
CHANGED = f"{WORKSPACE}.change"


_settings: dict[str, Kind] = {}


def setting(kind: Kind) -> None:
    """Declare one more fact of every workspace, empty as delivered. It stands on the same page."""
    if kind.name in _settings:
        raise RuntimeError(f"Two settings of the workspace are called {kind.name}")
    _settings[kind.name] = kind


def value(name: str, tenant: Tenant | None = None) -> Any:
    """What a fact says, in the current tenant unless another one is given."""
    tenant = tenant or Tenant.objects.get(pk=tenancy.current())
    kind = _settings.get(name)
    return getattr(tenant, name) if kind is None else kind.from_plain(tenant.settings.get(name))


def kinds() -> dict[str, Kind]:
    """The facts of a workspace, as kinds."""
    zones = [(z, z) for z in sorted(zoneinfo.available_timezones()) if "/" in z and not z.startswith("Etc")]
    found: list[Kind] = [
        Text(_("name"), name="name", required=True, max_length=200),
        Choice(_("language"), name="language", required=True, of=LANGUAGES),
        Choice(_("time zone"), name="time_zone", required=True, of=zones),
        Choice(_("currency"), name="currency", required=True, of=[(c, c) for c in CURRENCIES]),
        Whole(
            _("days in the recycle bin"),
            name="trash_days",
            required=True,
            least=0,
            most=3650,
            help_text=_("After so many days what was deleted goes for good. 0: it stays."),
        ),
    ]
    return {k.name: k for k in found} | _settings


def change(scope: ActorScope, values: dict[str, Any]) -> Event | None:
    """Set facts of the actor's workspace; none of them where one is refused. Nothing changed is no event."""
    if not manages_roles(scope):
        raise Forbidden("forbidden", _("You may not change the settings of this workspace."))
    accepted = _accepted(values)
    with tenancy.writing():
        tenant = Tenant.objects.select_for_update().get(pk=scope.tenant)
        before = {n: value(n, tenant) for n in accepted}
        changes = {n: [before[n], v] for n, v in accepted.items() if before[n] != v}
        if not changes:
            return None
        new = {n: v for n, (_old, v) in changes.items() if n not in _settings}
        if own := {n: _settings[n].plain(v) for n, (_old, v) in changes.items() if n in _settings}:
            new["settings"] = tenant.settings | own
        Tenant.objects.filter(pk=tenant.pk).update(access_version=F("access_version") + 1, **new)
        return note(scope.actor, CHANGED, WORKSPACE, tenant.pk, changes=changes)


def _accepted(values: dict[str, Any]) -> dict[str, Any]:
    accepted, refusals, known = {}, [], kinds()
    for name, value in values.items():
        if name not in known:
            refusals.append(Refused("no_such_field", _("There is no such field."), name))
            continue
        try:
            accepted[name] = known[name].accept(value)
        except Refused as no:
            refusals.append(no)
    if refusals:
        raise together(refusals)
    return accepted
