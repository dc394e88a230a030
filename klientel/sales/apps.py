"""Sales as a Django app."""

from importlib import import_module

from django.apps import AppConfig


class SalesConfig(AppConfig):
    """Pipelines and deals, from interest to signature."""

    name = "klientel.sales"
    label = "sales"

    def ready(self) -> None:
        """Dashboards and files are declared."""
        for name in ("dashboards", "leadfiles", "mail", "products", "revenue"):
            import_module(f"klientel.sales.presets.{name}")
