"""API tokens of the member one works as: list, create (the secret is shown once), revoke."""

from __future__ import annotations

from uuid import UUID

from allauth.account.decorators import reauthentication_required
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from klientel.kernel.errors import Missing, Refused
from klientel.kernel.identity import tokens
from klientel.kernel.web.account.forms import TokenForm
from klientel.kernel.web.account.pages import answer, members_only, tell
from klientel.kernel.web.account.workspace import Membership, chosen, signed_in


@members_only
@require_http_methods(["GET", "POST"])
@reauthentication_required(allow_get=True, app="allauth.account")
def token_list(request: HttpRequest) -> HttpResponse:
    """All tokens, and the form for a new one; its secret stands only in the answer to that form."""
    here = _here(request)
    form = TokenForm(request.POST if request.method == "POST" else None)
    text = _create(request, here, form) if form.is_bound and form.is_valid() else None
    context = {
        "secret": text,
        "tokens": [(each, each.state(timezone.now())) for each in tokens.of_member(here.tenant_id, here.member_id)],
        "scopes": dict(tokens.SCOPES),
        "workspace": here,
    }
    return answer(request, "account/tokens.html", context, form=TokenForm() if text else form)


def _create(request: HttpRequest, here: Membership, form: TokenForm) -> str | None:
    try:
        _token, text = tokens.create(
            tenant_id=here.tenant_id, member_id=here.member_id, user=signed_in(request), **form.values()
        )
    except Refused as refused:
        tell(form, refused)
        return None
    return text


@members_only
@require_POST
def revoke(request: HttpRequest, token_id: UUID) -> HttpResponse:
    """End a token at once."""
    here = _here(request)
    tokens.revoke(here.tenant_id, here.member_id, token_id)
    messages.success(request, _("The token is revoked."))
    return redirect("account_tokens")


def _here(request: HttpRequest) -> Membership:
    here = chosen(request)
    if here is None:
        raise Missing("workspace_missing", _("You are not a member of any workspace."))
    return here
