"""The page of a form for visitors: read, fill in, send. No cookie is set, nothing is stored with them, GET writes
nothing of theirs, and all of it works without scripts."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from uuid import UUID

import orjson
from csp.constants import HEADER
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from klientel.channels.queries import forms, tickets
from klientel.channels.views import asked as drawing
from klientel.kernel.access import ActorScope, system_actor
from klientel.kernel.actions import run
from klientel.kernel.errors import Refused
from klientel.kernel.files.opening import open_file, thumbnail
from klientel.kernel.tenancy import reading, writing
from klientel.lib.ips import shorten_ip
from klientel.portal.queries import pages
from klientel.portal.queries.pages import Asked, Page
from klientel.portal.queries.shares import unknown
from klientel.portal.views.public import HEADERS, address_of, by

SCRIPT = Path(__file__).parents[1] / "static" / "js" / "embed.js"
LARGEST = 200_000  # bytes of a sending
page_of = by(pages.at_page, arguments=2, from_elsewhere=True)


@require_http_methods(["GET", "HEAD", "POST"])
@page_of
def page(request: Any, visit: Page, framed: bool = False, **at: Any) -> HttpResponse:
    """The form: on a page of its own, or within a frame of another site."""
    del at
    if not visit.is_open:
        return _allowed(render(request, "portal/form_closed.html", _head(visit, framed), status=410), visit, framed)
    if request.method == "POST":
        return _allowed(_sent(request, visit, framed), visit, framed)
    if request.method == "GET":
        with writing():
            forms.note_seen(visit.form.pk)
    return _allowed(_drawn(request, visit, framed, drawing.first_values(visit.content, request.GET)), visit, framed)


def _allowed(answer: HttpResponse, visit: Page, framed: bool) -> HttpResponse:
    """Say which sites may show it in a frame, and where its form may lead."""
    sites = " ".join(visit.form.origins)
    policy = HEADERS[HEADER].replace("form-action 'self'", f"form-action 'self' {sites}".strip())
    if framed:
        policy = policy.replace("frame-ancestors 'none'", f"frame-ancestors 'self' {sites}".strip())
    answer.headers[HEADER] = policy
    return answer


def _head(visit: Page, framed: bool) -> dict[str, Any]:
    """What stands on every page of a form."""
    content, at = visit.content, [visit.tenant.slug, visit.form.path]
    return {
        "form": visit.form,
        "content": content,
        "company": visit.tenant.name,
        "framed": framed,
        "at": reverse("form_frame" if framed else "form_page", args=at),
        "picture": reverse("form_picture", args=at) if content.get("picture") else "",
    }


def _drawn(
    request: Any, visit: Page, framed: bool, values: dict[str, Any], refused: Refused | None = None, status: int = 200
) -> HttpResponse:
    kept = tickets.read(request.POST.get("ticket", ""), visit.form.pk)
    text = request.POST.get("ticket", "")
    if kept is None or kept.age > tickets.OLDEST or kept.version != visit.number:
        text, kept = tickets.issue(visit.form.pk, visit.number)
    with reading():
        parts = drawing.parts(visit.content, values, refused)
    context = _head(visit, framed) | {
        "parts": parts,
        "refused": refused,
        "elsewhere": [str(one.message) for one in refused.all() if one.field not in {p.name for p in parts}]
        if refused else [],
        "ticket": text,
        "work": f"{kept.nonce}:{tickets.BITS}",
        "trap": tickets.TRAP,
        "touch": drawing.touch_of(request),
        "visitor": _browser(request),
    }  # fmt: skip
    return render(request, "portal/form.html", context, status=refused.status if refused else status)


def _browser(request: Any) -> str:
    """The number of a browser whose owner agreed to be measured, as the page that led here gave it along."""
    given = request.POST if request.method == "POST" else request.GET
    return str(given.get("visitor", ""))[:40]


def _sent(request: Any, visit: Page, framed: bool) -> HttpResponse:
    """Take in what was sent, or show it again with a sentence at each field that is wrong."""
    if int(request.META.get("CONTENT_LENGTH") or 0) > LARGEST:
        raise Refused("too_large", _("This is more than the form takes."))
    given = drawing.sent(visit.content, request.POST)
    try:
        response = _taken_in(request, visit, given)
    except Refused as no:
        if no.code != "sent_already":
            return _drawn(request, visit, framed, given, no)
        response = UUID(no.details["id"])
    content = visit.content
    if content.get("redirect") and not framed:
        return HttpResponseRedirect(content["redirect"], status=303)
    name = "form_frame_sent" if framed else "form_sent"
    at = [visit.tenant.slug, visit.form.path, pages.sent_text(response)]
    return HttpResponseRedirect(reverse(name, args=at), status=303)


def _taken_in(request: Any, visit: Page, given: dict[str, Any]) -> UUID:
    network = shorten_ip(address_of(request))
    ticket = tickets.read(request.POST.get("ticket", ""), visit.form.pk)
    worked = ticket is not None and tickets.worked(ticket, request.POST.get("worked", ""))
    with writing():
        if not tickets.may_come(tickets.WITH_WORK if worked else tickets.WITHOUT_WORK, network):
            raise TooOften("too_often", _("Very much came from your network just now. Please try again in 10 minutes."))
    if ticket is None and request.headers.get("Origin", "").lower() not in visit.form.origins:
        raise Refused("look_again", _("Please check what you typed, and send it once more."))
    if ticket is not None and ticket.age > tickets.OLDEST:
        raise Refused("too_old", _("This page was open for very long. Please send it once more."))
    suspicion = ""
    if request.POST.get(tickets.TRAP):
        suspicion = _("A field was filled in that people do not see.")
    elif ticket is not None and not worked and ticket.age < tickets.QUICKEST:
        suspicion = _("It was filled in faster than people do.")
    said = orjson.dumps(given, option=orjson.OPT_SORT_KEYS).decode()
    made = run(
        system_actor(_("Visitor"), kind="portal", id=visit.form.pk), "channels.response.submit",
        form=visit.form.pk, number=ticket.version if ticket else visit.number, answers=given,
        touch=drawing.touch_of(request), page=request.POST.get("page", "")[:500], network=network,
        visitor=request.POST.get("visitor", "")[:40],
        intake=tickets.intake_of(ticket, visit.form.pk, network, said), suspicion=suspicion,
    )  # fmt: skip
    return UUID(str(made.record.pk))


class TooOften(Refused):
    """A network sends more than people do."""

    status = 429


@require_safe
@page_of
def sent(request: Any, visit: Page, framed: bool = False, **at: Any) -> HttpResponse:
    """The page after the form: thank you, and the file that was promised."""
    pages.check_sent(at["text"], visit.form.pk)
    place = [visit.tenant.slug, visit.form.path, at["text"]]
    context = _head(visit, framed) | {"file": reverse("form_file", args=place) if visit.content.get("file") else ""}
    return _allowed(render(request, "portal/form_sent.html", context), visit, framed)


@require_safe
@page_of
def file(request: Any, visit: Page, **at: Any) -> HttpResponse:
    """The file that was promised, for whoever sent the form."""
    del request
    pages.check_sent(at["text"], visit.form.pk)
    with reading():
        opened = open_file(ActorScope(system_actor()), _promised(visit.content, "file"))
    if opened.path is None:
        raise unknown()
    answer = HttpResponse(opened.path.read_bytes(), content_type="application/octet-stream")
    answer["Content-Disposition"] = content_disposition_header(as_attachment=True, filename=opened.record.name)
    return answer


def _promised(content: dict[str, Any], name: str) -> UUID:
    if not content.get(name):
        raise unknown()
    return UUID(content[name])


@require_safe
@page_of
def picture(request: Any, visit: Page, **at: Any) -> HttpResponse:
    """The picture of the page, drawn anew."""
    del request, at
    with reading():
        shown = thumbnail(open_file(ActorScope(system_actor()), _promised(visit.content, "picture")), 1200)
    return HttpResponse(shown, content_type="image/png", headers={"Cache-Control": "public, max-age=3600"})


@require_safe
@page_of
def script(request: Any, visit: Page, **at: Any) -> HttpResponse:
    """The one script that a site puts where the form shall stand: it makes the frame, and stores nothing."""
    del request, visit, at
    answer = HttpResponse(SCRIPT.read_bytes(), content_type="text/javascript; charset=utf-8")
    answer.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    answer.headers["Cache-Control"] = "public, max-age=3600"
    return answer


@require_http_methods(["GET", "HEAD", "POST"])
@by(pages.confirming)
def confirm(request: Any, visit: Asked, text: str) -> HttpResponse:
    """The link of the confirmation mail: GET shows what is confirmed, only the button does it."""
    del text
    refused = None
    if request.method == "POST":
        network = shorten_ip(address_of(request))
        actor = system_actor(_("Visitor"), kind="portal", id=visit.link.pk)
        try:
            run(actor, "channels.response.confirm", visit.response.pk, network=network)
        except Refused as no:
            refused = no if no.code != "confirmed_already" else None
        if refused is None:
            return HttpResponseRedirect(request.path, status=303)
    context = {
        "company": visit.tenant.name,
        "form": visit.form,
        "consents": visit.consents,
        "done": visit.link.used_at,
        "ended": visit.link.used_at is None and timezone.now() >= visit.link.expires_at,
        "refused": refused,
    }
    return render(request, "portal/confirm.html", context)
