"""Settings of fields: what there is, when each must be filled in and applies, its choices; and the layouts of roles."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _

from klientel.kernel import actions, tenancy
from klientel.kernel.access.reading import get, select
from klientel.kernel.errors import Forbidden, Missing, Refused
from klientel.kernel.kinds import Choice, Choices, Country, Kind, Language
from klientel.kernel.records import RecordType, by_slug, type_of
from klientel.kernel.records.custom import shapes_of
from klientel.kernel.records.models import TONES
from klientel.kernel.web import builder, shaping
from klientel.kernel.web.answers import act, page, say_done
from klientel.kernel.web.fields import label_of
from klientel.kernel.web.ordering import moved
from klientel.lib import words

RULE, FIELD, LAYOUT = "kernel.fieldrule", "kernel.customfield", "kernel.layout"
PARTS = ("de", "en", "tone", "retired")


def _allowed(request: Any, slug: str) -> RecordType:
    rtype = by_slug(slug)
    if rtype.system or not request.scope.may(type_of(RULE), "change"):
        raise Forbidden("forbidden", _("You may not change the fields of this workspace."))
    return rtype


@page
def fields_of(request: Any, slug: str) -> HttpResponse:
    """All fields of a record type, each with what a rule says of it."""
    rtype = _allowed(request, slug)
    rows = {r.values["name"]: r.id for r in _own_fields(request, rtype)}
    shown = [
        {
            "name": name,
            "label": label_of(kind),
            "kind": _kind_label(kind),
            "told": shaping.told(request.scope, rtype, name),
            "custom": rows.get(name),
            "url": reverse("settings_field", args=[slug, name]) if _open(kind) else "",
        }
        for name, kind in rtype.fields.items()
        if not kind.readonly or kind.computed
    ]
    types = sorted((t for t in _types() if t.group and not (t.system or t.tie)), key=lambda t: str(t.plural).casefold())
    context = {"rtype": rtype, "fields": shown, "types": types, "layouts": _layouts(request, rtype)}
    return render(request, "settings/fields.html", context)


def _types() -> list[RecordType]:
    return [type_of(k) for k, _label in type_of(FIELD).fields["record_type"].options()]


def _layouts(request: Any, rtype: RecordType) -> list[Any]:
    where = {"field": "record_type", "op": "is", "value": rtype.key}
    return select(request.scope, type_of(LAYOUT), columns=("active",), where=where).rows


def _own_fields(request: Any, rtype: RecordType, name: str = "") -> list[Any]:
    parts: list[Any] = [{"field": "record_type", "op": "is", "value": rtype.key}]
    if name:
        parts.append({"field": "name", "op": "is", "value": name})
    columns = ("name", "kind", "choices", "roll_by", "roll_where")
    return select(request.scope, type_of(FIELD), columns=columns, where={"all": parts}, limit=500).rows


def _kind_label(kind: Kind) -> str:
    known = dict(type_of(FIELD).fields["kind"].options())
    if kind.computed:
        return known["formula" if type(getattr(kind, "recipe", None)).__name__ == "Formula" else "roll_up"]
    several = {"emails": _("E-mail"), "phones": _("Phone"), "addresses": _("Address")}
    return several.get(kind.key) or known.get(kind.key, kind.key)


def _open(kind: Kind) -> bool:
    """Whether there is anything to set for a field beside its declaration."""
    return not kind.computed or type(getattr(kind, "recipe", None)).__name__ == "RollUp"


@act
def field(request: Any, slug: str, name: str) -> HttpResponse:
    """One field: when it must be filled in, when it applies, its choices; of a roll-up, what it counts."""
    with tenancy.reading():
        rtype = _allowed(request, slug)
        kind = rtype.fields.get(name)
        if kind is None or not _open(kind):
            raise Missing("no_such_field", _("There is no such field."))
        own = next(iter(_own_fields(request, rtype, name)), None)
        asked = _asked(request, rtype, kind, own)
        choices = _choices(rtype, kind, own)
        rule = shapes_of(request.tenant.pk).rules.get(rtype.key, {}).get(kind.name)
    reason = rule.reason if rule is not None else ""
    refused: Refused | None = None
    if request.method == "POST":
        reason = request.POST.get("reason", "")
        with tenancy.reading():
            taken = {n: builder.sent(request.scope, t, request.POST, n) for n, (t, _json, _label) in asked.items()}
        choices = list(_rows(request.POST)) if choices is not None else None
        refused = next((t.refused for t in taken.values() if t.refused), None)
        if not any(t.pressed for t in taken.values()) and refused is None:
            try:
                made = {n: t.json for n, t in taken.items()} | {"reason": reason}
                return _save(request, rtype, name, own, made, choices)
            except Refused as no:
                refused = no
        parts = {n: t.part for n, t in taken.items()}
        refused = None if any(t.pressed for t in taken.values()) else refused
    else:
        with tenancy.reading():
            parts = {n: builder.of(request.scope, t, json, n) for n, (t, json, _l) in asked.items()}
    with tenancy.reading():
        asks = [{"label": asked[n][2], "type": asked[n][0], "part": part} for n, part in parts.items()]
        context = {"rtype": rtype, "kind": kind, "label": label_of(kind), "asks": asks, "choices": choices,
                   "tones": TONES, "reason": reason, "demands": "required_when" in asked,
                   "refused": refused}  # fmt: skip
        return render(request, "settings/field.html", context, status=refused.status if refused else 200)


Asked = dict[str, tuple[RecordType, Any, str]]


def _asked(request: Any, rtype: RecordType, kind: Kind, own: Any) -> Asked:
    """The conditions of a field: by name the type they are about, what they say now, and their heading."""
    if kind.computed:
        source = type_of(own.values["roll_by"].rpartition(".")[0])
        return {"roll_where": (source, own.values["roll_where"] or None, _("Count only these records"))}
    rule = shapes_of(request.tenant.pk).rules.get(rtype.key, {}).get(kind.name)
    asked: Asked = {"visible_when": (rtype, rule and rule.visible_when, _("Applies only when"))}
    if not kind.required:
        asked = {"required_when": (rtype, rule and rule.required_when, _("Must be filled in when")), **asked}
    return asked


def _choices(rtype: RecordType, kind: Kind, own: Any) -> list[dict[str, str]] | None:
    """The values of a choice with their labels in both languages; nothing where they cannot be changed."""
    if not isinstance(kind, Choice | Choices) or isinstance(kind, Country | Language) or callable(kind.of):
        return None
    listed = own.values["choices"] if own else shapes_of(tenancy.current()).choices.get((rtype.key, kind.name))
    if not listed:
        listed = [
            [k, _in("de", label), _in("en", label), getattr(kind, "tones", {}).get(k, "")] for k, label in kind.of
        ]
    return [
        dict(zip(("key", *PARTS), [*one, "", "", "", ""][:5], strict=True)) | {"place": str(n * 10)}
        for n, one in enumerate(listed, 1)
    ]


def _in(language: str, label: Any) -> str:
    with translation.override(language):
        return str(label)


def _rows(data: Any) -> Iterator[dict[str, str]]:
    """The rows of choices as sent, in the order of their numbers; rows without a label are gone."""
    found: dict[str, dict[str, str]] = {}
    for key in data:
        if key.startswith("choice-") and key.count("-") == 2:
            _word, n, part = key.split("-")
            if n != "n" and part in (*PARTS, "key", "place"):
                found.setdefault(n, dict.fromkeys((*PARTS, "key", "place"), ""))[part] = data[key].strip()
    rows = [r for r in found.values() if r["de"]]
    return iter(sorted(rows, key=lambda r: float(r["place"]) if r["place"].isdigit() else 10_000))


def _save(
    request: Any, rtype: RecordType, name: str, own: Any, made: dict[str, Any], choices: list[dict[str, str]] | None
) -> HttpResponse:
    listed = [
        [r["key"] or words.fold(r["de"]).replace(" ", "_")[:60], r["de"], r["en"] or r["de"], r["tone"],
         "retired" if r["retired"] else ""] for r in choices or ()
    ]  # fmt: skip
    changed: dict[str, Any] = {"roll_where": made["roll_where"] or {}} if "roll_where" in made else {}
    if own and choices is not None:
        changed["choices"], listed = listed, []
    if changed:
        actions.run(request.actor, f"{FIELD}.change", own.id, scope=request.scope, **changed)
    if "visible_when" in made:
        _save_rule(request, rtype, name, made, listed)
    say_done(request, _("Saved."))
    return HttpResponseRedirect(reverse("settings_fields", args=[rtype.slug]))


def _save_rule(request: Any, rtype: RecordType, name: str, made: dict[str, Any], listed: list[Any]) -> None:
    with tenancy.reading():
        where = {"all": [{"field": "record_type", "op": "is", "value": rtype.key},
                         {"field": "field", "op": "is", "value": name}]}  # fmt: skip
        rule = next(iter(select(request.scope, type_of(RULE), where=where).rows), None)
    values: dict[str, Any] = {n: made.get(n) or {} for n in ("required_when", "visible_when")}
    values["choices"], values["reason"] = listed, made["reason"] if values["required_when"] else ""
    if rule is None and any(values.values()):
        facts: dict[str, Any] = {"record_type": rtype.key, "field": name, **values}
        actions.run(request.actor, f"{RULE}.create", scope=request.scope, **facts)
    elif rule is not None and any(values.values()):
        actions.run(request.actor, f"{RULE}.change", rule.id, scope=request.scope, **values)
    elif rule is not None:
        actions.run(request.actor, f"{RULE}.archive", rule.id, scope=request.scope)


# -- layouts --------------------------------------------------------------------------------------------------------


@act
def layout(request: Any, layout_id: UUID) -> HttpResponse:
    """The sections of a layout, each with its fields in order; a button may move one before anything is kept."""
    with tenancy.reading():
        found = get(request.scope, type_of(LAYOUT), layout_id)
        rtype = type_of(found.record_type)
    heads, rows = _placed(found.sections or _declared(rtype), rtype)
    refused: Refused | None = None
    if request.method == "POST":
        heads, rows = _sent_layout(request.POST, rtype)
    if request.method == "POST" and "move" not in request.POST:
        try:
            done = actions.run(
                request.actor, f"{LAYOUT}.change", layout_id, scope=request.scope, sections=_sections(heads, rows)
            )
            say_done(request, _("Saved."), done.change_set if done.events else None)
            return HttpResponseRedirect(reverse("settings_fields", args=[rtype.slug]))
        except Refused as no:
            refused = no
    with tenancy.reading():
        context = {"rtype": rtype, "layout": found, "heads": heads, "rows": rows, "refused": refused}
        return render(request, "settings/layout.html", context, status=refused.status if refused else 200)


def _declared(rtype: RecordType) -> list[dict[str, Any]]:
    return [{"de": _in("de", h), "en": _in("en", h), "fields": list(some)} for h, some in rtype.sections]


def _placed(sections: list[dict[str, Any]], rtype: RecordType) -> tuple[list[dict[str, str]], list[dict[str, Any]]]:
    heads = [{"de": s["de"], "en": s.get("en", "")} for s in sections] + [{"de": "", "en": ""}] * 2
    at = {name: n for n, section in enumerate(sections, 1) for name in section.get("fields") or ()}
    rest = [n for n, k in rtype.fields.items() if n not in at and (not k.readonly or k.computed)]
    return heads, [_row(rtype, name, at.get(name, 0)) for name in (*at, *rest) if name in rtype.fields]


def _row(rtype: RecordType, name: str, section: int) -> dict[str, Any]:
    kind = rtype.fields[name]
    return {"name": name, "label": label_of(kind), "section": section, "required": kind.required and not kind.readonly}


def _sent_layout(data: Any, rtype: RecordType) -> tuple[list[dict[str, str]], list[dict[str, Any]]]:
    """Headings and fields as sent. A heading counts as a step: over it a field enters the section beside its own."""
    heads = [{"de": d.strip(), "en": e.strip()} for d, e in zip(data.getlist("de"), data.getlist("en"), strict=False)]
    order = [*range(1, len(heads) + 1), 0]
    sent = [
        (n, int(s) if s.isdigit() and int(s) in order else 0)
        for n, s in zip(data.getlist("field"), data.getlist("section"), strict=False)
        if n in rtype.fields
    ]
    flat = [one for k in order for one in (f"#{k}", *(n for n, s in sent if s == k))]
    rows, section = [], order[0]
    for one in moved(flat, data.get("move", "")):
        if one.startswith("#"):
            section = int(one[1:])
        else:
            rows.append(_row(rtype, one, section))
    return heads, rows


def _sections(heads: list[dict[str, str]], rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    made = []
    for n, head in enumerate(heads, 1):
        some = [r["name"] for r in rows if r["section"] == n]
        if head["de"] or some:
            made.append({**head, "fields": some})
    return made
