"""Settings of a workspace: who works here and with which rights, own fields, tags, and the workspace itself."""

from __future__ import annotations

import zoneinfo
from typing import Any
from uuid import UUID

import orjson
from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from klientel.kernel import actions, tenancy
from klientel.kernel.access.reading import get, select
from klientel.kernel.errors import Forbidden, Refused, together
from klientel.kernel.identity import invitations
from klientel.kernel.identity.models import LANGUAGES, Invitation
from klientel.kernel.kinds import Choice, Email, Kind, Link, Links, Text
from klientel.kernel.records import RecordType, all_types, type_of
from klientel.kernel.tenancy.models import Tenant
from klientel.kernel.web import fields
from klientel.kernel.web.answers import act, page, say_done

#: record types that are settings, with a word about each
PARTS = (
    ("kernel.member", gettext_lazy("People who work here, their teams and roles")),
    ("kernel.team", gettext_lazy("The tree of teams")),
    ("kernel.role", gettext_lazy("Who may do what")),
    ("kernel.tag", gettext_lazy("Words to mark records with")),
    ("kernel.customfield", gettext_lazy("Fields of your own for every kind of record")),
    ("kernel.relationkind", gettext_lazy("How two records can belong together")),
    ("kernel.view", gettext_lazy("Saved lists, own and shared")),
)
ROLE = "kernel.role"


@page
def overview(request: Any) -> HttpResponse:
    """All settings on one page."""
    parts = []
    for key, note in PARTS:
        rtype = type_of(key)
        if request.scope.may(rtype, "view"):
            parts.append({"rtype": rtype, "note": note, "may_create": request.scope.may(rtype, "create")})
    waiting = []
    if may_invite(request):
        waiting = list(
            Invitation.objects.filter(accepted_at=None, withdrawn_at=None, expires_at__gt=timezone.now()).order_by(
                "email"
            )
        )
    return render(
        request,
        "settings/overview.html",
        {
            "parts": parts,
            "waiting": waiting,
            "may_invite": may_invite(request),
            "may_manage": may_manage(request),
        },
    )


def may_manage(request: Any) -> bool:
    """Whether this actor may change the workspace itself: who may change roles may anyway give it to themselves."""
    return bool(request.scope.may(type_of(ROLE), "change"))


def may_invite(request: Any) -> bool:
    """Whether this actor may bring in people."""
    return bool(request.scope.may(type_of("kernel.member"), "create"))


# -- the workspace ------------------------------------------------------------------------------------------------


def workspace_kinds() -> dict[str, Kind]:
    """The facts of a workspace, as kinds."""
    zones = [(z, z) for z in sorted(zoneinfo.available_timezones()) if "/" in z and not z.startswith("Etc")]
    kinds: list[Kind] = [
        Text(gettext_lazy("name"), name="name", required=True, max_length=200),
        Choice(gettext_lazy("language"), name="language", required=True, of=LANGUAGES),
        Choice(gettext_lazy("time zone"), name="time_zone", required=True, of=zones),
        Choice(gettext_lazy("currency"), name="currency", required=True, of=[(c, c) for c in fields.CURRENCIES]),
    ]
    return {k.name: k for k in kinds}


@act
def workspace(request: Any) -> HttpResponse:
    """Name, language, time zone and currency of the workspace."""
    if not may_manage(request):
        raise Forbidden("forbidden", _("You may not change the settings of this workspace."))
    kinds = workspace_kinds()
    values: dict[str, Any] = {n: getattr(request.tenant, n) for n in kinds}
    refused: Refused | None = None
    if request.method == "POST":
        values = fields.sent(request.POST, kinds)
        refused = _save_workspace(request, kinds, values)
        if refused is None:
            say_done(request, _("Saved."))
            return HttpResponseRedirect(reverse("settings"))
    with tenancy.reading():
        drawn = fields.fields(request.scope, kinds.values(), values, refused)
        return render(
            request, "settings/workspace.html", {"drawn": drawn, "refused": refused}, status=422 if refused else 200
        )


def _save_workspace(request: Any, kinds: dict[str, Kind], values: dict[str, Any]) -> Refused | None:
    accepted, refusals = {}, []
    for name, kind in kinds.items():
        try:
            accepted[name] = kind.accept(values.get(name))
        except Refused as no:
            refusals.append(no)
    if refusals:
        return together(refusals)
    with tenancy.writing():
        Tenant.objects.filter(pk=request.tenant.pk).update(**accepted)
    return None


# -- grants -------------------------------------------------------------------------------------------------------

VERBS = ("*", "view", "create", "change", "archive", "assign", "export")
WHERE = {
    "all": None,
    "own": {"field": "owner", "op": "is", "value": {"me": True}},
    "team": {"field": "owner.team", "op": "one_of", "value": [{"my_teams": True}]},
}


@act
def grants(request: Any, role_id: UUID) -> HttpResponse:
    """The grants of one role, a row each."""
    with tenancy.reading():
        role = get(request.scope, type_of(ROLE), role_id)
        rows = [_row(g) for g in role.grants]
    refused: Refused | None = None
    if request.method == "POST":
        rows = list(_sent_rows(request.POST))
        try:
            made = [_grant(r) for r in rows if r["record"] and not r["gone"]]
            version = request.POST.get("version", "")
            done = actions.run(
                request.actor,
                f"{ROLE}.change",
                role_id,
                scope=request.scope,
                grants=made,
                version=int(version) if version.isdigit() else None,
            )
            say_done(request, _("Saved."), done.change_set if done.events else None)
            return HttpResponseRedirect(reverse("settings_grants", args=[role_id]))
        except Refused as no:
            refused = no
    return _grants_page(request, role, rows, refused)


