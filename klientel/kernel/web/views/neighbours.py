"""From a record to the next and the previous one of the list that one came from, under its filter and in its order.

The page of a record pays nothing for it: the list is known from the address the browser came from, and only who asks
for a neighbour has it looked for.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect, QueryDict
from django.utils.translation import gettext as _

from klientel.kernel.access.placing import cursor_at
from klientel.kernel.access.reading import select
from klientel.kernel.records import RecordType
from klientel.kernel.web.addresses import place
from klientel.kernel.web.answers import page
from klientel.kernel.web.listing import state_of, views_of
from klientel.kernel.web.views.lists import seen_type

LONGEST = 4000  # characters of a list's query that are remembered
LISTS = "lists"


def list_behind(request: Any, rtype: RecordType) -> str | None:
    """The query of the list this record was opened from, or none; remembered while one stays with this type."""
    known: dict[str, str] = request.session.get(LISTS, {})
    came = urlsplit(request.headers.get("Referer", ""))
    base = place("list", rtype.slug)
    if came.netloc == request.get_host() and came.path == base and "as_of=" not in came.query:
        found = came.query if len(came.query) <= LONGEST else None
    elif not came.netloc or came.path.startswith(base):
        return known.get(rtype.key)
    else:
        found = None
    if found != known.get(rtype.key):
        rest = {k: q for k, q in known.items() if k != rtype.key}
        request.session[LISTS] = rest if found is None else rest | {rtype.key: found}
    return found


@page
def neighbour(request: Any, slug: str, record_id: UUID, way: str) -> HttpResponse:
    """To the record ``after`` or ``before`` this one; at the end of the list back to it, with a word about that."""
    rtype, scope = seen_type(request, slug), request.scope
    query = QueryDict(request.session.get(LISTS, {}).get(rtype.key, ""))
    state = state_of(scope, rtype, query, views_of(scope, rtype))
    at = cursor_at(scope, rtype, record_id, state.sort)
    after, before = (at, None) if way == "after" else (None, at)
    found = select(scope, rtype, where=state.where, sort=state.sort, after=after, before=before, limit=1).rows
    if not found:
        text = _("This is the last record of the list.") if way == "after" else _("This is its first record.")
        messages.info(request, text, extra_tags="toast")
    return HttpResponseRedirect(place("list", slug) + f"{found[0].id if found else record_id}/")
