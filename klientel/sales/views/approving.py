"""The page on which a discount is decided, made for the phone: it is reached from the notification."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from klientel.kernel import tenancy
from klientel.kernel.access.reading import get, names
from klientel.kernel.actions import run
from klientel.kernel.errors import Conflict, Forbidden, Missing, Refused
from klientel.kernel.records import type_of
from klientel.kernel.web.answers import act, say_done
from klientel.sales.actions.approval import why_not
from klientel.sales.models import QuoteForm, quoting

KEY = "sales.quote"


@require_http_methods(["GET", "HEAD", "POST"])
@act
def decide(request: Any, record_id: UUID) -> HttpResponse:
    """What the discount is about, and the decision."""
    refused = None
    if request.method == "POST":
        verb = "approve" if "approve" in request.POST else "send_back"
        name = "note" if verb == "approve" else "reason"
        values = {name: request.POST.get("note", "").strip()}
        if verb == "send_back" and not values[name]:
            refused = Refused("required", _("Please say why."), "note")
        else:
            try:
                run(request.actor, f"{KEY}.{verb}", record_id, scope=request.scope, **values)
            except (Missing, Forbidden, Conflict):
                raise
            except Refused as no:
                refused = no
            else:
                say_done(request, _("Approved.") if verb == "approve" else _("Sent back."))
                return HttpResponseRedirect(reverse("record", args=[type_of(KEY).slug, record_id]))
    with tenancy.reading():
        return _page(request, record_id, refused)


def _page(request: Any, record_id: UUID, refused: Refused | None) -> HttpResponse:
    rtype = type_of(KEY)
    quote = get(request.scope, rtype, record_id)
    visible = request.scope.visible(rtype)
    if not {"positions", "net", "discount_given"} <= set(visible):
        raise Forbidden("forbidden", _("You may not see these records."))
    form = QuoteForm.of(quote)
    awaiting = quote.state == quoting.AWAITING
    no = why_not(request.actor.member, form, quote) if awaiting else None
    if awaiting and no is None and not request.scope.may(rtype, "approve"):
        no = Forbidden("forbidden", _("You may not do this here."))
    asked = names(request.scope, {quote.asked_by}, "kernel.member") if quote.asked_by else {}
    context = {
        "quote": quote, "told": quote.told, "form": form, "awaiting": awaiting, "why_not": no, "refused": refused,
        "asked_by": next((one.title for one in asked.values()), ""), "given": request.POST.get("note", ""),
        "state": rtype.fields["state"].show(quote.state),
    }  # fmt: skip
    return render(request, "sales/approval.html", context, status=refused.status if refused else 200)
