"""Profile, sessions, workspace and the QR code. The steps of signing in are allauth's own views (``urls``)."""

from __future__ import annotations

import re
from uuid import UUID

from allauth.account.decorators import reauthentication_required
from allauth.mfa.adapter import get_adapter as get_mfa_adapter
from allauth.mfa.totp.internal.auth import get_totp_secret
from allauth.usersessions.models import UserSession
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from klientel.kernel.errors import Missing, Refused
from klientel.kernel.identity import accounts
from klientel.kernel.identity.receivers import keep_only_this_session
from klientel.kernel.web.account import device
from klientel.kernel.web.account.forms import ProfileForm
from klientel.kernel.web.account.pages import answer, members_only, tell
from klientel.kernel.web.account.workspace import choose, chosen, memberships, signed_in

PROFILE_FIELDS = ("name", "language", "theme", "density", "single_keys")


@members_only
@require_http_methods(["GET", "POST"])
def profile(request: HttpRequest) -> HttpResponse:
    """Name, language, theme, row height, single-key shortcuts."""
    user = signed_in(request)
    if request.method == "GET":
        return answer(request, "account/profile.html", {}, form=ProfileForm(initial=_preferences(user)))
    form = ProfileForm(request.POST)
    if form.is_valid():
        try:
            accounts.set_preferences(user, **form.cleaned_data)
        except Refused as refused:
            tell(form, refused)
        else:
            messages.success(request, _("Saved."))
            return redirect("account_profile")
    return answer(request, "account/profile.html", {}, form=form)


def _preferences(user: object) -> dict[str, object]:
    return {field: getattr(user, field) for field in PROFILE_FIELDS}


@members_only
@require_GET
@reauthentication_required(app="allauth.mfa")
def totp_qr(request: HttpRequest) -> HttpResponse:
    """The QR code of the seed that is being set up, as a picture of its own (the page allows no inline ones)."""
    adapter = get_mfa_adapter()
    svg = adapter.build_totp_svg(adapter.build_totp_url(request.user, get_totp_secret()))
    return HttpResponse(svg, content_type="image/svg+xml")


@members_only
@require_http_methods(["GET", "POST"])
def sessions(request: HttpRequest) -> HttpResponse:
    """Where one is signed in; end one session or all others."""
    if request.method == "POST":
        _end(request)
        return redirect("usersessions_list")
    found = UserSession.objects.purge_and_list(signed_in(request))
    found.sort(key=lambda each: (not each.is_current(), -each.created_at.timestamp()))
    rows = [(each, device.of(each.user_agent)) for each in found]
    return answer(request, "account/sessions.html", {"sessions": rows})


def _end(request: HttpRequest) -> None:
    user = signed_in(request)
    which = request.POST.get("session", "")
    if which == "others":
        keep_only_this_session(request, user)
        messages.success(request, _("All other sessions are signed out."))
        return
    mine = UserSession.objects.filter(user=user)
    known = mine.filter(pk=int(which)).first() if re.fullmatch("[0-9]{1,18}", which) else None
    if known is None:
        raise Missing("session_missing", _("This session has already ended."))
    if known.is_current():
        raise Refused("session_current", _("This is the session you are using. Sign out to end it."))
    known.end()
    messages.success(request, _("The session is signed out."))


@members_only
@require_GET
def workspaces(request: HttpRequest) -> HttpResponse:
    """The tenants one is a member of, to change between them."""
    mine = memberships(request)
    here = chosen(request)
    return answer(request, "account/workspaces.html", {"memberships": mine, "here": here})


@members_only
@require_POST
def change_workspace(request: HttpRequest, tenant_id: UUID) -> HttpResponse:
    """Work in another tenant from now on, in this session."""
    choose(request, tenant_id)
    return redirect("/")


@members_only
@require_GET
def account(_request: HttpRequest) -> HttpResponse:
    """The door of this room leads to the profile."""
    return redirect(reverse("account_profile"))
