"""What all pages of this room share: their answers are never kept, and a refused form says 422."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from functools import wraps
from typing import Any

from allauth.account.decorators import reauthentication_required
from django.contrib.auth.decorators import login_required
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.cache import add_never_cache_headers
from django.views.decorators.debug import sensitive_post_parameters

from klientel.kernel import tenancy
from klientel.kernel.errors import Refused
from klientel.kernel.web.answers import answers

View = Callable[..., HttpResponse]


def private(view: View) -> View:
    """A page that no cache keeps, whose refused form answers 422, and whose input stays out of error reports."""

    @wraps(view)
    @sensitive_post_parameters()
    def page(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        response = answers(view)(request, *args, **kwargs)
        if isinstance(response, TemplateResponse) and not response.is_rendered:
            _render(request, response)
        add_never_cache_headers(response)
        return response

    return page


def members_only(view: View) -> View:
    """A private page for who is signed in; everybody else is led to the sign-in and back."""
    return private(login_required(view))


def confirmed(*, to_read: bool) -> Callable[[View], View]:
    """Ask for the password or a code once more, unless that was done within the last minutes."""

    def guarded(view: View) -> View:
        asked: View = reauthentication_required(view, allow_get=not to_read, app="allauth.account")
        return asked

    return guarded


def _render(request: Any, response: TemplateResponse) -> None:
    """Render now, so that the frame around the page may read the tenant's tables."""
    form = (response.context_data or {}).get("form")
    if response.status_code == 200 and isinstance(form, Form) and form.is_bound and form.errors:
        response.status_code = 422
    with tenancy.reading() if getattr(request, "tenant", None) else nullcontext():
        response.render()


def answer(request: HttpRequest, template: str, context: dict[str, Any], *, form: Form | None = None) -> HttpResponse:
    """A page of this room; ``private`` renders it."""
    return TemplateResponse(request, template, {**context, "form": form})


def tell(form: Form, refused: Refused) -> None:
    """Put a refusal and those it carries where they belong in the form."""
    for each in refused.all():
        known = each.field is not None and each.field in form.fields
        form.add_error(each.field if known else None, str(each.message))
