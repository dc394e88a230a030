"""What is known around a piece of mails: copies, what we sent, conversations, people; asked for all of them at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from klientel.channels.models import Mail
from klientel.channels.queries import landing, threads
from klientel.channels.queries.mailboxes import Claimed, Outcome, copies, key_of
from klientel.channels.queries.mime import is_ours
from klientel.lib.emails import email_key


@dataclass(frozen=True)
class Letter:
    """A message that was read: its row, what it says, the folder it lies in; whether we wrote it."""

    row: Claimed
    told: dict[str, Any]
    folder: Any
    outgoing: bool
    from_us: bool  # by any of our accounts


def letter(row: Claimed, told: dict[str, Any], account: Any, folder: Any, own: set[str]) -> Letter:
    """A message that was read; ``own`` are the addresses of our accounts."""
    sender = email_key(told["sender"][1])
    return Letter(row, told, folder, folder.direction == "out" or sender == email_key(account.address), sender in own)


class Surroundings:
    """What is known around mails of one account; grows by each of them that is going to be written."""

    def __init__(self, letters: Sequence[Letter], account: Any, own: set[str]) -> None:
        self.own = own
        ours = [one for letter in letters for one in _ours(letter.told)]
        sent = [letter.told["message_id"] for letter in letters if _may_be_sent(letter)]
        rows = {m.message_ref: m for m in Mail.objects.filter(message_ref__in=[*ours, *sent], direction="out")}
        self._originals = rows
        self._sent = {ref: m.pk for ref, m in rows.items() if m.account == account.pk}
        self.joined: dict[UUID, UUID] = {}  # conversations that turned out to be part of others
        self._copies = copies(account.pk, [letter.row.digest for letter in letters])
        named = [r for one in letters for r in (one.told["message_id"], *one.told["answers"])]
        self._threads = threads.known([*named, *ours])
        self._heads = landing.heads(self._threads.values())
        self.known = landing.known(a for one in letters for _n, a in self.others(one))
        people = (*self.known.persons.values(), *self.known.organisations.values())
        self._going_on = landing.going_on(who for some in people for who in some)

    def add(self, letter: Letter, mail: UUID, thread: UUID, concerns: list[UUID], references: list[str]) -> None:
        """A mail that is going to be written: those behind it in the piece find it."""
        told = letter.told
        self._copies.setdefault(letter.row.digest, mail)
        if letter.outgoing and told["message_id"]:
            self._sent.setdefault(told["message_id"], mail)
        for one in (told["message_id"], *references):
            if one:
                self._threads.setdefault(key_of(one), thread)
        begun = self._heads.get(thread, (told["subject"], []))[0]
        self._heads[thread] = (told["subject"] if begun is None else begun, concerns)

    def here_already(self, letter: Letter) -> Outcome | None:
        """A copy in another folder, or what we sent ourselves and find in the mailbox."""
        if (copy := self._copies.get(letter.row.digest)) is not None:
            return "double", copy, ""
        sent = self._sent.get(letter.told["message_id"]) if _may_be_sent(letter) else None
        return None if sent is None else ("own", sent, "")

    def original(self, told: dict[str, Any]) -> Any:
        """The mail of ours that a bounce, a complaint or an automatic reply tells of, where our signature shows it."""
        return next((self._originals[one] for one in _ours(told) if one in self._originals), None)

    def others(self, letter: Letter) -> list[tuple[str, str]]:
        """Names and addresses that are not ours: who wrote, or was written to, first."""
        told = letter.told
        written = [*told["to"], *told["cc"]] if letter.outgoing else [told["sender"], *told["to"], *told["cc"]]
        if told["sort"] in ("bounce", "complaint"):
            written = [("", one["address"]) for one in told["failures"]]
        return [(name, address) for name, address in written if address and email_key(address) not in self.own]

    def person(self, others: Sequence[tuple[str, str]]) -> UUID | None:
        """The person a mail is from, or to; of several with one address nobody knows which."""
        found = (self.known.persons.get(email_key(address), []) for _name, address in others)
        return next((some[0] for some in found if len(some) == 1), None)

    def thread(self, ident: str, references: Sequence[str], subject: str, *, answer: bool) -> UUID | None:
        """The conversation that a mail goes on, if any: by what it answers (the nearest first), else by answers to it
        that came before it. Where both lead somewhere, they are one from now on."""
        keys = [key_of(one) for one in references if one]
        found = next((self._threads[key] for key in keys if key in self._threads), None)
        if found is not None and not answer and not threads.goes_on(self._begun(found), subject):
            found = None
        after = self._threads.get(key_of(ident)) if ident else None
        if after is not None and not threads.answered_in(self._begun(after), subject):
            after = None
        if found is not None and after is not None and found != after:
            self._join(after, found)
        return found or after

    def _begun(self, thread: UUID) -> str | None:
        return self._heads.get(thread, (None, []))[0]

    def _join(self, one: UUID, other: UUID) -> None:
        self._threads |= {key: other for key, thread in self._threads.items() if thread == one}
        self.joined |= {key: other for key, thread in self.joined.items() if thread == one} | {one: other}
        concerns = [*self.earlier(other), *self.earlier(one)]
        self._heads[other] = (self._begun(other), list(dict.fromkeys(concerns)))

    def earlier(self, thread: UUID) -> list[UUID]:
        """What the newest mail of a conversation concerns."""
        return self._heads.get(thread, (None, []))[1]

    def going_on(self, person: UUID | None, everybody: Sequence[UUID]) -> list[UUID]:
        """What goes on with whom a new conversation is with, where it is one record: of the person, else of all."""
        for some in ([person] if person else [], everybody):
            found = list(dict.fromkeys(one for who in some for one in self._going_on.get(who, ())))
            if found:
                return found if len(found) == 1 else []
        return []


def _ours(told: dict[str, Any]) -> list[str]:
    if told["sort"] not in ("bounce", "complaint", "auto"):
        return []
    return [one for one in (*told["originals"], *told["answers"]) if is_ours(one)]


def _may_be_sent(letter: Letter) -> bool:
    """Whether what we wrote may lie here: it bears our mark, or lies in a folder of sent mail."""
    ident = letter.told["message_id"]
    return bool(ident) and (letter.folder.direction == "out" or is_ours(ident))
