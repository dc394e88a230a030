"""Channels as a Django app."""

from importlib import import_module

from django.apps import AppConfig


class ChannelsConfig(AppConfig):
    """How we reach people, and whether we may: consents, the gate, accounts, the outbox."""

    name = "klientel.channels"
    label = "channels"

    def ready(self) -> None:
        """What becomes of consent can be asked of every import, and what proves it of every erasure."""
        import_module("klientel.channels.queries.foreseeing")
        import_module("klientel.channels.queries.proof")
