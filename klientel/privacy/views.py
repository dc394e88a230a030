"""Pages of data protection: report, erasure with a plan to read before, restriction."""

from __future__ import annotations

import datetime as dt
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from klientel.kernel.errors import Conflict, Forbidden, Missing, Refused
from klientel.kernel.jobs import defer
from klientel.kernel.kinds import Date, today
from klientel.kernel.records import RecordType, by_slug, type_of
from klientel.kernel.tenancy import reading, writing
from klientel.kernel.web.answers import act, page
from klientel.privacy import erasing, expiring, restricting
from klientel.privacy.jobs import go_on
from klientel.privacy.report import report

PATIENCE = 8.0  # seconds that a page waits for an erasure


def _private(response: HttpResponse) -> HttpResponse:
    response["Cache-Control"] = "private, no-store"
    return response


def _drawn(request: Any, template: str, context: dict[str, Any], status: int = 200) -> HttpResponse:
    with reading():
        return render(request, template, context, status=status)


@require_GET
@act
def report_page(request: Any, slug: str, record_id: UUID) -> HttpResponse:
    """The access report to read and print."""
    rtype = by_slug(slug)
    told = report(request.actor, rtype, record_id)
    context = {
        "report": told,
        "rtype": rtype,
        "record_id": record_id,
        "grounds": restricting.GROUNDS,
        "moment": dt.datetime.fromisoformat,
    }
    return _private(_drawn(request, "privacy/report.html", context))


@require_GET
@act
def report_json(request: Any, slug: str, record_id: UUID) -> HttpResponse:
    """The access report as a file for machines."""
    response = JsonResponse(report(request.actor, by_slug(slug), record_id), json_dumps_params={"ensure_ascii": False})
    response["Content-Disposition"] = f'attachment; filename="{slug}-{record_id}.json"'
    return _private(response)


@require_http_methods(["GET", "POST"])
@act
def erase_page(request: Any, slug: str, record_id: UUID) -> HttpResponse:
    """The plan; with the person's name typed in, the erasure itself."""
    rtype, refused = by_slug(slug), None
    if request.method == "POST":
        try:
            done = _erase(request, rtype, record_id)
            return _private(_drawn(request, "privacy/erased.html", {"rtype": rtype, "erasure": done}))
        except (Missing, Forbidden, Conflict):
            raise
        except Refused as no:
            refused = no
    plan = erasing.plan(request.actor, rtype, record_id)
    context = {
        "plan": plan,
        "rtype": rtype,
        "record": plan.record,
        "counts": _named(plan.counts()),
        "refused": refused,
        "grounds": erasing.GROUNDS,
        "given": request.POST,
    }
    return _private(_drawn(request, "privacy/erase.html", context, status=refused.status if refused else 200))


def _erase(request: Any, rtype: RecordType, record_id: UUID) -> Any:
    """Erase as far as a page can wait; the worker does the rest."""
    confirm, ground = request.POST.get("confirm", ""), request.POST.get("ground", "")
    done = erasing.erase(request.actor, rtype, record_id, ground, confirm=confirm, seconds=PATIENCE)
    if done.state == "running":
        with writing():
            defer(go_on, tenant=request.actor.tenant, erasure=done.id, once=str(done.id))
    return done


def _named(counts: dict[str, dict[str, int]]) -> dict[str, list[tuple[str, int]]]:
    return {what: [(str(type_of(key).plural), n) for key, n in some.items()] for what, some in counts.items()}


@require_GET
@page
def retention_page(request: Any) -> HttpResponse:
    """What is kept for the law alone, until when, and what goes next."""
    if not expiring.may_look(request.scope):
        raise Forbidden("forbidden", _("You may not do this here."))
    some = expiring.held()
    context = {
        "ends": expiring.counted(some),
        "due": sum(one.until < today() for one in some),
        "count": len(some),
        "today": today(),
    }
    return _private(render(request, "privacy/retention.html", context))


@require_POST
@act
def restrict_page(request: Any, slug: str, record_id: UUID) -> HttpResponse:
    """Restrict the person."""
    until = Date(name="until").accept(request.POST.get("until", ""))
    restricting.restrict(request.actor, by_slug(slug), record_id, request.POST.get("ground", ""), until=until)
    messages.success(request, _("The person is restricted now."))
    return HttpResponseRedirect(reverse("privacy_report", args=[slug, record_id]))


@require_POST
@act
def lift_page(request: Any, slug: str, record_id: UUID) -> HttpResponse:
    """End the restriction."""
    told_on = Date(name="told_on").accept(request.POST.get("told_on", ""))
    restricting.lift(request.actor, by_slug(slug), record_id, told_on)
    messages.success(request, _("The restriction has ended."))
    return HttpResponseRedirect(reverse("privacy_report", args=[slug, record_id]))
