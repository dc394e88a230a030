"""Work as a Django app."""

from django.apps import AppConfig


class WorkConfig(AppConfig):
    """Notes, tasks, calls and meetings."""

    name = "klientel.work"
    label = "work"
