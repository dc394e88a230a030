"""Settings of a workspace: who works here and with which rights, own fields, tags, and the workspace itself."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _

from klientel.kernel import tenancy
from klientel.kernel.access.elevating import manages_roles
from klientel.kernel.actions import workspace as facts
from klientel.kernel.errors import Forbidden, Refused
from klientel.kernel.records import all_types, type_of
from klientel.kernel.web import fields
from klientel.kernel.web.answers import act, page, say_done
from klientel.kernel.web.invited import sent
from klientel.kernel.web.views.invitations import may_invite

#: record types of the kernel that are settings
PARTS = (
    "kernel.member", "kernel.team", "kernel.role", "kernel.tag", "kernel.customfield", "kernel.duplicaterule",
    "kernel.relationkind", "kernel.view",
)  # fmt: skip
ROLE = "kernel.role"


@page
def overview(request: Any) -> HttpResponse:
    """All settings on one page."""
    parts = []
    of_apps = [t for t in all_types() if t.system and not t.key.startswith("kernel.")]
    for rtype in (*map(type_of, PARTS), *of_apps):
        if request.scope.may(rtype, "view"):
            parts.append({"rtype": rtype, "may_create": request.scope.may(rtype, "create") and not rtype.arises})
    shaped = [t for t in all_types() if not t.system]
    waiting = sent(waiting=True) if may_invite(request) else []
    return render(
        request,
        "settings/overview.html",
        {
            "parts": parts,
            "waiting": waiting,
            "may_invite": may_invite(request),
            "may_manage": may_manage(request),
            "shaped": shaped[0].slug if shaped and request.scope.may(type_of("kernel.fieldrule"), "change") else "",
        },
    )


def may_manage(request: Any) -> bool:
    """Whether this actor may change the workspace itself: who may change roles may anyway give it to themselves."""
    return manages_roles(request.scope)


# -- the workspace ------------------------------------------------------------------------------------------------


@act
def workspace(request: Any) -> HttpResponse:
    """Name, language, time zone and currency of the workspace."""
    if not may_manage(request):
        raise Forbidden("forbidden", _("You may not change the settings of this workspace."))
    kinds, refused = facts.kinds(), None
    values: dict[str, Any] = {n: facts.value(n, request.tenant) for n in kinds}
    if request.method == "POST":
        values |= fields.sent(request.POST, kinds)
        try:
            facts.change(request.scope, values)
            say_done(request, _("Saved."))
            return HttpResponseRedirect(reverse("settings"))
        except Refused as no:
            refused = no
    with tenancy.reading():
        drawn = fields.fields(request.scope, kinds.values(), values, refused)
        return render(
            request, "settings/workspace.html", {"drawn": drawn, "refused": refused}, status=422 if refused else 200
        )
