"""The page on which somebody answers what a workflow asks: its fields of the record, a note, and yes or no."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import gettext as _

from klientel.automation.queries.filling import askable, asked_of, replies, subject
from klientel.kernel import actions, tenancy
from klientel.kernel.access.reading import get
from klientel.kernel.errors import Missing, Refused
from klientel.kernel.kinds import Kind
from klientel.kernel.records import type_of
from klientel.kernel.web import fields
from klientel.kernel.web.addresses import place
from klientel.kernel.web.answers import act, say_done
from klientel.kernel.web.panels import panel
from klientel.lib.ids import uuid7

KEY = "automation.request"


@act
def answer(request: Any, record_id: UUID) -> HttpResponse:
    """GET shows what is asked; POST fills it in and answers, both or neither."""
    refused = None
    with tenancy.reading():
        asked = get(request.scope, type_of(KEY), record_id)
        kinds = _kinds(request, asked)
    if request.method == "POST":
        try:
            return _answered(request, asked, kinds)
        except Refused as no:
            refused = no
    with tenancy.reading():
        return _page(request, asked, kinds, refused)


def _kinds(request: Any, asked: Any) -> dict[str, Kind]:
    """The fields that are to be filled in and that this person may fill in, and the questions beside."""
    names = asked.asked.get("fields") or []
    about = subject(request.scope, asked) if names else None
    open_to = askable(request.scope, about[0]) if about is not None else {}
    return {n: open_to[n] for n in names if n in open_to} | asked_of(asked)


def _answered(request: Any, asked: Any, kinds: dict[str, Kind]) -> HttpResponse:
    """What was filled in is written as if they had changed the record themselves, in the transaction of the answer."""
    verb = request.POST.get("op", "")
    if verb not in ("approve", "decline"):
        raise Refused("no_answer", _("Please answer yes or no."))
    change_set = uuid7()
    with tenancy.writing():
        sent = fields.sent(request.POST, kinds) if verb == "approve" else {}
        own = asked_of(asked)
        given = {name: value for name, value in sent.items() if name not in own}
        if given:
            about = subject(request.scope, asked)
            if about is None:
                raise Missing("record_gone", _("The record is gone, or you may not see it."))
            rtype, record = about
            key = f"{rtype.key}.change"
            actions.run(request.actor, key, record.pk, scope=request.scope, change_set=change_set, **given)
        note = request.POST.get("note", "").strip()
        answers: dict[str, Any] = (
            {"answers": {name: value for name, value in sent.items() if name in own}} if sent else {}
        )
        actions.run(
            request.actor, f"{KEY}.{verb}", asked.pk, scope=request.scope, change_set=change_set, note=note, **answers
        )  # fmt: skip
    say_done(request, _("Thank you, the answer was passed on."))
    return HttpResponseRedirect(place("record", type_of(KEY).slug, asked.pk))


def _page(request: Any, asked: Any, kinds: dict[str, Kind], refused: Refused | None) -> HttpResponse:
    rtype, about = type_of(KEY), subject(request.scope, asked)
    values: dict[str, Any] = {}
    if about is not None:
        values = {n: about[0].value(about[1], n) for n in kinds if n in about[0].fields}
    if refused is not None:
        values |= fields.sent(request.POST, kinds)
    drawn = fields.fields(request.scope, kinds.values(), values, refused)
    needed = {*(asked.asked.get("needed") or []), *(n for n, k in asked_of(asked).items() if k.required)}
    for one in drawn:
        one.required = False  # a no needs nothing
        one.needed = one.name in needed
    context = {
        "rtype": rtype, "asked": asked, "drawn": drawn, "refused": refused, "about": about,
        "note": request.POST.get("note", ""), "open": asked.state == "open",
        "answers": replies(request.scope, asked), "state": rtype.fields["state"].show(asked.state),
    }  # fmt: skip
    return render(request, "automation/answer.html", context, status=refused.status if refused else 200)


@panel(KEY)
def told(request: Any, asked: Any) -> dict[str, Any]:
    """Whether the page of a request leads on to the one where it is answered."""
    mine = request.scope.may(type_of(KEY), "approve")
    return {
        "answer": place("request_answer", asked.pk) if asked.state == "open" and mine else "",
        "answers": replies(request.scope, asked),
    }
