"""What can be done with consents, accounts and mails."""

from klientel.channels.actions import account, consent, mail

__all__ = ["account", "consent", "mail"]
