"""Settings of a workspace: who works here and with which rights, own fields, tags, and the workspace itself."""

from __future__ import annotations

import zoneinfo
from typing import Any

from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from klientel.kernel import tenancy
from klientel.kernel.errors import Forbidden, Refused, together
from klientel.kernel.identity.models import LANGUAGES
from klientel.kernel.kinds import Choice, Kind, Text
from klientel.kernel.records import type_of
from klientel.kernel.tenancy.models import Tenant
from klientel.kernel.web import fields
from klientel.kernel.web.answers import act, page, say_done
from klientel.kernel.web.invited import sent
from klientel.kernel.web.views.invitations import may_invite

#: record types that are settings, with a word about each
PARTS = (
    ("kernel.member", gettext_lazy("People who work here, their teams and roles")),
    ("kernel.team", gettext_lazy("The tree of teams")),
    ("kernel.role", gettext_lazy("Who may do what")),
    ("kernel.tag", gettext_lazy("Words to mark records with")),
    ("kernel.customfield", gettext_lazy("Fields of your own for every kind of record")),
    ("kernel.relationkind", gettext_lazy("How two records can belong together")),
    ("kernel.view", gettext_lazy("Saved lists, own and shared")),
)
ROLE = "kernel.role"


@page
def overview(request: Any) -> HttpResponse:
    """All settings on one page."""
    parts = []
    for key, note in PARTS:
        rtype = type_of(key)
        if request.scope.may(rtype, "view"):
            parts.append({"rtype": rtype, "note": note, "may_create": request.scope.may(rtype, "create")})
    waiting = sent(waiting=True) if may_invite(request) else []
    return render(
        request,
        "settings/overview.html",
        {
            "parts": parts,
            "waiting": waiting,
            "may_invite": may_invite(request),
            "may_manage": may_manage(request),
        },
    )


def may_manage(request: Any) -> bool:
    """Whether this actor may change the workspace itself: who may change roles may anyway give it to themselves."""
    return bool(request.scope.may(type_of(ROLE), "change"))


# -- the workspace ------------------------------------------------------------------------------------------------


def workspace_kinds() -> dict[str, Kind]:
    """The facts of a workspace, as kinds."""
    zones = [(z, z) for z in sorted(zoneinfo.available_timezones()) if "/" in z and not z.startswith("Etc")]
    kinds: list[Kind] = [
        Text(gettext_lazy("name"), name="name", required=True, max_length=200),
        Choice(gettext_lazy("language"), name="language", required=True, of=LANGUAGES),
        Choice(gettext_lazy("time zone"), name="time_zone", required=True, of=zones),
        Choice(gettext_lazy("currency"), name="currency", required=True, of=[(c, c) for c in fields.CURRENCIES]),
    ]
    return {k.name: k for k in kinds}


@act
def workspace(request: Any) -> HttpResponse:
    """Name, language, time zone and currency of the workspace."""
    if not may_manage(request):
        raise Forbidden("forbidden", _("You may not change the settings of this workspace."))
    kinds = workspace_kinds()
    values: dict[str, Any] = {n: getattr(request.tenant, n) for n in kinds}
    refused: Refused | None = None
    if request.method == "POST":
        values = fields.sent(request.POST, kinds)
        refused = _save_workspace(request, kinds, values)
        if refused is None:
            say_done(request, _("Saved."))
            return HttpResponseRedirect(reverse("settings"))
    with tenancy.reading():
        drawn = fields.fields(request.scope, kinds.values(), values, refused)
        return render(
            request, "settings/workspace.html", {"drawn": drawn, "refused": refused}, status=422 if refused else 200
        )


def _save_workspace(request: Any, kinds: dict[str, Kind], values: dict[str, Any]) -> Refused | None:
    accepted, refusals = {}, []
    for name, kind in kinds.items():
        try:
            accepted[name] = kind.accept(values.get(name))
        except Refused as no:
            refusals.append(no)
    if refusals:
        return together(refusals)
    with tenancy.writing():
        Tenant.objects.filter(pk=request.tenant.pk).update(**accepted)
    return None
