"""What is written down of mails and mailboxes for people to read, each of them in their own language."""

from __future__ import annotations

from klientel.kernel.errors import inscribed

LONGEST = 1000  # characters, in all languages together: of each, room for what a server says and a sentence around it


def said(why: object) -> str:
    """A sentence, or a refusal that has one, as it is written down; the other side's own words stay as they are."""
    return inscribed(getattr(why, "message", why), LONGEST)
