"""Events: the append-only memory that timeline, audit, undo, rules and live pages read."""

from klientel.kernel.events.consumers import consumer, on_wake
from klientel.kernel.events.event import Event, read, standing_on, storing, timeline, write

__all__ = ["Event", "consumer", "on_wake", "read", "standing_on", "storing", "timeline", "write"]
