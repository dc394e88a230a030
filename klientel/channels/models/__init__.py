"""How we reach people, and what says that we may."""

from klientel.channels.models.account import Account, Secret
from klientel.channels.models.consent import Consent, Purpose, Wording
from klientel.channels.models.mail import Mail
from klientel.channels.models.outbox import Delivery, DomainRate, Rate
from klientel.channels.models.suppression import Suppression, SuppressionKey
from klientel.channels.models.template import Template
from klientel.channels.models.vatcheck import VatCheck
from klientel.channels.models.webhook import HookSecret, Webhook, WebhookCall

__all__ = [
    "Account",
    "Consent",
    "Delivery",
    "DomainRate",
    "HookSecret",
    "Mail",
    "Purpose",
    "Rate",
    "Secret",
    "Suppression",
    "SuppressionKey",
    "Template",
    "VatCheck",
    "Webhook",
    "WebhookCall",
    "Wording",
]
