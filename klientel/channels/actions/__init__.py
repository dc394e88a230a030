"""What can be done with consents, accounts, mails, VAT IDs and webhooks."""

from klientel.channels.actions import account, consent, mail, receiving, vatcheck, webhook

__all__ = ["account", "consent", "mail", "receiving", "vatcheck", "webhook"]
