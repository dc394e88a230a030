"""The PDF of a quote, to be read or sent."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _

from klientel.kernel.access.reading import get
from klientel.kernel.errors import Forbidden, Missing
from klientel.kernel.files.opening import open_file
from klientel.kernel.records import type_of
from klientel.kernel.web.answers import page
from klientel.lib.files import clean_name
from klientel.sales.models import Quote
from klientel.sales.queries.paper import paper

#: what stands on the paper
_ALL = {"positions", "net", "tax", "gross", "terms", "introduction", "salutation"}


@page
def pdf(request: Any, record_id: UUID) -> HttpResponse:
    """The quote as PDF; for whoever may see its lines."""
    rtype = type_of("sales.quote")
    quote = get(request.scope, rtype, record_id)
    if not set(request.scope.visible(rtype)) >= _ALL:
        raise Forbidden("forbidden", _("You may not see these records."))
    response = HttpResponse(_kept(request.scope, quote) or paper(request.scope, quote), content_type="application/pdf")
    name = clean_name(f"{quote.number}.pdf".replace("/", "-"))
    response["Content-Disposition"] = content_disposition_header(as_attachment=False, filename=name) or "inline"
    response["Cache-Control"] = "private, no-store"
    return response


def _kept(scope: Any, quote: Quote) -> bytes | None:
    """The paper as it was sent; nothing where it was not sent or may not be opened."""
    if quote.document is None:
        return None
    try:
        opened = open_file(scope, quote.document)
    except Missing:
        return None
    return opened.path.read_bytes() if opened.path else None
