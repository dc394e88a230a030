"""Automation as a Django app."""

from importlib import import_module

from django.apps import AppConfig


class AutomationConfig(AppConfig):
    """Workflows: what starts them, what they ask, what they do, and why."""

    name = "klientel.automation"
    label = "automation"

    def ready(self) -> None:
        """What workflows did can be asked on every timeline, and what they would do of every import."""
        import_module("klientel.automation.views.why")
        import_module("klientel.automation.queries.foreseeing")
