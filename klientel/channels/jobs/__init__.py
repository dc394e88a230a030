"""Work in the background: handing over what is in the outbox."""

from klientel.channels.jobs import sending

__all__ = ["sending"]
