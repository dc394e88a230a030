"""Search: the page, the palette's answers while typing, and the options of a link."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.http import HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext as _
from markupsafe import escape

from klientel.kernel.access.reading import names, select
from klientel.kernel.errors import Forbidden
from klientel.kernel.records import RecordType, type_of
from klientel.kernel.search.finding import Hit, find
from klientel.kernel.web import cells, shell, symbols
from klientel.kernel.web.addresses import urlencoded
from klientel.kernel.web.answers import fragment, page

LONGEST = 200
IN_PALETTE = 8
ON_PAGE = 50
OPTIONS = 12


@dataclass(frozen=True)
class Found:
    """A record that was found, ready to be shown."""

    title: str
    url: str
    type: RecordType

    @property
    def label(self) -> str:
        """The word for what it is."""
        return str(self.type.label)


def shown(hits: list[Hit]) -> list[Found]:
    """Hits with their addresses and what they are."""
    types = {key: type_of(key) for key in {h.type for h in hits}}
    return [Found(h.title, cells.record_url(h.type, h.id), types[h.type]) for h in hits]


def asked(request: Any) -> str:
    """What somebody searches for, of a sensible length."""
    return " ".join(request.GET.get("q", "").replace("\x00", "").split())[:LONGEST]


@page
def search(request: Any) -> HttpResponse:
    """All hits on a page, by type where one was chosen."""
    text, types = asked(request), shell.shell_of(request).types
    chosen = next((t for t in types if t.slug == request.GET.get("type")), None)
    hits = find(request.scope, text, types=[chosen] if chosen else None, limit=ON_PAGE) if text else []
    context = {"text": text, "found": shown(hits), "types": types, "chosen": chosen, "full": len(hits) == ON_PAGE}
    return render(request, "search.html", context)


@page
def palette(request: Any) -> HttpResponse:
    """The records of the palette: hits, or the last ones opened while nothing is typed."""
    text = asked(request)
    found = shown(find(request.scope, text, limit=IN_PALETTE)) if text else recent(request)
    more = f"{reverse('search')}?{urlencoded({'q': text})}" if text and len(found) == IN_PALETTE else ""
    heading = _("Results") if text else _("Last opened")
    response = HttpResponse(_options(heading, found, more) if found else "")
    patch_vary_headers(response, ["X-Requested-With", "HX-Request"])
    return response


@page
def places(request: Any) -> HttpResponse:
    """Where the palette leads without a search: asked for when it is first opened, as most pages never open it."""
    return fragment(request, "_places.html", {})


def _options(heading: str, found: list[Found], more: str) -> str:
    """The palette's options. Written in Python and not in a template: they are asked for at every key."""
    rows = [
        f'<div role="option" id="pf-{n}" aria-selected="false" data-href="{escape(one.url)}">'
        f'{cells.face(one.type, one.title)}<span class="trunc">{escape(one.title)}</span>'
        f'<span class="end">{escape(one.label)}</span></div>\n'
        for n, one in enumerate(found, 1)
    ]
    if more:
        rows.append(
            f'<div role="option" id="pf-more" aria-selected="false" data-href="{escape(more)}">'
            f'{symbols.icon("search")}<span class="trunc">{escape(_("Show all results"))}</span></div>'
        )
    head = f'<div class="head" id="palette-found">{escape(heading)}</div>\n'
    return f'<div role="group" aria-labelledby="palette-found">{head}{"".join(rows)}</div>'


def recent(request: Any, limit: int = 6) -> list[Found]:
    """The records somebody opened last and may still see; one statement per type among them."""
    mine = [(key, UUID(record_id)) for key, record_id in request.session.get("opened", [])][:limit]
    by_type: dict[str, set[UUID]] = {}
    for key, record_id in mine:
        by_type.setdefault(key, set()).add(record_id)
    known = {i: n for key, ids in by_type.items() for i, n in names(request.scope, ids, key).items()}
    return shown([Hit(i, key, known[i].title, 0) for key, i in mine if i in known])


@page
def options(request: Any, key: str) -> HttpResponse:
    """Records to choose from for a link, while typing."""
    text = asked(request)
    if key == "any":
        hits = find(request.scope, text, limit=OPTIONS) if text else []
        items = [{"id": h.id, "title": h.title, "sub": str(type_of(h.type).label)} for h in hits]
        return JsonResponse({"items": items})
    rtype = type_of(key)
    if not request.scope.may(rtype, "view"):
        raise Forbidden("forbidden", _("You may not see these records."))
    return JsonResponse({"items": _of_type(request, rtype, text)})


def _of_type(request: Any, rtype: RecordType, text: str) -> list[dict[str, Any]]:
    if text and not rtype.system:
        return [{"id": h.id, "title": h.title} for h in find(request.scope, text, types=[rtype], limit=OPTIONS)]
    rows = select(request.scope, rtype, limit=200 if text else OPTIONS).rows
    wanted = text.casefold()
    return [{"id": r.id, "title": r.title} for r in rows if wanted in r.title.casefold()][:OPTIONS]
