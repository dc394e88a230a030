"""What can be done with consents, accounts, mails and VAT IDs."""

from klientel.channels.actions import account, consent, mail, vatcheck

__all__ = ["account", "consent", "mail", "vatcheck"]
