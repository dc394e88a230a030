"""Sales as a Django app."""

from django.apps import AppConfig


class SalesConfig(AppConfig):
    """Pipelines and deals, from interest to signature."""

    name = "klientel.sales"
    label = "sales"
