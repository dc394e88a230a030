"""The portal as a Django app."""

from django.apps import AppConfig


class PortalConfig(AppConfig):
    """What customers see and do without a login."""

    name = "klientel.portal"
    label = "portal"
