"""Privacy as a Django app."""

from django.apps import AppConfig


class PrivacyConfig(AppConfig):
    """Access report and erasure of one person."""

    name = "klientel.privacy"
    label = "privacy"
