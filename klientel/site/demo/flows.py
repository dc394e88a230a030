"""Workflows of the demo's company: usual cases, activated this morning, some started by hand."""

from __future__ import annotations

from functools import partial
from typing import Any
from uuid import UUID

from klientel.automation.queries.usual import USUAL, Preset
from klientel.kernel.actions import run
from klientel.kernel.records import type_of
from klientel.site.demo.past import Past
from klientel.site.demo.workspace import Workspace

ACTIVE = {"unanswered": 660, "ends": 650, "lost": 645, "overdue": 640}  # minutes ago
DRAFTS = ("accepted", "won")
BY_HAND = {  # started for so many: contracts whose renewal is talked about early, deals that were lost without a word
    "ends": ("sales.contract", {"state": "active"}),
    "lost": ("sales.deal", {"state": "lost", "reason_note": ""}),
}
SOME = 2


class Flows:
    """What happens by itself."""

    def __init__(self, space: Workspace, past: Past) -> None:
        self.space, self.past = space, past

    def plan(self) -> None:
        """They are activated before the leads of today come in."""
        for preset in USUAL:
            if preset.key in ACTIVE:
                self.past.on(self.past.ago(ACTIVE[preset.key]), partial(self.make, preset, active=True))
            elif preset.key in DRAFTS:
                self.past.on(self.past.ago(630), partial(self.make, preset))

    def make(self, preset: Preset, *, active: bool = False) -> None:
        """By whoever administers the workspace, with their rights."""
        actor = self.space.actor("katrin")
        values: dict[str, Any] = {
            "name": str(preset.name),
            "purpose": str(preset.purpose),
            "definition": preset.definition(),
        }
        flow = run(actor, "automation.workflow.create", **values).record
        if active:
            run(actor, "automation.workflow.activate", flow.pk)
        if preset.key in BY_HAND:
            self.past.on(self.past.ago(25), partial(self.start, flow.pk, *BY_HAND[preset.key]))

    def start(self, flow: UUID, on: str, which: dict[str, str]) -> None:
        """For some records, where the demo has any."""
        some = type_of(on).model.objects.filter(archived_at=None, **which).order_by("-id")
        records = [str(pk) for pk in some.values_list("pk", flat=True)[:SOME]]
        if records:
            run(self.space.actor("katrin"), "automation.workflow.start", flow, records=records)
