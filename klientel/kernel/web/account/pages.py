"""What all pages of this room share: their answers are never kept, and a refused form says 422."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth.decorators import login_required
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.response import TemplateResponse
from django.utils.cache import add_never_cache_headers
from django.views.decorators.debug import sensitive_post_parameters

from klientel.kernel.errors import Refused

View = Callable[..., HttpResponse]


def private(view: View) -> View:
    """A page that no cache keeps, whose refused form answers 422, and whose input stays out of error reports."""

    @wraps(view)
    @sensitive_post_parameters()
    def page(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        response = view(request, *args, **kwargs)
        if isinstance(response, TemplateResponse) and response.status_code == 200 and _was_refused(response):
            response.status_code = 422
        add_never_cache_headers(response)
        response.headers["Referrer-Policy"] = "same-origin"
        return response

    return page


def members_only(view: View) -> View:
    """A private page for who is signed in; everybody else is led to the sign-in and back."""
    return private(login_required(view))


def _was_refused(response: TemplateResponse) -> bool:
    form = (response.context_data or {}).get("form")
    return isinstance(form, Form) and form.is_bound and bool(form.errors)


def answer(request: HttpRequest, template: str, context: dict[str, Any], *, form: Form | None = None) -> HttpResponse:
    """A page; 422 where its form was refused."""
    refused = form is not None and form.is_bound and bool(form.errors)
    return render(request, template, {**context, "form": form}, status=422 if refused else 200)


def tell(form: Form, refused: Refused) -> None:
    """Put a refusal and those it carries where they belong in the form."""
    for each in refused.all():
        known = each.field is not None and each.field in form.fields
        form.add_error(each.field if known else None, str(each.message))
