"""The page behind an invitation's link. Reading it changes nothing (scanners follow links); the button does.

The link's secret moves into the session at once, so that it stands in no later address, referrer or log line.
"""

from __future__ import annotations

from allauth.account.utils import perform_login
from allauth.core import ratelimit
from django.contrib import messages
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from klientel.kernel.errors import Refused
from klientel.kernel.identity import invitations
from klientel.kernel.identity.invitations import InvitationFacts
from klientel.kernel.identity.models import User
from klientel.kernel.web.account.forms import WelcomeForm
from klientel.kernel.web.account.joining import join
from klientel.kernel.web.account.pages import answer, private, tell
from klientel.kernel.web.middleware import SESSION_KEY

ARRIVED = "invitation"


@private
@require_GET
def arrive(request: HttpRequest, text: str) -> HttpResponse:
    """Somebody follows the link."""
    request.session[ARRIVED] = text
    return redirect("invitation")


@private
@require_http_methods(["GET", "POST"])
def invitation(request: HttpRequest) -> HttpResponse:
    """Greets the guest; a new one chooses a name and a password, a known one joins with one click."""
    limited: HttpResponse | None = ratelimit.consume_or_429(request, action="invitation")
    if limited is not None:
        return limited
    text = str(request.session.get(ARRIVED, ""))
    try:
        facts = invitations.facts(text)
    except Refused as refused:
        return _closed(request, refused)
    if request.user.is_authenticated or facts.has_login:
        return _known(request, text, facts)
    return _new(request, text, facts)


def _closed(request: HttpRequest, refused: Refused) -> HttpResponse:
    return render(request, "account/invitation_closed.html", {"refused": refused}, status=refused.status)


def _known(request: HttpRequest, text: str, facts: InvitationFacts) -> HttpResponse:
    user = request.user
    fits = isinstance(user, User) and user.email == facts.email
    if request.method == "POST" and isinstance(user, User):
        try:
            invitations.accept(text, user=user, join=join)
        except Refused as refused:
            return _closed(request, refused)
        _work_there(request, facts)
        messages.success(request, _("Welcome to %(name)s.") % {"name": facts.tenant_name})
        return redirect("/")
    context = {"facts": facts, "fits": fits, "signed_in": not isinstance(user, AnonymousUser)}
    return answer(request, "account/invitation_known.html", context)


def _new(request: HttpRequest, text: str, facts: InvitationFacts) -> HttpResponse:
    form = WelcomeForm(request.POST if request.method == "POST" else None, initial={"name": facts.name})
    if form.is_bound and form.is_valid():
        name, password = form.cleaned_data["name"], form.cleaned_data["password"]
        try:
            user = invitations.accept(text, name=name, password=password, join=join)
        except Refused as refused:
            tell(form, refused)
        else:
            return _sign_in(request, user, facts)
    return answer(request, "account/invitation_new.html", {"facts": facts}, form=form)


def _sign_in(request: HttpRequest, user: User, facts: InvitationFacts) -> HttpResponse:
    """A new login has just chosen its password and has no second factor yet, so it is signed in at once."""
    response: HttpResponse = perform_login(request, user, redirect_url="/")
    _work_there(request, facts)
    return response


def _work_there(request: HttpRequest, facts: InvitationFacts) -> None:
    request.session.pop(ARRIVED, None)
    request.session[SESSION_KEY] = facts.tenant_id.hex
