"""Forms of every record type: create, edit, any action, one field in place, and the warning of duplicates."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST
from markupsafe import escape

from klientel.kernel import actions, tenancy
from klientel.kernel.access.leading_on import stands_for
from klientel.kernel.access.reading import get, names
from klientel.kernel.actions import Action
from klientel.kernel.errors import Conflict, Forbidden, Missing, Refused
from klientel.kernel.kinds import Kind, Link, Links
from klientel.kernel.records import RecordType, by_slug
from klientel.kernel.twins.checking import Similar, similar
from klientel.kernel.twins.intake import duplicate
from klientel.kernel.twins.rules import rule_of
from klientel.kernel.web import cells, fields, gone, meeting, props, shaping
from klientel.kernel.web.answers import (
    act,
    back,
    came_from,
    fragment,
    id_of,
    page,
    say_done,
    told,
    version_of,
    wants_json,
)
from klientel.kernel.web.views.lists import seen_type


def form_kinds(scope: Any, rtype: RecordType) -> dict[str, Kind]:
    """The fields a form asks, in the declared order: those of the sections, then own ones, owner, tags.

    What is kept as JSON has an editor of its own.
    """
    writable = scope.writable(rtype)
    sections, whole = shaping.sections_of(scope, rtype)
    order = [n for _label, some in sections for n in some]
    if not whole:
        order += [n for n, k in writable.items() if k.custom]
        order += [n for n in rtype.static if n not in order]
    return {n: writable[n] for n in dict.fromkeys(order) if n in writable and writable[n].widget != "json"}


def grouped(sections: shaping.Sections, drawn: list[fields.Field]) -> list[dict[str, Any]]:
    """The fields of a form under the headings of the sections."""
    by_name, named = {f.name: f for f in drawn}, {n for _label, some in sections for n in some}
    groups = [{"label": label, "fields": [by_name[n] for n in some if n in by_name]} for label, some in sections]
    rest = [f for f in drawn if f.name not in named]
    return [g for g in [*groups, {"label": _("Further fields"), "fields": rest}] if g["fields"]]


def _form(
    request: Any, rtype: RecordType, values: dict[str, Any], refused: Refused | None = None, **more: Any
) -> HttpResponse:
    """The form. One that nobody has sent yet was not refused, it says beforehand what would be."""
    sent = request.method == "POST"
    with tenancy.reading():
        kinds = form_kinds(request.scope, rtype)
        drawn = fields.fields(request.scope, kinds.values(), values, refused)
        ruled = _with_rules(request.scope, rtype, drawn, kinds, values)
        context = {
            "rtype": rtype,
            "ruled": ruled,
            "groups": grouped(shaping.sections_of(request.scope, rtype)[0], drawn),
            "drawn": drawn,
            "refused": refused,
            "begun": not sent,
            "next": came_from(request),
            **more,
        }
        status = refused.status if refused and sent else 200
        return render(request, "records/form.html", context, status=status)


def _with_rules(
    scope: Any, rtype: RecordType, drawn: list[fields.Field], kinds: dict[str, Kind], values: dict[str, Any]
) -> bool:
    """Tell each field its rule; whether there is any."""
    rules = shaping.rules_of(scope, rtype)
    if not rules:
        return False
    row = shaping.typed(rtype, {n: fields.plain_of(k, values.get(n)) for n, k in kinds.items()}, kinds)
    hidden, needed = shaping.states(scope, rtype, row)
    for one in drawn:
        if one.name in rules:
            one.help = " ".join(filter(None, [one.help, shaping.told(scope, rtype, one.name)]))
            one.away, one.needed = one.name in hidden, one.name in needed
    return True


@require_POST
@page
def shown(request: Any, slug: str) -> HttpResponse:
    """Which fields of a form do not apply, and which must be filled in, with what it holds now: for the script."""
    rtype = seen_type(request, slug)
    kinds = form_kinds(request.scope, rtype)
    values = _again(request, kinds)
    hidden, needed = shaping.states(request.scope, rtype, shaping.typed(rtype, values, kinds))
    return JsonResponse({"hidden": sorted(hidden), "needed": sorted(needed)})


@act
def new(request: Any, slug: str) -> HttpResponse:
    """Create a record."""
    rtype = by_slug(slug)
    if not request.scope.may(rtype, "create"):
        raise Forbidden("forbidden", _("You may not create this."))
    with tenancy.reading():
        kinds = form_kinds(request.scope, rtype)
    if request.method != "POST":
        return _form(request, rtype, _start(request, kinds), record=None)
    try:
        params = fields.sent(request.POST, kinds)
        if twins := _in_doubt(request, rtype, params):
            return _form(request, rtype, _again(request, kinds), record=None, similar=twins, doubtful=True)
        done = actions.run(request.actor, f"{rtype.key}.create", scope=request.scope, **params)
    except Refused as no:
        return _form(request, rtype, _again(request, kinds), no, record=None)
    say_done(request, _("%(title)s was created.") % {"title": done.record.title}, done.change_set)
    if request.POST.get("another"):
        return HttpResponseRedirect(reverse("new", args=[slug]))
    return back(request, reverse("record", args=[slug, done.record.pk]))


def _in_doubt(request: Any, rtype: RecordType, params: dict[str, Any]) -> list[Similar]:
    """Certain duplicates of what somebody is about to create, unless they said that it is somebody else."""
    with tenancy.reading():
        wish = rule_of(rtype).when_created if rtype.matching is not None else "warn"
        if wish == "warn" or (wish == "ask" and request.POST.get("somebody_else")):
            return []
        found = [one for one in similar(request.scope, rtype, params, limit=3) if one.certain]
    if found and wish == "refuse":
        raise duplicate(found)
    return found


def _start(request: Any, kinds: dict[str, Kind]) -> dict[str, Any]:
    """What a new form begins with: declared defaults, oneself as the owner, what the address says."""
    values: dict[str, Any] = {n: k.get_default() for n, k in kinds.items() if k.has_default()}  # type: ignore[attr-defined]
    if "owner" in kinds and request.actor.member:
        values["owner"] = request.actor.member
    return values | _asked(request, kinds)


def _asked(request: Any, kinds: dict[str, Kind]) -> dict[str, Any]:
    """What the address says that a form begins with."""
    given = {n: request.GET.getlist(n) for n in kinds if n in request.GET}
    return {n: some if isinstance(kinds[n], Links) else some[0] for n, some in given.items()}


def _again(request: Any, kinds: dict[str, Kind]) -> dict[str, Any]:
    """What was sent, as it was: nobody loses what they typed."""
    values: dict[str, Any] = {}
    for name, kind in kinds.items():
        try:
            values[name] = fields.value_sent(request.POST, kind)
        except Refused:
            values[name] = request.POST.get(name, "")
    return values


@act
def edit(request: Any, slug: str, record_id: UUID) -> HttpResponse:
    """Change a record; what the address says is filled in already, with what it would need besides."""
    with tenancy.reading():
        rtype = seen_type(request, slug)
        kinds = form_kinds(request.scope, rtype)
    try:
        return _edit(request, rtype, record_id, kinds)
    except Missing as no:
        return gone.kept(request, rtype, record_id, no, kinds, _again(request, kinds), whole=True)


def _edit(request: Any, rtype: RecordType, record_id: UUID, kinds: dict[str, Kind]) -> HttpResponse:
    with tenancy.reading():
        found = _led_on(request, rtype, record_id)
    if found.pk != record_id and request.method != "POST":
        return HttpResponseRedirect(reverse("edit", args=[rtype.slug, found.pk]))
    if request.method != "POST":
        if not request.scope.may(rtype, "change"):
            raise Forbidden("forbidden", _("You may not change this."))
        values, asked, key = {n: rtype.value(found, n) for n in kinds}, _asked(request, kinds), f"{rtype.key}.change"
        no = actions.would_refuse(request.actor, key, record_id, request.scope, asked) if asked else None
        return _form(request, rtype, values | asked, no, record=found, version=found.version)
    try:
        params = _decided(request, fields.sent(request.POST, kinds))
        saved = meeting.save_or_lead_on(request, rtype, record_id, version_of(request), params)
    except Refused as no:
        if gone.lost(no):
            raise
        return _form(request, rtype, _again(request, kinds), no, record=found, version=version_of(request))
    if saved.met is not None and saved.done is None:
        values = _again(request, kinds) | {n: rtype.value(saved.met.record, n) for n in saved.met.theirs}
        return _form(
            request, rtype, values, saved.refused, record=saved.met.record, version=saved.met.version,
            clashes=meeting.drawn(request.scope, saved.met), who=", ".join(saved.met.who),
        )  # fmt: skip
    say_done(request, saved.said(), saved.done.change_set if saved.done and saved.done.events else None)
    return back(request, reverse("record", args=[rtype.slug, saved.into or record_id]))


def _decided(request: Any, params: dict[str, Any]) -> dict[str, Any]:
    """Without the fields for which the page of a conflict chose what is stored (``take-<field>``)."""
    return {n: v for n, v in params.items() if request.POST.get(f"take-{n}") != "theirs"}


def _led_on(request: Any, rtype: RecordType, record_id: UUID) -> Any:
    """What is looked at may have become part of another record; what is sent is never meant for that one."""
    try:
        found = get(request.scope, rtype, record_id)
    except Missing:
        found = None
    gone = found is None or found.archived_at is not None
    now = stands_for(request.scope, rtype, record_id) if gone else None
    return get(request.scope, rtype, now or record_id) if now or found is None else found


def _names_of(scope: Any, kind: Kind, *values: Any) -> dict[UUID, Any]:
    if not isinstance(kind, Link | Links):
        return {}
    ids = {i for v in values for i in (v if isinstance(v, list) else [v]) if i is not None}
    return names(scope, ids, kind.to) if ids else {}


# -- any action ---------------------------------------------------------------------------------------------------


@act
def do(request: Any, slug: str, record_id: UUID, verb: str) -> HttpResponse:
    """Do something with one record: ask for what it needs, or do it at once where it needs nothing."""
    with tenancy.reading():
        rtype = seen_type(request, slug)
        act_ = action_of(rtype, verb)
    try:
        return _do(request, rtype, act_, record_id)
    except Missing as no:
        return gone.kept(request, rtype, record_id, no, act_.params, _again(request, act_.params))


def _do(request: Any, rtype: RecordType, act_: Action, record_id: UUID) -> HttpResponse:
    with tenancy.reading():
        found = get(request.scope, rtype, record_id)
    if request.method != "POST":
        return _ask(request, rtype, act_, found, {})
    try:
        params = fields.sent(request.POST, act_.params)
        done = actions.run(
            request.actor, act_.key, found.pk, version=version_of(request), scope=request.scope, **params
        )
    except Refused as no:
        if wants_json(request) or not act_.params or gone.lost(no):
            raise
        return _ask(request, rtype, act_, found, _again(request, act_.params), no)
    text = _("%(action)s: %(title)s") % {
        "action": act_.label,
        "title": rtype.title_for(done.record, request.scope.visible(rtype)),
    }
    if wants_json(request):
        undo = reverse("undo", args=[done.change_set]) if act_.undoable else ""
        return JsonResponse({"toast": text, "undo": undo, "version": done.record.version})
    say_done(request, text, done.change_set if act_.undoable and done.events else None)
    default = ("list", [rtype.slug]) if act_.verb == "archive" else ("record", [rtype.slug, found.pk])
    return back(request, reverse(default[0], args=default[1]))


def action_of(rtype: RecordType, verb: str) -> Action:
    """The action of an address; not the ones that have pages of their own."""
    found = actions.get(f"{rtype.key}.{verb}")
    if found.new or (found.basic and verb in ("change", "merge", "unmerge")):
        raise Missing("no_such_action", _("There is no such action."))
    return found


def _ask(
    request: Any, rtype: RecordType, act_: Action, found: Any, values: dict[str, Any], refused: Refused | None = None
) -> HttpResponse:
    with tenancy.reading():
        drawn = fields.fields(request.scope, act_.params.values(), values, refused)
        context = {
            "rtype": rtype,
            "action": act_,
            "record": found,
            "drawn": drawn,
            "refused": refused,
            "ids": [],
            "post": reverse("do", args=[rtype.slug, found.pk, act_.verb]),
            "next": came_from(request),
            "cancel": reverse("record", args=[rtype.slug, found.pk]),
        }
        return render(request, "records/do.html", context, status=refused.status if refused else 200)


# -- one field ----------------------------------------------------------------------------------------------------


@act
def one_field(request: Any, slug: str, record_id: UUID, name: str) -> HttpResponse:
    """One field of a record, in place: GET draws it, POST saves it and answers with the new look."""
    with tenancy.reading():
        rtype = seen_type(request, slug)
        kind = request.scope.writable(rtype).get(name)
        if kind is None:
            raise Missing("no_such_field", _("There is no such field."))
    try:
        return _one_field(request, rtype, record_id, kind)
    except Missing as no:
        return gone.kept(request, rtype, record_id, no, {name: kind}, _again(request, {name: kind}))


def _one_field(request: Any, rtype: RecordType, record_id: UUID, kind: Kind) -> HttpResponse:
    with tenancy.reading():
        found = get(request.scope, rtype, record_id)
        if request.method != "POST":
            return _draw_one(request, rtype, found, kind)
    params = {kind.name: fields.value_sent(request.POST, kind)}
    saved = meeting.save(request, rtype, record_id, version_of(request), params)
    done = saved.done
    if done is None:
        if not wants_json(request):
            raise saved.refused
        return _stored_meanwhile(request, rtype, record_id, kind, saved.refused)
    if not wants_json(request):
        say_done(request, _("Saved."), done.change_set if done.events else None)
        return back(request, reverse("record", args=[rtype.slug, record_id]))
    with tenancy.reading():
        return _saved_one(request, rtype, done, kind)


def _stored_meanwhile(request: Any, rtype: RecordType, record_id: UUID, kind: Kind, no: Conflict) -> HttpResponse:
    """A conflict in one field: what is stored now, and the version with which saving again overwrites it."""
    with tenancy.reading():
        found = get(request.scope, rtype, record_id)
        value = rtype.value(found, kind.name)
        known = _names_of(request.scope, kind, value)
        now = "" if value is None or kind.is_empty(value) else escape(cells.fact(kind, value, known)).striptags()
    message = _("Somebody changed this record meanwhile. Stored now: %(now)s. Save again to keep what you entered.")
    return JsonResponse(told(no) | {"message": message % {"now": now or "–"}, "version": found.version}, status=409)


def _draw_one(request: Any, rtype: RecordType, found: Any, kind: Kind) -> HttpResponse:
    [drawn] = fields.fields(request.scope, [kind], {kind.name: rtype.value(found, kind.name)}, prefix=f"i-{found.pk}")
    label = _("%(field)s of %(record)s") % {"field": drawn.label, "record": found.title}
    look: list[tuple[str, Any]] = [
        (value, cells.tag(text, getattr(kind, "tones", {}).get(value, ""))) for value, text in drawn.options
    ]
    if drawn.widget == "checkbox":
        look = [("1", _("yes")), ("0", _("no"))]
    menu = cells.edit_of(kind) == "menu"
    context = {
        "f": drawn,
        "label": label,
        "rtype": rtype,
        "record": found,
        "look": look,
        "menu": menu,
        "required": kind.required,
    }
    return fragment(request, "records/_field.html", context)


def _saved_one(request: Any, rtype: RecordType, done: actions.Done, kind: Kind) -> HttpResponse:
    value = rtype.value(done.record, kind.name)
    known = _names_of(request.scope, kind, value)
    if request.POST.get("cell"):
        shown = str(escape(cells.cell(kind, known)(value)))
    else:
        shown = str(props.value({"html": cells.fact(kind, value, known), "label": fields.label_of(kind)}))
    text = _("%(field)s changed.") % {"field": fields.label_of(kind)}
    undo = reverse("undo", args=[done.change_set]) if done.events else ""
    return JsonResponse({"html": shown, "version": done.record.version, "toast": text, "undo": undo})


# -- duplicates ---------------------------------------------------------------------------------------------------


@require_POST
@page
def look_similar(request: Any, slug: str) -> HttpResponse:
    """The warning of likely duplicates, for a form that is being filled in; ``?id=`` names the record it changes."""
    rtype = seen_type(request, slug)
    try:
        values = fields.sent(request.POST, form_kinds(request.scope, rtype))
    except Refused as no:
        return JsonResponse(told(no), status=no.status)
    given = request.GET.get("id", "")
    found = similar(request.scope, rtype, values, exclude=id_of(given) if given else None, limit=3)
    return fragment(request, "records/_similar.html", {"rtype": rtype, "similar": found})