def _grants_page(request: Any, role: Any, rows: list[dict[str, Any]], refused: Refused | None) -> HttpResponse:
    with tenancy.reading():
        types = sorted(all_types(), key=lambda t: (t.system, str(t.plural)))
        context = {
            "role": role,
            "rows": rows,
            "refused": refused,
            "types": types,
            "verbs": _verbs(types),
            "wheres": [
                ("all", _("all records")),
                ("own", _("only own")),
                ("team", _("of my teams")),
                ("custom", _("by condition")),
            ],
            "holders": _holders(request, role.pk),
        }
        return render(request, "settings/grants.html", context, status=refused.status if refused else 200)


def _verbs(types: list[RecordType]) -> list[tuple[str, str]]:
    found = {"*": _("everything"), "view": _("see"), "export": _("export")}
    for rtype in types:
        for one in actions.actions_on(rtype):
            if one.needs not in found:
                found[one.needs] = str(one.label)
    return list(found.items())


def _holders(request: Any, role_id: UUID) -> list[Any]:
    where = {"field": "roles", "op": "contains_one", "value": [str(role_id)]}
    member = type_of("kernel.member")
    return select(request.scope, member, where=where, limit=50).rows if request.scope.may(member, "view") else []


def _row(grant: dict[str, Any]) -> dict[str, Any]:
    where = grant.get("where") or None
    named = next((k for k, v in WHERE.items() if v == where), "custom")
    return {
        "record": grant.get("record", ""),
        "verb": grant.get("verb", ""),
        "where": named,
        "condition": orjson.dumps(where).decode() if named == "custom" else "",
        "hidden": ", ".join(grant.get("hidden") or ()),
        "readonly": ", ".join(grant.get("readonly") or ()),
        "gone": False,
    }


def _sent_rows(data: Any) -> Any:
    parts = ("record", "verb", "where", "condition", "hidden", "readonly")
    indexes = dict.fromkeys(k.split("-")[1] for k in data if k.startswith("grant-") and k.count("-") == 2)
    for index in indexes:
        if index != "n":
            yield {p: data.get(f"grant-{index}-{p}", "").strip() for p in parts} | {
                "gone": f"grant-{index}-gone" in data
            }


def _grant(row: dict[str, Any]) -> dict[str, Any]:
    made: dict[str, Any] = {"record": row["record"], "verb": row["verb"] or "view"}
    where = WHERE.get(row["where"])
    if row["where"] == "custom":
        where = _condition(row["condition"])
    if where:
        made["where"] = where
    for part in ("hidden", "readonly"):
        if names := [n.strip() for n in row[part].split(",") if n.strip()]:
            made[part] = names
    return made


def _condition(text: str) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        raise Refused("bad_condition", _("This is not a condition we understand."), "grants") from None


# -- invitations --------------------------------------------------------------------------------------------------


def invite_kinds() -> dict[str, Kind]:
    """What an invitation asks."""
    kinds: list[Kind] = [
        Email(gettext_lazy("e-mail"), name="email", required=True),
        Text(gettext_lazy("name"), name="name", max_length=200),
        Choice(gettext_lazy("language"), name="language", required=True, of=LANGUAGES),
        Link("kernel.team", gettext_lazy("team"), name="team"),
        Links("kernel.role", gettext_lazy("roles"), name="roles"),
    ]
    return {k.name: k for k in kinds}


@act
def invite(request: Any) -> HttpResponse:
    """Invite somebody by mail."""
    if not may_invite(request):
        raise Forbidden("forbidden", _("You may not invite people."))
    kinds, refused = invite_kinds(), None
    values: dict[str, Any] = {"language": request.tenant.language}
    if request.method == "POST":
        values = fields.sent(request.POST, kinds)
        try:
            _send(request, {n: k.accept(values.get(n)) for n, k in kinds.items()})
            return HttpResponseRedirect(reverse("settings"))
        except Refused as no:
            refused = no
    with tenancy.reading():
        drawn = fields.fields(request.scope, kinds.values(), values, refused)
        return render(
            request, "settings/invite.html", {"drawn": drawn, "refused": refused}, status=422 if refused else 200
        )


def _send(request: Any, given: dict[str, Any]) -> None:
    parameters = {"team": str(given["team"]) if given["team"] else None, "roles": [str(r) for r in given["roles"]]}
    made, text = invitations.create(
        tenant_id=request.tenant.pk,
        email=given["email"],
        name=given["name"],
        language=given["language"],
        invited_by=request.actor.ref,
        parameters=parameters,
    )
    base = settings.KLIENTEL_URL or request.build_absolute_uri("/")
    invitations.send(made, text, base)
    messages.success(request, _("%(email)s was invited.") % {"email": given["email"]}, extra_tags="toast")


@require_POST
@act
def withdraw(request: Any, invitation_id: UUID) -> HttpResponse:
    """Close an invitation."""
    if not may_invite(request):
        raise Forbidden("forbidden", _("You may not invite people."))
    invitations.withdraw(request.tenant.pk, invitation_id)
    say_done(request, _("The invitation was withdrawn."))
    return HttpResponseRedirect(reverse("settings"))
