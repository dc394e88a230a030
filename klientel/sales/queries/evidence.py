"""The document of an acceptance: who said yes to what, when, how, and to which bytes. Archivable (PDF/A-3b), tagged."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.utils import timezone, translation
from django.utils.translation import gettext as _

from klientel.kernel.files.papers import drawn_surely
from klientel.kernel.kinds import Date
from klientel.kernel.records import type_of
from klientel.sales.models import Quote, QuoteForm, quoting, telling
from klientel.sales.models.positions import OPTIONAL, replaceable
from klientel.sales.queries.paper import letterhead, said

TEMPLATE = Path(__file__).parents[1] / "templates" / "sales" / "evidence.typ"


@dataclass(frozen=True)
class Said:
    """How a quote was accepted: when (``at`` is when it was written down), by whom, and by which way.

    By link: the drawn signature if any, from where, by the link sent to whom. Told to a colleague: ``how``, on which
    day, who noted it, and what else was said.
    """

    at: dt.datetime
    name: str
    picture: bytes | None = None
    address: str = ""
    sent_to: str = ""
    share: str = ""
    how: Any = ""
    on: dt.date | None = None
    noted_by: str = ""
    note: str = ""


def evidence(scope: Any, quote: Quote, yes: Said) -> bytes:
    """The PDF, in the language and on the letterhead of the quote; the quote must be accepted already."""
    form = QuoteForm.of(quote)
    (look, files), language = letterhead(scope, form), quote.language or "de"
    letter = said(scope, quote, form)
    kept = type_of("kernel.file").model.objects.filter(pk=quote.document).first() if quote.document else None
    with translation.override(language):
        named = ("language", "region", "company", "sender", "footer", "number")
        content = {name: letter[name] for name in named} | look | {
            "title": _("Acceptance of quote %(number)s") % {"number": quote.number},
            "day": list(timezone.localtime(yes.at).timetuple()[:3]),
            "statement": _("%(who)s has accepted this quote in full, with the options named below.")
            % {"who": yes.name},
            "facts": [[label, value] for label, value in _facts(quote, yes, kept) if value],
            "options": _options(quote, language),
            "sums": telling.told(quote, quoting.agreed_positions(quote.positions, quote.chosen), language)["sums"],
            "signature": "signature.png" if yes.picture else "",
            "name": "" if yes.noted_by else yes.name,
            "words": {
                "page": _("Page"), "options": _("Options and alternatives"), "sums": _("Agreed"),
                "signature": _("Signature"),
                "drawn": _("Signature of %(who)s, drawn by hand") % {"who": yes.name},
                "typed": _("typed"),
            },
        }  # fmt: skip
    return drawn_surely(content, files | ({"signature.png": yes.picture} if yes.picture else {}), TEMPLATE)


def _facts(quote: Quote, yes: Said, kept: Any) -> list[tuple[str, str]]:
    return [
        (_("Quote"), f"{quote.number} – {quote.name}"),
        (_("Version"), str(quote.revision)),
        (_("Accepted by"), yes.name),
        (_("Said by the customer"), str(yes.how)),
        (_("On the day"), Date().show(yes.on)),
        (_("Noted by"), yes.noted_by),
        (_("Time"), timezone.localtime(yes.at).strftime("%d.%m.%Y %H:%M:%S %Z (UTC%z)")),
        (_("Note"), yes.note),
        (_("Link sent to"), yes.sent_to),
        (_("Number of the link"), yes.share),
        (_("IP address"), yes.address),
        (_("Signature"), "" if yes.noted_by else _("drawn by hand") if yes.picture else _("name typed")),
        (_("File of the quote"), kept.name if kept else ""),
        (_("Its SHA-256"), kept.digest if kept else ""),
    ]


def _options(quote: Quote, language: str) -> list[list[str]]:
    """Every option and alternative of the quote, and whether it was chosen, and in place of what."""
    told = telling.told(quote, quote.positions, language)["lines"]
    instead = replaceable(quote.positions)
    asked = [n for n, one in enumerate(quote.positions) if one.get("role") == OPTIONAL or n in instead]
    return [[told[n]["name"], told[n]["net"], _chosen(n, quote, told, instead)] for n in asked]


def _chosen(place: int, quote: Quote, told: list[dict[str, Any]], instead: dict[int, int]) -> str:
    if place not in quote.chosen:
        return _("not chosen")
    if place in instead:
        return _("chosen in place of “%(name)s”") % {"name": told[instead[place]]["name"]}
    return _("chosen")
