"""The versions of a quote, two of them side by side."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from klientel.kernel.access.reading import get, visible_ids
from klientel.kernel.errors import Forbidden, Missing
from klientel.kernel.records import type_of
from klientel.kernel.web.answers import page
from klientel.sales.models import Quote
from klientel.sales.queries import comparing

KEY = "sales.quote"


@require_safe
@page
def compare(request: Any, record_id: UUID) -> HttpResponse:
    """A version beside the one before it, or beside the one asked for; only those the viewer sees are offered."""
    rtype, language = type_of(KEY), get_language() or "de"
    quote = get(request.scope, rtype, record_id)
    visible = request.scope.visible(rtype)
    if not {"positions", "net", "gross"} <= set(visible):
        raise Forbidden("forbidden", _("You may not see these records."))
    all_of_it = Quote.objects.filter(form=quote.form, year=quote.year, sequence=quote.sequence).order_by("revision")
    versions = [quote]
    if quote.sequence is not None:
        versions = list(all_of_it)
        seen = visible_ids(request.scope, rtype, [one.pk for one in versions])
        versions = [one for one in versions if one.pk in seen]
    other = _other(request.GET.get("with", ""), quote, versions)
    before, after = sorted((other, quote), key=lambda one: one.revision or 0)
    context = {
        "quote": quote, "before": before, "after": after, "versions": versions,
        "rows": comparing.lines(before, after, language), "labels": comparing.labels(),
        "sums": comparing.sums(before, after, language), "facts": comparing.facts(before, after, visible),
        "texts": comparing.texts(before, after, visible), "states": dict(rtype.fields["state"].options()),
    }  # fmt: skip
    return render(request, "sales/versions.html", context)


def _other(wanted: str, quote: Any, versions: list[Any]) -> Any:
    found = next((one for one in versions if str(one.pk) == wanted), None)
    if wanted and found is None:
        raise Missing("missing", _("There is no such record, or you may not see it."))
    before = [one for one in versions if one.revision < quote.revision]
    after = [one for one in versions if one.revision > quote.revision]
    return found or (before[-1] if before else after[0] if after else quote)
