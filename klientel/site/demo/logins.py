"""The passwords of the demo's people: made at random for this installation, kept in the home folder for its owner only.

A fixed password would be open to everybody who knows the source, as soon as somebody puts a demo behind an address.
"""

from __future__ import annotations

import json
import secrets
from pathlib import Path

from django.conf import settings

from klientel.kernel.identity import accounts
from klientel.kernel.identity.models import User
from klientel.site.demo.words_of import words
from klientel.site.postgres import write_private


def place() -> Path:
    """Where they are kept."""
    return Path(settings.KLIENTEL_HOME) / "demo" / "logins.json"


def known() -> list[dict[str, str]]:
    """The logins that were made before; none where the file is gone."""
    found: list[dict[str, str]] = json.loads(place().read_text(encoding="utf-8")) if place().exists() else []
    return found


def keep(logins: list[dict[str, str]]) -> None:
    """Write them down, readable by the owner of the home folder only."""
    place().parent.mkdir(parents=True, exist_ok=True)
    write_private(place(), json.dumps(logins, ensure_ascii=False, indent=1))


def password() -> str:
    """Easy to type, hard to guess: three of 70 words and six digits, some 38 bits, behind rate limits."""
    chosen = [secrets.choice([w for w in words("stems") if w.isascii()]) for _ in range(3)]
    return f"{'-'.join(chosen)}-{secrets.randbelow(10**6):06d}"


def account(email: str, name: str, language: str = "de") -> tuple[User, str]:
    """A login for somebody of the demo with a fresh password; one that is there already gets a new one."""
    word, user = password(), accounts.find(email)
    if user is None:
        return accounts.create(email, name=name, password=word, language=language), word
    accounts.set_password(user, word)
    return user, word
