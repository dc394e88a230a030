"""Insights as a Django app."""

from django.apps import AppConfig


class InsightsConfig(AppConfig):
    """Exchange rates, sums and charts over the records of any domain."""

    name = "klientel.insights"
    label = "insights"
