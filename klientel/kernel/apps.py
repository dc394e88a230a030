"""The kernel as a Django app."""

from __future__ import annotations

from importlib import import_module

from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules


class KernelConfig(AppConfig):
    """Declares all record types and finds every app's actions once the models are loaded."""

    name = "klientel.kernel"
    label = "kernel"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Declaration is registration: nothing is listed by hand."""
        import_module("klientel.kernel.records.types").declare_all()
        for storey in (
            "events.sealing",
            "merge.merging",
            "merge.unmerging",
            "files.storing",
            "files.jobs",
            "history.jobs",
            "actions.leaving",
            "actions.signing",
            "live.consumers",
            "live.digests",
            "identity.receivers",
            "identity.checks",
            "web.active",
            "web.account.joining",
            "transfer.exporting",
            "transfer.jobs",
            "trash.deleting",
            "trash.jobs",
            "twins.jobs",
            "api.upkeep",
        ):
            import_module(f"klientel.kernel.{storey}")
        autodiscover_modules("actions", "consumers", "jobs", "presets.imports")
