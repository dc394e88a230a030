"""Pages of forms: how one is built, what stands beside it, and what a response says."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import translation
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from klientel.channels.models import Form, Response, Wording
from klientel.channels.models.parts import CONSENT, ROLES, TARGETS, all_paths, kind_at, target_of
from klientel.channels.queries import forms, proof
from klientel.channels.views import asked
from klientel.kernel import tenancy
from klientel.kernel.access.reading import get, select
from klientel.kernel.actions import run
from klientel.kernel.errors import Forbidden, Refused
from klientel.kernel.records import type_of
from klientel.kernel.web.answers import act, fragment, page, say_done, version_of, wants_json
from klientel.kernel.web.fields import label_of
from klientel.kernel.web.ordering import moved
from klientel.kernel.web.panels import panel

FORM, RESPONSE = "channels.form", "channels.response"
KEYS = ("role", "field", "label", "help", "required", "wording", "value", "text")
LATEST = 8
Row = dict[str, Any]


# -- building ------------------------------------------------------------------------------------------------------


@act
def build(request: Any, record_id: UUID) -> HttpResponse:
    """Show, preview, rearrange or save what a form asks."""
    rtype = type_of(FORM)
    with tenancy.reading():
        form = get(request.scope, rtype, record_id)
        if not request.scope.may(rtype, "change") or "parts" not in request.scope.writable(rtype):
            raise Forbidden("forbidden", _("You may not change this."))
        rows = rows_sent(request.POST) if request.method == "POST" else rows_of(form.parts)
        if not request.POST.get("save"):
            return _building(request, form, _with_new(request, rows))
    try:
        done = run(
            request.actor,
            f"{FORM}.change",
            record_id,
            version=version_of(request),
            scope=request.scope,
            parts=parts_of(rows),
        )
    except Refused as no:
        with tenancy.reading():
            return _building(request, form, rows, no)
    say_done(request, _("Saved. Visitors see it when you publish."), done.change_set if done.events else None)
    return HttpResponseRedirect(reverse("record", args=[rtype.slug, record_id]))


def rows_of(parts: list[Row]) -> list[Row]:
    """Stored parts as the page shows them."""
    return [one | {"key": str(n)} for n, one in enumerate(parts)]


def rows_sent(data: Any) -> list[Row]:
    """What the page holds, in its order; ``move`` and ``remove`` of a page without scripts are done already."""
    found: dict[str, Row] = {}
    for key in data:
        word, _dash, rest = key.partition("-")
        n, _dash, name = rest.partition("-")
        if word == "part" and n.isdigit() and len(n) < 8 and name in (*KEYS, "place"):
            found.setdefault(n, {"key": n})[name] = data[key].strip()
    order = moved(sorted(found, key=lambda n: _place(found[n])), data.get("move", ""))
    return [found[n] for n in order if n != data.get("remove")]


def _place(row: Row) -> int:
    text = row.get("place", "")
    return int(text) if text.isdigit() and len(text) < 8 else 10**6


def _with_new(request: Any, rows: list[Row]) -> list[Row]:
    """The rows, and one more where a button asked for it."""
    role = request.POST.get("add", "")
    if role not in dict(ROLES):
        return rows
    return [*rows, {"key": str(max((int(row["key"]) for row in rows), default=-1) + 1), "role": role}]


def parts_of(rows: list[Row]) -> list[Row]:
    """The rows as they are to be saved; those that nobody filled in are left out."""
    made = []
    for row in rows:
        part = {name: row[name] for name in KEYS if row.get(name)} | {"required": bool(row.get("required"))}
        if any(part.get(name) for name in ("field", "wording", "text")):
            made.append(part)
    return made


def _filled(rows: list[Row]) -> list[Row]:
    return [row for row in rows if any(row.get(name) for name in ("field", "wording", "text"))]


def _errors(refused: Refused | None, rows: list[Row]) -> dict[str, str]:
    """Sentences by the key of their row; those of no row under the empty one."""
    kept, found = _filled(rows), dict[str, str]()
    for one in refused.all() if refused else ():
        _word, _dot, rest = (one.field or "").partition(".")
        place = rest.partition(".")[0]
        key = kept[int(place)]["key"] if place.isdigit() and int(place) < len(kept) else ""
        found[key] = f"{found.get(key, '')} {one.message}".strip()
    return found


def _building(request: Any, form: Form, rows: list[Row], refused: Refused | None = None) -> HttpResponse:
    preview, wrong = _preview(form, rows)
    context = {
        "form": form,
        "rows": rows,
        "errors": _errors(refused or (wrong if request.method == "POST" else None), rows),
        "refused": refused,
        "version": request.POST.get("version") or form.version,
        "preview": preview,
        "groups": _groups(),
        "wordings": list(Wording.objects.filter(archived_at=None).order_by("name")),
        "roles": ROLES,
    }
    if wants_json(request):
        return fragment(request, "channels/_preview.html", context)
    return render(request, "channels/build.html", context, status=refused.status if refused else 200)


def _groups() -> list[tuple[str, list[tuple[str, str]]]]:
    """Every field that may be asked for, by whose it is."""
    paths = all_paths()
    return [
        (str(type_of(key).label), [(p, label_of(kind)) for p, kind in paths.items() if p.startswith(f"{first}.")])
        for first, key in TARGETS.items()
    ]


def _preview(form: Form, rows: list[Row]) -> tuple[list[asked.Part], Refused | None]:
    """What visitors would see of the rows as they stand, in the language of the form; none while some are wrong."""
    try:
        drawn = Form(parts=type_of(FORM).fields["parts"].accept(parts_of(rows)), language=form.language)
        with translation.override(form.language or None):
            return asked.parts(forms.content_of(drawn), {}, None), None
    except Refused as no:
        return [], no


# -- beside a form and a response ----------------------------------------------------------------------------------


@panel(FORM)
def beside(request: Any, form: Form) -> dict[str, Any]:
    """Where it stands, how often it was seen and sent, and what came in last."""
    scope, rtype = request.scope, type_of(RESPONSE)
    where = {"field": "form", "op": "is", "value": str(form.pk)}
    shown = select(scope, rtype, columns=("state", "created_at"), where=where, sort="-created_at", limit=LATEST)
    kind: Any = rtype.fields["state"]
    return {
        "instead": (RESPONSE,),
        "at": forms.address_of(form) if form.path else "",
        "counts": forms.counts(form.pk) if scope.may(rtype, "view") else None,
        "changed": form.state == "active" and _differs(form),
        "latest": [
            (one, kind.show(one.values["state"]), kind.tones.get(one.values["state"], "")) for one in shown.rows
        ],
        "may": scope.may(type_of(FORM), "change"),
    }


def _differs(form: Form) -> bool:
    """Whether visitors see something else than what stands here now."""
    found = forms.published(form)
    try:
        return found is None or bool(found.content != forms.content_of(form))
    except Refused:
        return True


@panel(RESPONSE)
def said(request: Any, response: Response) -> dict[str, Any]:
    """What was said, in words, and what of it differs from what is known."""
    seen = request.scope.visible(type_of(RESPONSE))
    form = Form.objects.filter(pk=response.form).first()
    shown = forms.published(form, response.form_version) if form is not None and response.form_version else None
    parts = shown.content["parts"] if shown is not None else []
    labels = {one["field"]: one["label"] for one in parts if one.get("field") and one.get("label")}
    texts = {one["wording"]: one["text"] for one in parts if one["role"] == CONSENT}
    answers = response.answers if "answers" in seen else {}
    differs = response.differs if "differs" in seen else {}
    return {
        "answers": [(labels.get(path) or _label(path), _shown(path, v)) for path, v in answers.items() if "." in path],
        "consents": [texts[one] for one in answers.get(forms.CONSENTS, ()) if one in texts],
        "differs": [(path, _label(path), _shown(path, value)) for path, value in differs.items()],
    }


def _label(path: str) -> str:
    kind = kind_at(path)
    return asked.label_at(path, kind) if kind is not None else target_of(path)[1]


def _shown(path: str, value: Any) -> str:
    kind = kind_at(path)
    return kind.show(kind.from_plain(value)) if kind is not None else str(value)


@require_GET
@page
def evidence(request: Any, record_id: UUID) -> HttpResponse:
    """The proof of a consent to print: what was agreed to, when, from where, and how it was confirmed."""
    consent = get(request.scope, type_of("channels.consent"), record_id)
    seen = request.scope.visible(type_of("channels.consent"))
    if not {"wording", "email", "given_ip"} <= seen.keys():
        raise Forbidden("forbidden", _("You may not see all of what proves this consent."))
    answer = HttpResponse(proof.proof(request.scope, consent), content_type="application/pdf")
    name = _("Proof of consent %(number)s.pdf") % {"number": str(consent.pk)[-6:]}
    answer["Content-Disposition"] = content_disposition_header(as_attachment=False, filename=name) or "inline"
    return answer
