"""The page of a quote for the customer: read it, choose options, accept, decline, ask. GET changes nothing."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from klientel.kernel.access import ActorScope, system_actor
from klientel.kernel.actions import run
from klientel.kernel.errors import Forbidden, Refused
from klientel.kernel.files import keeping
from klientel.kernel.records import type_of
from klientel.kernel.tenancy import reading
from klientel.lib.files import clean_name
from klientel.lib.ips import shorten_ip
from klientel.portal.queries import pacing
from klientel.portal.queries.shares import Visit, unknown
from klientel.portal.views.public import address_of, is_colleague, public
from klientel.sales.models import quoting, telling
from klientel.sales.models.quoting import SENT
from klientel.sales.queries import choosing
from klientel.sales.queries.paper import logo_of, paper, said

#: what the buttons of the page do
VERBS = ("accept", "decline", "ask")


@require_http_methods(["GET", "HEAD", "POST"])
@public
def offer(request: Any, visit: Visit, text: str) -> HttpResponse:
    """The quote, and the answer to it."""
    if not visit.share.is_open(timezone.now()):
        return render(request, "portal/gone.html", _letterhead(visit, text), status=410)
    verb = next((one for one in VERBS if request.method == "POST" and one in request.POST), None)
    if verb is None:
        return _page(request, visit, text)
    pacing.count(pacing.ANSWER, str(visit.share.id))
    try:
        if is_colleague(request, visit):
            raise Forbidden("own_side", _("You are signed in as a colleague: only the customer answers here."))
        _do(request, visit, verb)
    except Refused as no:
        if no.code == "answered":  # a second click, or the answer came another way meanwhile: the page says which
            return _back(text)
        return _page(request, visit, text, no)
    return _back(text, "?asked=1" if verb == "ask" else "")


def _back(text: str, query: str = "") -> HttpResponse:
    return HttpResponseRedirect(f"{reverse('offer', args=[text])}{query}#answer", status=303)


def _do(request: Any, visit: Visit, verb: str) -> None:
    """Carry out what the customer said, as the customer."""
    actor = system_actor(_("Customer"), kind="portal", id=visit.share.id)
    post, quote = request.POST, visit.quote.pk
    if verb == "decline":
        run(actor, "sales.quote.refuse", quote, reason=post.get("reason", ""))
    elif verb == "ask":
        run(actor, "sales.quote.ask_back", quote, question=post.get("question", ""), name=post.get("name", ""))
    elif not post.get("agree"):
        raise Refused("agree_missing", _("Please confirm that you accept the quote."), "agree")
    else:
        whole = address_of(request)
        address = whole if visit.form.keeps_ip else shorten_ip(whole)
        run(
            actor, "sales.quote.sign", quote, name=post.get("name", ""), chosen=choosing.options_in(post),
            alternatives=choosing.alternatives_in(post), drawn=post.get("drawn", ""), address=address,
        )  # fmt: skip


def _page(request: Any, visit: Visit, text: str, refused: Refused | None = None) -> HttpResponse:
    with reading():
        quote = visit.fresh()
        state = _state(quote)
        positions, language = quote.positions or [], quote.language or "de"
        chosen = choosing.possible(request.POST, positions) if state == SENT else quote.chosen
        told = telling.told(quote, quoting.agreed_positions(positions, chosen), language)
        lines = choosing.lines(positions, told["lines"], chosen)
        context = _letterhead(visit, text) | {
            "quote": quote,
            "state": state,
            "lines": lines,
            "has_options": state == SENT and any(one["option"] or one["instead"] for one in lines),
            "told": told,
            "refused": refused,
            "given": request.POST,
            "drawn": _drawing(request.POST.get("drawn", "")),
            "asked": "asked" in request.GET,
            "keeps_ip": visit.form.keeps_ip,
            "colleague": is_colleague(request, visit),
            "tracked": visit.share.tracked and state == SENT and visit.share.opened_at is None,
        }
    return render(request, "portal/offer.html", context, status=refused.status if refused else 200)


def _drawing(text: str) -> str:
    """A signature that was drawn before something else was found missing."""
    return text if text.startswith("data:image/png;base64,") else ""


def _state(quote: Any) -> str:
    """As the customer sees it: what is sent and past its day has expired, whether or not the sweep came by."""
    return quoting.EXPIRED if quote.state == SENT and quoting.has_ended(quote) else str(quote.state)


def _letterhead(visit: Visit, text: str) -> dict[str, Any]:
    """What stands on every page: whose offer it is, and the addresses of its parts."""
    with reading():
        letter = said(_scope(), visit.quote, visit.form)
        letter["company"] = letter["company"] or visit.tenant.name
    return {
        "quote": visit.quote,
        "letter": letter,
        "has_logo": visit.form.logo is not None,
        "at": {name: reverse(f"offer{name}", args=[text]) for name in ("", "_opened", "_logo")},
        "pdf": reverse("offer_file", args=[text, "quote"]),
        "proof": reverse("offer_file", args=[text, "acceptance"]) if visit.quote.evidence else "",
    }


def _scope() -> ActorScope:
    return ActorScope(system_actor())


@require_safe
@public
def file(request: Any, visit: Visit, text: str, which: str) -> HttpResponse:
    """The PDF of the quote as it was sent, or of its acceptance."""
    del text
    if not visit.share.is_open(timezone.now()) or which not in ("quote", "acceptance"):
        raise unknown()
    with reading():
        wanted = visit.quote.document if which == "quote" else visit.quote.evidence
        record = type_of("kernel.file").model.objects.filter(pk=wanted).first() if wanted else None
        path = keeping.path_of(record.tenant_id, record.place) if record is not None else None
        if record is not None and path is not None and path.is_file():
            name, content = record.name, path.read_bytes()
        elif which == "quote":
            name, content = clean_name(f"{visit.quote.number}.pdf"), paper(_scope(), visit.quote)
        else:
            raise unknown()
    answer = HttpResponse(content, content_type="application/pdf")
    answer["Content-Disposition"] = (
        content_disposition_header(as_attachment="download" in request.GET, filename=name) or "inline"
    )
    return answer


@require_safe
@public
def logo(request: Any, visit: Visit, text: str) -> HttpResponse:
    """The logo of the letterhead, made small."""
    del request, text
    with reading():
        picture = logo_of(_scope(), visit.form)
    if picture is None:
        raise unknown()
    return HttpResponse(picture, content_type="image/png")


@require_POST
@public
def opened(request: Any, visit: Visit, text: str) -> HttpResponse:
    """Told by the page of whoever allowed it; without consent nothing is kept."""
    del text
    if visit.share.tracked and not is_colleague(request, visit):
        with suppress(Refused):  # known already, or the consent was withdrawn meanwhile
            run(system_actor(_("Customer"), kind="portal", id=visit.share.id), "sales.quote.open_page", visit.quote.pk)
    return HttpResponse(status=204)
