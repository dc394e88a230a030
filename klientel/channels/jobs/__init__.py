"""Work in the background: handing over what is in the outbox, fetching and reading mail, asking about VAT IDs, calling
other systems, telling browsers, keeping visits of people we know, forgetting what nobody confirmed."""

from klientel.channels.jobs import arriving, calling, fetching, forms, pushing, reading, sending, vies, visits

__all__ = ["arriving", "calling", "fetching", "forms", "pushing", "reading", "sending", "vies", "visits"]
