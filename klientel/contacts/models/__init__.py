"""Who we deal with."""

from klientel.contacts.models.affiliation import Affiliation
from klientel.contacts.models.organisation import Organisation
from klientel.contacts.models.person import Person

__all__ = ["Affiliation", "Organisation", "Person"]
