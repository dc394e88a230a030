"""Small settings of one's own interface, changed from anywhere; the whole form is a page of the account."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse, HttpResponseRedirect, JsonResponse
from django.urls import reverse

from klientel.kernel.identity import accounts
from klientel.kernel.web.answers import act, back, wants_json

CHOSEN = ("theme", "density", "language")


@act
def preferences(request: Any) -> HttpResponse:
    """Set theme, row height, language or single-key shortcuts."""
    if request.method != "POST":
        return HttpResponseRedirect(reverse("account_profile"))
    chosen: dict[str, Any] = {name: request.POST[name] for name in CHOSEN if name in request.POST}
    if "single_keys" in request.POST:
        chosen["single_keys"] = request.POST["single_keys"] == "on"
    accounts.set_preferences(request.user, name=request.user.name, **chosen)
    if wants_json(request):
        return JsonResponse({"saved": list(chosen)})
    return back(request, reverse("account_profile"))
