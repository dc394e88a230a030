"""Where members choose in which of their browsers they are told, of what, and how much a message says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from uuid import UUID

from django.http import HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET

from klientel.channels.models.push import SHORT, WHOLE, PushPlace
from klientel.channels.queries import push
from klientel.kernel import tenancy, writing
from klientel.kernel.errors import Missing, Refused, read_out
from klientel.kernel.events import notices
from klientel.kernel.kinds import Choice
from klientel.kernel.web import fields
from klientel.kernel.web.account import device
from klientel.kernel.web.addresses import place as address
from klientel.kernel.web.answers import act, id_of, say_done, wants_json

WORKER = Path(__file__).parents[1] / "static" / "js" / "push-worker.js"
WORDINGS = (
    (SHORT, gettext_lazy("what kind of thing, without names")),
    (WHOLE, gettext_lazy("the whole sentence, with names")),
)
HERE = "push_browsers"


@act
def browsers(request: Any) -> HttpResponse:
    """GET shows browsers and choice; POST switches this one on or off, removes another one, or keeps the choice."""
    if not request.actor.member:
        raise Missing("no_such_page", _("There is no page at this address."))
    if request.method != "POST":
        return _page(request, None)
    try:
        with tenancy.writing():
            said = _done(request)
    except Refused as no:
        if wants_json(request):
            raise
        return _page(request, no)
    say_done(request, said)
    return JsonResponse({}) if wants_json(request) else HttpResponseRedirect(address(HERE))


def _done(request: Any) -> str:
    member, op = request.actor.member, request.POST.get("op", "")
    if op in ("on", "off"):
        try:
            said = json.loads(request.POST.get("subscription", ""))
        except ValueError:
            said = None
        if op == "on":
            program = device.of(request.headers.get("User-Agent", "")).text
            push.take(member, said, session=request.session.session_key or "", device=program)
            return _("You are told in this browser from now on.")
        endpoint = said.get("endpoint") if isinstance(said, dict) else None
        return _removed(member, digest=push.digest(str(endpoint)))
    if op.startswith("remove "):
        return _removed(member, pk=id_of(op.removeprefix("remove ")))
    wording = _wording().accept(request.POST.get("wording"))
    push.choose(member, wording=wording, wanted=set(request.POST.getlist("pushed")))
    return _("Saved.")


def _removed(member: UUID, **which: Any) -> str:
    with writing.door():
        PushPlace.objects.filter(member_id=member, **which).delete()
    return _("You are not told there any more.")


def _wording() -> Choice:
    return Choice(gettext_lazy("What a message says"), name="wording", required=True, of=WORDINGS)


def _page(request: Any, refused: Refused | None) -> HttpResponse:
    with tenancy.reading():
        member = request.actor.member
        chosen = push.choice_of(member)
        places = list(PushPlace.objects.filter(member_id=member).order_by("made_at"))
        context = {
            "places": [(p, read_out(p.trouble)) for p in places],
            "known": " ".join(p.digest for p in places), "refused": refused,
            "key": push.public_key(),
            "drawn": fields.fields(request.scope, [_wording()], {"wording": chosen.wording}, refused),
            "kinds": [(k.kind, k.icon, k.about(), k.kind not in chosen.silent) for k in notices.kinds()],
        }  # fmt: skip
        return render(request, "channels/push.html", context, status=refused.status if refused else 200)


@require_GET
def worker(_request: Any) -> HttpResponse:
    """The script that shows what is pushed, at an address that stays: browsers look there for newer ones."""
    return HttpResponse(WORKER.read_bytes(), "text/javascript", headers={"Cache-Control": "no-cache"})
