"""Profile, sessions, workspaces and the QR code. The steps of signing in are allauth's own views (``urls``)."""

from __future__ import annotations

import re
from datetime import timedelta
from uuid import UUID

from allauth.account.forms import AddEmailForm
from allauth.account.models import EmailAddress
from allauth.decorators import rate_limit
from allauth.mfa.adapter import get_adapter as get_mfa_adapter
from allauth.mfa.totp.internal.auth import get_totp_secret
from allauth.usersessions.models import UserSession
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from klientel.kernel.errors import Missing, Refused
from klientel.kernel.identity import accounts
from klientel.kernel.identity.receivers import keep_only_this_session
from klientel.kernel.web.account import device, people
from klientel.kernel.web.account.forms import ProfileForm
from klientel.kernel.web.account.pages import answer, confirmed, members_only, tell
from klientel.kernel.web.middleware import SESSION_KEY

MINUTE = timedelta(minutes=1)
PROFILE_FIELDS = ("name", "language", "theme", "density", "single_keys")


@members_only
@require_GET
def account(_request: HttpRequest) -> HttpResponse:
    """The door of this room leads to the profile."""
    return redirect("account_profile")


@members_only
@require_http_methods(["GET", "POST"])
def profile(request: HttpRequest) -> HttpResponse:
    """Name, language, theme, row height, single-key shortcuts."""
    user = people.signed_in(request)
    if request.method == "GET":
        now = {field: getattr(user, field) for field in PROFILE_FIELDS}
        return answer(request, "account/profile.html", {}, form=ProfileForm(initial=now))
    form = ProfileForm(request.POST)
    if form.is_valid():
        try:
            accounts.set_preferences(user, **form.cleaned_data)
        except Refused as refused:
            tell(form, refused)
        else:
            with translation.override(user.language):
                messages.success(request, _("Saved."))
            return redirect("account_profile")
    return answer(request, "account/profile.html", {}, form=form)


@members_only
@require_http_methods(["GET", "POST"])
@confirmed(to_read=True)
@rate_limit(action="manage_email")  # type: ignore[untyped-decorator]
def email(request: HttpRequest) -> HttpResponse:
    """Ask for another address to sign in with; it counts once the link sent to it was opened."""
    user = people.signed_in(request)
    waiting = EmailAddress.objects.filter(user=user, verified=False)
    if "withdraw" in request.POST:
        waiting.delete()
        messages.success(request, _("Withdrawn. The link no longer works."))
        return redirect("account_email")
    form = AddEmailForm(user=user, data=request.POST if request.method == "POST" else None)
    form.fields["email"].label = _("New e-mail address")
    if request.method == "POST" and form.is_valid():
        waiting.delete()  # a link is signed for its row: one sent before must not confirm another address
        form.save(request)
        return redirect("account_email")
    return answer(request, "account/email_change.html", {"waiting": waiting.first()}, form=form)


@members_only
@require_GET
@confirmed(to_read=True)
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
    found = UserSession.objects.purge_and_list(people.signed_in(request))
    found.sort(key=lambda each: (not each.is_current(), -each.created_at.timestamp()))
    rows = [(each, device.of(each.user_agent), each.last_seen_at - each.created_at > MINUTE) for each in found]
    return answer(request, "account/sessions.html", {"sessions": rows})


def _end(request: HttpRequest) -> None:
    user = people.signed_in(request)
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
    return answer(request, "account/workspaces.html", {"workspaces": people.workspaces(request)})


@members_only
@require_POST
def change_workspace(request: HttpRequest, tenant_id: UUID) -> HttpResponse:
    """Work in another tenant from now on, in this session; 404 where one is no member of it."""
    found = next((each for each in people.workspaces(request) if each["id"] == tenant_id), None)
    if found is None:
        raise Missing("workspace_missing", _("There is no such workspace."))
    request.session[SESSION_KEY] = tenant_id.hex
    messages.success(request, _("You now work in %(name)s.") % {"name": found["name"]})
    return redirect("/")
