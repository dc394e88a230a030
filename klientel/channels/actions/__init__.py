"""What can be done with accounts, consents, forms, form responses, mails, VAT IDs and webhooks."""

from klientel.channels.actions import account, consent, form, leaving, mail, receiving, response, vatcheck, webhook

__all__ = ["account", "consent", "form", "leaving", "mail", "receiving", "response", "vatcheck", "webhook"]
