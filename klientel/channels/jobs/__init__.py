"""Work in the background: handing over what is in the outbox, asking about VAT IDs."""

from klientel.channels.jobs import sending, vies

__all__ = ["sending", "vies"]
