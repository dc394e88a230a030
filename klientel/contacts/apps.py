"""Contacts as a Django app."""

from django.apps import AppConfig


class ContactsConfig(AppConfig):
    """Persons, organisations and how they belong together."""

    name = "klientel.contacts"
    label = "contacts"
