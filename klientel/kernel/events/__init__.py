"""Events: the append-only memory that timeline, audit, undo, rules and live pages read."""

from klientel.kernel.events.event import Event, read, timeline, write

__all__ = ["Event", "read", "timeline", "write"]
