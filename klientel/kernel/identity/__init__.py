"""Who is there: logins, invitations, API tokens, and the actor that passes everywhere."""

from klientel.kernel.identity.actor import Actor, Grant

__all__ = ["Actor", "Grant"]
