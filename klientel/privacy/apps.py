"""Privacy as a Django app."""

from importlib import import_module

from django.apps import AppConfig


class PrivacyConfig(AppConfig):
    """Access report and erasure of one person."""

    name = "klientel.privacy"
    label = "privacy"

    def ready(self) -> None:
        """Deletions are proven in the ledger."""
        deletions = import_module("klientel.privacy.deletions")
        import_module("klientel.kernel.trash.deleting").told.append(deletions.prove)
