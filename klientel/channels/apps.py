"""Channels as a Django app."""

from django.apps import AppConfig


class ChannelsConfig(AppConfig):
    """How we reach people, and whether we may: consents, the gate, accounts, the outbox."""

    name = "klientel.channels"
    label = "channels"
