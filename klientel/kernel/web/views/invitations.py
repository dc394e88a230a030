"""Bringing people in: invite, see what became of it, send again, withdraw."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.conf import settings
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from klientel.kernel import tenancy
from klientel.kernel.access import elevating
from klientel.kernel.actions.noting import WORKSPACE, note
from klientel.kernel.errors import Forbidden, Missing, Refused
from klientel.kernel.identity import invitations
from klientel.kernel.identity.models import LANGUAGES, Invitation
from klientel.kernel.kinds import Choice, Email, Kind, Link, Links, Text
from klientel.kernel.records import type_of
from klientel.kernel.web import fields
from klientel.kernel.web.answers import act, back, say_done
from klientel.kernel.web.invited import sent


def may_invite(request: Any) -> bool:
    """Whether this actor may bring in people."""
    return bool(request.scope.may(type_of("kernel.member"), "create"))


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
    """Invite somebody by mail; below stands what became of earlier invitations."""
    _guard(request)
    kinds, refused = invite_kinds(), None
    values: dict[str, Any] = {"language": request.tenant.language}
    if request.method == "POST":
        values = fields.sent(request.POST, kinds)
        try:
            _invite(request, {n: k.accept(values.get(n)) for n, k in kinds.items()})
            return HttpResponseRedirect(reverse("settings_invite"))
        except Refused as no:
            refused = no
    with tenancy.reading():
        context = {
            "drawn": fields.fields(request.scope, kinds.values(), values, refused),
            "refused": refused,
            "sent": sent(waiting=False),
        }
        return render(request, "settings/invite.html", context, status=refused.status if refused else 200)


def _guard(request: Any) -> None:
    if not may_invite(request):
        raise Forbidden("forbidden", _("You may not invite people."))


def _invite(request: Any, given: dict[str, Any]) -> None:
    _within_own_rights(request, given["roles"])
    parameters = {"team": str(given["team"]) if given["team"] else None, "roles": [str(r) for r in given["roles"]]}
    with tenancy.writing():
        made, text = invitations.create(
            tenant_id=request.tenant.pk,
            email=given["email"],
            name=given["name"],
            language=given["language"],
            invited_by=request.actor.ref,
            parameters=parameters,
        )
        _noted(request, "invited", made)
    _mail(request, made, text)
    say_done(request, _("%(email)s was invited.") % {"email": made.email})


def _within_own_rights(request: Any, roles: list[UUID]) -> None:
    with tenancy.reading():
        names = elevating.beyond(request.scope, roles)
    if names:
        raise elevating.refuse(names)


def _noted(request: Any, what: str, invitation: Invitation) -> None:
    note(
        request.actor,
        f"{WORKSPACE}.{what}",
        WORKSPACE,
        request.tenant.pk,
        parameters={"invitation": str(invitation.pk)},
        changes={"email": [None, invitation.email]},
        private=("email",),
    )


def _mail(request: Any, invitation: Invitation, text: str) -> None:
    invitations.send(invitation, text, settings.KLIENTEL_URL or request.build_absolute_uri("/"))


def _waiting(request: Any, invitation_id: UUID) -> Invitation:
    _guard(request)
    with tenancy.reading():
        found: Invitation | None = Invitation.objects.filter(
            pk=invitation_id, accepted_at=None, withdrawn_at=None
        ).first()
    if found is None:
        raise Missing("invitation_missing", _("There is no such invitation."))
    return found


@require_POST
@act
def resend(request: Any, invitation_id: UUID) -> HttpResponse:
    """Send an invitation once more, for its full time; the link sent before ends."""
    found = _waiting(request, invitation_id)
    _within_own_rights(request, [UUID(r) for r in found.parameters.get("roles") or ()])
    with tenancy.writing():
        again, text = invitations.renew(request.tenant.pk, invitation_id)
        _noted(request, "invited_again", again)
    _mail(request, again, text)
    say_done(request, _("The invitation was sent again to %(email)s.") % {"email": again.email})
    return back(request, reverse("settings_invite"))


@require_POST
@act
def withdraw(request: Any, invitation_id: UUID) -> HttpResponse:
    """Close an invitation."""
    found = _waiting(request, invitation_id)
    with tenancy.writing():
        invitations.withdraw(request.tenant.pk, invitation_id)
        _noted(request, "uninvited", found)
    say_done(request, _("The invitation was withdrawn."))
    return back(request, reverse("settings_invite"))
