"""What other CRMs call the stages of deals: which stage of ours each means.

Words for the ends are those that exports use in German and English. For the way there, the usual stages of Salesforce,
HubSpot and Pipedrive with the probabilities that these have there as delivered (Pipedrive has none: by their order);
such a stage means our open one of the nearest probability.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from klientel.kernel.access.granting import ActorScope
from klientel.kernel.access.reading import visible_ids
from klientel.kernel.records import type_of
from klientel.lib.words import fold
from klientel.sales.models import Pipeline, Stage
from klientel.sales.models.holding import LOST, OPEN, WON

_WON = frozenset(("won", "closed won", "win", "deal won", "gewonnen", "abgeschlossen gewonnen", "geschlossen gewonnen",
                  "auftrag", "auftrag erhalten", "beauftragt", "erfolgreich", "success", "successful"))  # fmt: skip
_LOST = frozenset(("lost", "closed lost", "loss", "deal lost", "verloren", "abgeschlossen verloren",
                   "geschlossen verloren", "abgelehnt", "abgesagt", "absage", "rejected", "abandoned", "cancelled",
                   "canceled", "no sale", "failed", "erfolglos"))  # fmt: skip
_OPEN = frozenset(("open", "offen", "in progress", "in arbeit", "in bearbeitung", "laufend", "active", "aktiv"))
_USUAL = {
    "new": 0, "neu": 0, "lead": 0, "lead in": 5, "idea": 5, "prospect": 10, "prospecting": 10, "akquise": 10,
    "qualified": 10, "qualification": 10, "qualifizierung": 10, "qualifiziert": 10, "contact made": 15,
    "kontakt hergestellt": 15, "discovery": 20, "needs analysis": 20, "bedarfsanalyse": 20,
    "appointment scheduled": 20, "termin vereinbart": 20, "engaging": 30, "needs defined": 30, "qualified to buy": 40,
    "demo scheduled": 40, "demo": 40, "value proposition": 50, "solution": 50, "id decision makers": 60,
    "decision makers": 60, "presentation scheduled": 60, "prasentation geplant": 60, "proposal made": 60,
    "proposal": 65, "quote": 65, "quote sent": 65, "angebot": 65, "angebot erstellt": 65, "angebot gesendet": 65,
    "perception analysis": 70, "proposal price quote": 75, "proposal quote": 75, "decision maker bought in": 80,
    "negotiations started": 80, "negotiation": 85, "verhandlung": 85, "negotiation review": 90, "contract sent": 90,
    "vertrag gesendet": 90, "commit": 90, "verbal": 90,
}  # fmt: skip
_BRACKETS, _SIGNS = re.compile(r"\s*\([^)]*\)\s*$"), re.compile(r"[\W_]+")


def _plain(text: str) -> str:
    """A word without signs and without what stands in brackets behind it: "Closed Won (Sales Pipeline)"."""
    return _SIGNS.sub(" ", fold(_BRACKETS.sub("", text))).strip()


def outcome(text: str) -> str:
    """How a deal stands by a word for it (``won``, ``lost``, ``open``); empty for other words."""
    word = _plain(text)
    return WON if word in _WON else LOST if word in _LOST else OPEN if word in _OPEN else ""


def status(text: str, texts: dict[str, Any]) -> None:
    """A column that says how a deal ended beside the stage that it ended in: what ended is where it ended.

    That it is open says no stage; other words are those of stages.
    """
    end = outcome(text)
    if end in (WON, LOST) or (not end and not texts.get("stage")):
        texts["stage"] = text


def closed(text: str, texts: dict[str, Any]) -> None:
    """A column that says when a deal was closed: it counts before the day that was expected."""
    texts["expected_close"] = text


def stages(scope: ActorScope, rows: Sequence[tuple[str, Mapping[str, Any]]]) -> list[UUID | None]:
    """The stage that the text of each row means in the row's pipeline, else in that for new deals."""
    order = "-standard", "position", "id"
    pipelines = list(Pipeline.objects.filter(archived_at=None).order_by(*order).values_list("pk", flat=True))
    found = list(Stage.objects.filter(archived_at=None, pipeline__in=pipelines).order_by("position", "id"))
    seen = visible_ids(scope, type_of("sales.stage"), [one.pk for one in found])
    of = {p: [one for one in found if one.pipeline == p and one.pk in seen] for p in pipelines}
    return [_stage(text, of, values.get("pipeline")) for text, values in rows]


def _stage(text: str, of: dict[UUID, list[Stage]], pipeline: UUID | None) -> UUID | None:
    ways = [pipeline] if pipeline else list(of)
    named = [one for way in ways for one in of.get(way, ()) if fold(one.name) == fold(text)]
    if named:
        return UUID(str(named[0].pk))
    here, end = of.get(ways[0], []) if ways else [], outcome(text)
    open_ones = [one for one in here if one.outcome == OPEN]
    if end:
        meant = open_ones if end == OPEN else [one for one in here if one.outcome == end]
    else:
        likely = _USUAL.get(_plain(text))
        meant = [] if likely is None else sorted(open_ones, key=lambda one: abs((one.probability or 0) - likely))
    return UUID(str(meant[0].pk)) if meant else None
