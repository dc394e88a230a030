"""Channels as a Django app."""

from importlib import import_module

from django.apps import AppConfig


class ChannelsConfig(AppConfig):
    """How we reach people, and whether we may: consents, the gate, accounts, the outbox."""

    name = "klientel.channels"
    label = "channels"

    def ready(self) -> None:
        """What becomes of consent can be asked of every import, what proves it of every erasure, what a workflow's
        mail needs of whoever activates it."""
        import_module("klientel.channels.queries.automated")
        import_module("klientel.channels.queries.foreseeing")
        import_module("klientel.channels.queries.proof")
