"""The page on which the lines of a quote, or the products of a deal, are written; without scripts it works too, with
them sums follow what is typed."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from klientel.kernel import actions, tenancy
from klientel.kernel.access.reading import get
from klientel.kernel.errors import Forbidden, Refused
from klientel.kernel.records import by_slug, type_of
from klientel.kernel.web.answers import act, say_done, version_of, wants_json
from klientel.sales.models import QuoteForm, quoting, telling
from klientel.sales.models.positions import ROLES, SECTION
from klientel.sales.models.taxing import TAXES
from klientel.sales.views import typed
from klientel.sales.views.typed import Row

KEY = "sales.quote"
BLANKS = 3


@act
def lines(request: Any, record_id: UUID, slug: str) -> HttpResponse:
    """Show, work out, move or save the lines."""
    rtype, language = by_slug(slug), get_language() or "de"
    with tenancy.reading():
        quote = get(request.scope, rtype, record_id)
        if not request.scope.may(rtype, "change") or "positions" not in request.scope.writable(rtype):
            raise Forbidden("forbidden", _("You may not change this."))
        if rtype.key == KEY and quote.state != quoting.DRAFT:
            return HttpResponseRedirect(reverse("record", args=[rtype.slug, record_id]))
        if request.method != "POST":
            return _page(request, quote, typed.rows_of(quote.positions or [], language))
        rows = typed.rows_sent(request.POST)
        if unfold := request.POST.get("unfold"):
            typed.fill_in(request.scope, quote, rows, language)
            rows = typed.unfolded(request.scope, rows, unfold, language)
        typed.fill_in(request.scope, quote, rows, language)
        quote.discount, share = _share(request, language)
        if wants_json(request):
            return _live(quote, rows, language)
        if not request.POST.get("save"):
            return _page(request, quote, _with_new(request, rows), share=share)
    kept = [row for row in rows if not typed.is_blank(row)]
    values: dict[str, Any] = {"positions": typed.positions_of(kept, language)}
    if "discount" in rtype.fields:
        values["discount"] = share or None
    try:
        done = actions.run(
            request.actor, f"{rtype.key}.change", record_id, version=version_of(request), scope=request.scope, **values
        )
    except Refused as no:
        with tenancy.reading():
            return _page(request, quote, kept, no, share=share)
    say_done(request, _("Saved."), done.change_set if done.events else None)
    return HttpResponseRedirect(reverse("record", args=[rtype.slug, record_id]))


def _share(request: Any, language: str) -> tuple[Any, str]:
    """The discount on all, as a number where it is one, and as it is to be saved."""
    found = typed.positions_of([{"discount": request.POST.get("discount", "").strip()}], language)[0]
    share = found.get("discount", "")
    try:
        return type_of(KEY).fields["discount"].accept(share or None), share
    except Refused:
        return None, share


def _with_new(request: Any, rows: list[Row]) -> list[Row]:
    """The rows, and one more where a button asked for it."""
    if request.POST.get("add") == SECTION:
        filled = [row for row in rows if not typed.is_blank(row)]
        return [*filled, typed.blank(_next(rows), SECTION)]
    return rows


def _next(rows: list[Row]) -> int:
    return max((int(row["key"]) for row in rows), default=-1) + 1


def _worked_out(quote: Any, rows: list[Row], language: str) -> tuple[dict[str, Any] | None, Refused | None]:
    """What the rows come to, or why they cannot be added up."""
    kept = [row for row in rows if not typed.is_blank(row)]
    try:
        accepted = type_of(quote).fields["positions"].accept(typed.positions_of(kept, language)) or []
        form = QuoteForm.of(quote)
        return telling.told(quote, quoting.with_rates(accepted, form), language), None
    except Refused as no:
        return None, no


def _errors(refused: Refused | None, rows: list[Row]) -> dict[str, str]:
    """Sentences by the name of the input they belong to."""
    kept = [row for row in rows if not typed.is_blank(row)]
    found = {}
    for one in refused.all() if refused else ():
        word, _dot, rest = (one.field or "").partition(".")
        place, _dot, part = rest.partition(".")
        if word == "positions" and place.isdigit() and int(place) < len(kept):
            found[f"line-{kept[int(place)]['key']}-{part}"] = str(one.message)
        else:
            found[one.field or ""] = str(one.message)
    return found


def _nets(rows: list[Row], told: dict[str, Any] | None) -> dict[str, str]:
    kept = [row["key"] for row in rows if not typed.is_blank(row)]
    return {key: one["net"] for key, one in zip(kept, told["lines"], strict=True)} if told else {}


def _live(quote: Any, rows: list[Row], language: str) -> HttpResponse:
    """For the script: what was filled in, what each row comes to, the sums, and what is wrong."""
    told, refused = _worked_out(quote, rows, language)
    names = ("name", "text", "unit", "price", "tax", "number", "quantity", "filled", "auto")
    return JsonResponse(
        {
            "rows": {row["key"]: {name: row.get(name, "") for name in names} for row in rows},
            "nets": _nets(rows, told),
            "sums": render_to_string("sales/_sums.html", {"told": told}) if told else "",
            "errors": _errors(refused, rows),
        }
    )


def _page(
    request: Any, quote: Any, rows: list[Row], refused: Refused | None = None, *, share: str | None = None
) -> HttpResponse:
    language = get_language() or "de"
    told, wrong = _worked_out(quote, rows, language)
    shown = list(rows)
    first = _next(rows)
    while sum(typed.is_blank(row) for row in shown) < (BLANKS if rows else BLANKS + 1):
        shown.append(typed.blank(first))
        first += 1
    stored = telling.figure(quote.discount, language) if quote.discount else ""
    context = {
        "quote": quote,
        "at": reverse("record", args=[type_of(quote).slug, quote.pk]),
        "has_discount": "discount" in type_of(quote).fields,
        "rows": shown,
        "names": typed.titles(request.scope, shown),
        "bundled": typed.bundled(shown),
        "told": told,
        "nets": _nets(rows, told),
        "errors": _errors(refused or (wrong if request.method == "POST" else None), rows),
        "refused": refused,
        "share": request.POST.get("discount", "") if share is not None else stored,
        "version": request.POST.get("version") or quote.version,
        "roles": ROLES,
        "taxes": TAXES,
        "combo": reverse("options", args=["sales.product"]),
    }
    return render(request, "sales/lines.html", context, status=refused.status if refused else 200)
