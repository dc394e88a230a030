"""The page on which a colleague writes down that the customer has said yes: to what, how, and when."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from klientel.kernel import tenancy
from klientel.kernel.access.reading import get, names
from klientel.kernel.actions import run
from klientel.kernel.errors import Conflict, Forbidden, Missing, Refused
from klientel.kernel.kinds import today
from klientel.kernel.records import type_of
from klientel.kernel.web.answers import act, say_done
from klientel.sales.actions.quote import WAYS
from klientel.sales.models import quoting, telling
from klientel.sales.queries import choosing

KEY, VERB = "sales.quote", "sales.quote.accept"
_SAID = ("name", "how", "said_on", "note")


@require_http_methods(["GET", "HEAD", "POST"])
@act
def accept(request: Any, record_id: UUID) -> HttpResponse:
    """Ask for it, and write it down; *sum* only adds up with what is chosen."""
    refused = None
    if request.method == "POST" and "sum" not in request.POST:
        sent = request.POST
        said = {name: sent.get(name, "").strip() for name in _SAID}
        chosen = {"chosen": choosing.options_in(sent), "alternatives": choosing.alternatives_in(sent)}
        try:
            done = run(
                request.actor, VERB, record_id, scope=request.scope,
                **{name: value for name, value in (said | chosen).items() if value},
            )  # fmt: skip
        except (Missing, Forbidden, Conflict):
            raise
        except Refused as no:
            refused = no
        else:
            say_done(request, _("Accepted."), done.change_set)
            return HttpResponseRedirect(reverse("record", args=[type_of(KEY).slug, record_id]))
    with tenancy.reading():
        return _page(request, record_id, refused)


def _page(request: Any, record_id: UUID, refused: Refused | None) -> HttpResponse:
    rtype = type_of(KEY)
    quote = get(request.scope, rtype, record_id)
    if not {"positions", "net", "gross"} <= set(request.scope.visible(rtype)):
        raise Forbidden("forbidden", _("You may not see these records."))
    positions, language = quote.positions or [], get_language() or "de"
    chosen = choosing.possible(request.POST, positions)
    told = telling.told(quote, quoting.agreed_positions(positions, chosen), language)
    person = names(request.scope, {quote.person}, "contacts.person") if quote.person else {}
    first = {"name": next((one.title for one in person.values()), ""), "said_on": today().isoformat()}
    lines = choosing.lines(positions, told["lines"], chosen)
    context = {
        "quote": quote, "open": quote.state == quoting.SENT, "lines": lines, "told": told, "ways": WAYS,
        "has_options": any(one["option"] or one["instead"] for one in lines),
        "given": request.POST if request.method == "POST" else first,
        "wrong": {no.field: no.message for no in refused.all()} if refused else {}, "refused": refused,
        "state": rtype.fields["state"].show(quote.state), "latest": today().isoformat(),
    }  # fmt: skip
    return render(request, "sales/accept.html", context, status=refused.status if refused else 200)
