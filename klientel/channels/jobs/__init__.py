"""Work in the background: handing over what is in the outbox, asking about VAT IDs, calling other systems."""

from klientel.channels.jobs import calling, sending, vies

__all__ = ["calling", "sending", "vies"]
