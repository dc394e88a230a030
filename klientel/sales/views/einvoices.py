"""The page on which e-invoices are taken in: one or many files, each with what became of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from klientel.kernel import actions, tenancy
from klientel.kernel.access.reading import names
from klientel.kernel.errors import Forbidden, Missing, Refused
from klientel.kernel.files.storing import store
from klientel.kernel.records import type_of
from klientel.kernel.web.answers import act
from klientel.lib.files import clean_name
from klientel.lib.ids import read_id
from klientel.sales.models import Invoice
from klientel.sales.models.findings import sentences

MOST = 50
TAKEN, ADDED, KNOWN, NOT = "taken", "added", "known", "not"


@dataclass(frozen=True)
class Told:
    """What became of one file."""

    file: str
    state: str
    text: str
    invoice: Any = None
    findings: tuple[str, ...] = ()


@act
def take(request: Any) -> HttpResponse:
    """The form, and what became of the files that were sent."""
    rtype = type_of("sales.invoice")
    if not request.scope.may(rtype, "create"):
        raise Forbidden("forbidden", _("You may not make this."))
    home = read_id(request.POST.get("organisation") or request.GET.get("organisation", ""))
    files = request.FILES.getlist("file")
    refused = getattr(request, "not_taken", None)
    if len(files) > MOST:
        files, refused = [], Refused("too_many", _("At most %(n)d files at once.") % {"n": MOST}, "file")
    told = [_taken(request, one, home) for one in files]
    with tenancy.reading():
        where = names(request.scope, [home]).get(home) if home else None
        context = {"told": told, "refused": refused, "home": where, "organisation": home if where else "",
                   "words": {TAKEN: _("taken in"), ADDED: _("added"), KNOWN: _("known already"), NOT: _("refused")},
                   "tones": {TAKEN: "ok", ADDED: "ok", KNOWN: "info", NOT: "bad"}}  # fmt: skip
        status = 422 if refused else 200
        return render(request, "sales/einvoices.html", context, status=status)


def _taken(request: Any, given: Any, home: UUID | None) -> Told:
    """One file, all or nothing: a refused one leaves no file either (its bytes are swept up)."""
    name = clean_name(given.name)
    values: dict[str, Any] = {"organisation": str(home)} if home else {}
    try:
        with tenancy.writing():
            file = store(request.actor, given).record
            made = actions.run(request.actor, "sales.invoice.take", document=str(file.id), **values).record
            return _told(request, name, TAKEN, made)
    except Refused as no:
        details = getattr(no, "details", None) or {}
        if no.code == "known_already" and details.get("document") is False:
            return _added(request, given, name, UUID(details["id"]))
        there = Invoice.objects.filter(pk=details["id"]).first() if details.get("document") else None
        state = KNOWN if no.code == "known_already" else NOT
        return Told(name, state, str(no.message), there)


def _added(request: Any, given: Any, name: str, invoice: UUID) -> Told:
    """The document of an invoice that an ERP told before."""
    given.seek(0)
    try:
        with tenancy.writing():
            file = store(request.actor, given).record
            done = actions.run(request.actor, "sales.invoice.attach", invoice, document=str(file.id))
            return _told(request, name, ADDED, done.record)
    except (Refused, Missing) as no:
        return Told(name, NOT, str(no.message))


def _told(request: Any, name: str, state: str, made: Any) -> Told:
    made = Invoice.objects.get(pk=made.pk)
    seen = request.scope.visible(type_of("sales.invoice"))
    firm = names(request.scope, [made.organisation]).get(made.organisation) if made.organisation else None
    text = firm.title if firm else _("No organisation was recognised: please choose it.")
    return Told(name, state, text, made, tuple(sentences(made.findings)) if "findings" in seen else ())
