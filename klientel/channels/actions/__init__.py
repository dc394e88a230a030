"""What can be done with accounts, consents, forms, form responses, mails, VAT IDs, visits of websites and webhooks."""

from klientel.channels.actions import (
    account,
    consent,
    form,
    leaving,
    mail,
    receiving,
    response,
    vatcheck,
    visit,
    webhook,
)

__all__ = ["account", "consent", "form", "leaving", "mail", "receiving", "response", "vatcheck", "visit", "webhook"]
