"""API tokens of the member one works as: list, create (the secret is shown once), revoke."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from klientel.kernel.actions.noting import token_noted
from klientel.kernel.errors import Refused
from klientel.kernel.identity import tokens
from klientel.kernel.tenancy import inside, writing
from klientel.kernel.web.account import people
from klientel.kernel.web.account.forms import TokenForm
from klientel.kernel.web.account.pages import answer, confirmed, members_only, tell


@members_only
@require_http_methods(["GET", "POST"])
@confirmed(to_read=False)
def token_list(request: HttpRequest) -> HttpResponse:
    """All tokens, and the form for a new one; its secret stands only in the answer to that form."""
    tenant_id, member_id, workspace = people.membership(request)
    form = TokenForm(request.POST if request.method == "POST" else None)
    text = _create(request, form) if form.is_bound and form.is_valid() else None
    now = timezone.now()
    feed = text and form.cleaned_data["scope"] in (tokens.CALENDAR, tokens.BUSY)
    context = {
        "secret": text,
        "feed": request.build_absolute_uri(reverse("calendar_feed", args=[text])) if feed else "",
        "tokens": [(each, each.state(now)) for each in tokens.of_member(tenant_id, member_id)],
        "scopes": dict(tokens.SCOPES),
        "workspace": workspace,
    }
    return answer(request, "account/tokens.html", context, form=TokenForm() if text else form)


def _create(request: HttpRequest, form: TokenForm) -> str | None:
    tenant_id, member_id, _workspace = people.membership(request)
    user = people.signed_in(request)
    try:
        with inside(tenant_id), writing():
            made, text = tokens.create(tenant_id=tenant_id, member_id=member_id, user=user, **form.values())
            token_noted(people.acting(request), "token_made", made)
    except Refused as refused:
        tell(form, refused)
        return None
    return text


@members_only
@require_POST
def revoke(request: HttpRequest, token_id: UUID) -> HttpResponse:
    """End a token at once."""
    tenant_id, member_id, _workspace = people.membership(request)
    with inside(tenant_id), writing():
        token_noted(people.acting(request), "token_ended", tokens.revoke(tenant_id, member_id, token_id))
    messages.success(request, _("The token is revoked."))
    return redirect("account_tokens")
