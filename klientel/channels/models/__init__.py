"""How we reach people, and what says that we may."""

from klientel.channels.models.account import Account, Secret
from klientel.channels.models.consent import Consent, Purpose, Wording
from klientel.channels.models.folder import Fetched, Folder, Mailbox, Position
from klientel.channels.models.form import Form, FormDay, FormVersion
from klientel.channels.models.mail import Body, Mail, Reference
from klientel.channels.models.outbox import Delivery, DomainRate, Rate
from klientel.channels.models.push import PushChoice, PushLetter, PushPlace
from klientel.channels.models.response import Confirmation, Pace, Response
from klientel.channels.models.signature import Signature
from klientel.channels.models.site import Hit, Site, Visit, Visitor
from klientel.channels.models.suppression import Suppression, SuppressionKey
from klientel.channels.models.template import Template
from klientel.channels.models.vatcheck import VatCheck
from klientel.channels.models.webhook import HookSecret, HookSeen, Webhook, WebhookCall

__all__ = [
    "Account",
    "Body",
    "Confirmation",
    "Consent",
    "Delivery",
    "DomainRate",
    "Fetched",
    "Folder",
    "Form",
    "FormDay",
    "FormVersion",
    "Hit",
    "HookSecret",
    "HookSeen",
    "Mail",
    "Mailbox",
    "Pace",
    "Position",
    "Purpose",
    "PushChoice",
    "PushLetter",
    "PushPlace",
    "Rate",
    "Reference",
    "Response",
    "Secret",
    "Signature",
    "Site",
    "Suppression",
    "SuppressionKey",
    "Template",
    "VatCheck",
    "Visit",
    "Visitor",
    "Webhook",
    "WebhookCall",
    "Wording",
]
