"""Work in the background: handing over what is in the outbox, asking about VAT IDs, calling other systems, forgetting
what nobody confirmed."""

from klientel.channels.jobs import calling, forms, sending, vies

__all__ = ["calling", "forms", "sending", "vies"]
