"""From an entry of a timeline to the run that made it."""

from __future__ import annotations

from klientel.kernel.events import Event
from klientel.kernel.web import timeline
from klientel.kernel.web.addresses import place


def why(event: Event) -> str:
    """A run is the change set of what it writes."""
    return place("run_explained", event.change_set) if event.actor.startswith("workflow:") else ""


timeline.explained.append(why)
