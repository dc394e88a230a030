"""The page on which the condition of a rule about leads is put together."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _

from klientel.kernel import actions, tenancy
from klientel.kernel.access.reading import get
from klientel.kernel.errors import Forbidden, Missing, Refused
from klientel.kernel.records import by_slug, type_of
from klientel.kernel.web import builder
from klientel.kernel.web.answers import act, say_done
from klientel.sales.queries.leads import LEAD

RULES = ("sales.leadrule", "sales.scorerule")


@act
def condition(request: Any, slug: str, record_id: UUID) -> HttpResponse:
    """Show, draw again or save it."""
    rtype = by_slug(slug)
    if rtype.key not in RULES:
        raise Missing("missing", _("There is no such record, or you may not see it."))
    with tenancy.reading():
        rule = get(request.scope, rtype, record_id)
        if not request.scope.may(rtype, "change"):
            raise Forbidden("forbidden", _("You may not change this."))
        if request.method != "POST":
            return _page(request, rtype, rule, builder.of(request.scope, type_of(LEAD), rule.condition or None))
        taken = builder.sent(request.scope, type_of(LEAD), request.POST)
        if taken.pressed or taken.refused:
            return _page(request, rtype, rule, taken.part, None if taken.pressed else taken.refused)
    version = request.POST.get("version", "")
    try:
        done = actions.run(
            request.actor, f"{rtype.key}.change", record_id, scope=request.scope,
            version=int(version) if version.isdigit() else None, condition=taken.json or {},
        )  # fmt: skip
    except Refused as no:
        with tenancy.reading():
            return _page(request, rtype, rule, taken.part, no)
    say_done(request, _("Saved."), done.change_set if done.events else None)
    return HttpResponseRedirect(reverse("record", args=[slug, record_id]))


def _page(request: Any, rtype: Any, rule: Any, part: builder.Part, refused: Refused | None = None) -> HttpResponse:
    version = request.POST.get("version") or rule.version
    context = {"rtype": rtype, "rule": rule, "part": part, "refused": refused, "version": version}
    return render(request, "sales/condition.html", context, status=refused.status if refused else 200)
