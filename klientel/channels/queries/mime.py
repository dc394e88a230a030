"""From a mail to the bytes that are handed over (RFC 5322, RFC 2045): text, a formatted part, attachments."""

from __future__ import annotations

import base64
import datetime as dt
import hmac
import re
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from email.utils import encode_rfc2231, format_datetime, formataddr
from functools import cache, lru_cache
from typing import Any
from uuid import UUID

from django.conf import settings
from django.utils.crypto import constant_time_compare, salted_hmac
from django.utils.html import urlize

from klientel.channels.models.placeholders import LINK
from klientel.channels.queries import signatures
from klientel.kernel.tenancy import current

_LINE = 76
_FIRST, _WORD = 39, 45  # bytes of an encoded word: beside ``Subject:``, and on a line of its own
_OURS = re.compile(r"([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\.([0-9a-f]{24})@", re.ASCII)
_PLAIN = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-+ ")


@dataclass(frozen=True)
class Attachment:
    """A file as it goes along."""

    name: str
    media_type: str
    content: bytes


@dataclass(frozen=True)
class _Part:
    """A body or several, with its headers."""

    headers: dict[str, str]
    body: bytes

    def written(self) -> bytes:
        return "".join(f"{k}: {v}\r\n" for k, v in self.headers.items()).encode() + b"\r\n" + self.body


def message_id(delivery: UUID, sender: str) -> str:
    """The same for one handing over, however often it is tried; signed, so that an answer shows that we wrote it."""
    return f"<{delivery}.{_signature(delivery)}@{sender.rpartition('@')[2]}>"


def _signature(delivery: UUID) -> str:
    signing = _signer(settings.SECRET_KEY).copy()
    signing.update(f"{current()}:{delivery}".encode())
    return signing.hexdigest()[:24]


@cache
def _signer(_secret: str) -> hmac.HMAC:
    """What signs, with its key and without a word yet: the key is derived once."""
    return salted_hmac("klientel.channels.mail", "", algorithm="sha256")


def is_forged(reference: str) -> bool:
    """Whether a Message-ID looks like one of ours and was not signed by us for this tenant."""
    found = _OURS.match(reference)
    return found is not None and not constant_time_compare(found[2], _signature(UUID(found[1])))


def is_ours(reference: str) -> bool:
    """Whether we gave a mail this Message-ID."""
    return _OURS.match(reference) is not None and not is_forged(reference)


def message(
    mail: Any,
    account: Any,
    delivery: UUID,
    footer: str = "",
    *,
    link: str = "",
    files: Sequence[Attachment] = (),
    references: Sequence[str] = (),
    leave: str = "",
    words: str = "",
) -> bytes:
    """The message with CRLF at every line's end; bodies in base64, so that no line is too long for anybody.

    ``link`` takes the place of ``{{link}}`` in the text (``words``, else the mail's own); ``files`` come unchanged;
    ``references`` are the Message-IDs that the mail answers, the oldest first; ``leave`` is the way out of advertising.
    """
    headers = {
        "Date": _date(int(time.time())),
        "From": _sender(account.name, account.address),
        "To": mail.to,
        **({"Cc": ",\r\n ".join(copied)} if (copied := copies(mail)) else {}),
        "Subject": _encoded(mail.subject),
        "Message-ID": message_id(delivery, account.address),
        "MIME-Version": "1.0",
    }
    if references:
        headers["In-Reply-To"] = f"<{references[-1]}>"
        headers["References"] = "\r\n ".join(f"<{one}>" for one in references)
    if mail.nature == "advertising":
        headers |= _ways_out(account, leave)
    text = f"{words or mail.text}\n" + (f"\n-- \n{footer}\n" if footer else "")
    text = (text.replace(LINK, link) if link else text).replace("\r\n", "\n")
    body = _text("plain", signatures.plain(text))
    if mail.formatted:
        body = _several("alternative", (body, _text("html", html_of(text))), f"a{delivery.hex}")
    if files:
        body = _several("mixed", (body, *map(_file, files)), f"m{delivery.hex}")
    return _Part(headers | body.headers, body.body).written()


@lru_cache(maxsize=1)
def _date(second: int) -> str:
    """The same for all letters of a second."""
    return format_datetime(dt.datetime.fromtimestamp(second, dt.UTC))


@lru_cache(maxsize=100)
def _sender(name: str, address: str) -> str:
    name = name.replace("\r", " ").replace("\n", " ")
    return formataddr((name, address)) if name.isascii() else f"{_encoded(name)}\r\n <{address}>"


def _ways_out(account: Any, leave: str) -> dict[str, str]:
    """How programs of mail leave advertising: by one click (RFC 8058) and by a letter (RFC 2369)."""
    ways = [*([f"<{leave}>"] if leave else []), f"<mailto:{account.address}?subject=unsubscribe>"]
    one_click = {"List-Unsubscribe-Post": "List-Unsubscribe=One-Click"} if leave else {}
    return {"List-Unsubscribe": ",\r\n ".join(ways)} | one_click


def copies(mail: Any) -> list[str]:
    """To whom a mail goes beside its recipient."""
    if not mail.recipients:
        return []
    return [line for line in mail.recipients.splitlines() if line and line != mail.to]


def html_of(text: str) -> str:
    """The formatted part of a text: paragraphs and links, everything else as it was typed."""
    written, begin, signature = text.partition(signatures.BEGIN)
    body = _paragraphs(written) + (signatures.bold(_paragraphs(f"-- \n{signature}")) if begin else "")
    style = "font-family:Arial,Helvetica,sans-serif;font-size:15px;line-height:1.5"
    return f'<!doctype html>\n<html><head><meta charset="utf-8"></head><body style="{style}">\n{body}</body></html>\n'


def _paragraphs(text: str) -> str:
    return "".join(f"<p>{_html(part.strip(chr(10)))}</p>\n" for part in text.split("\n\n") if part.strip())


def _html(paragraph: str) -> str:
    return urlize(paragraph, autoescape=True).replace("\n", "<br>\n")


def _encoded(text: str) -> str:
    """A subject as encoded words: none is longer than 75 signs, each has whole letters (RFC 2047, 2 and 5 (3))."""
    if text.isascii():
        return text
    words, word, room = [], b"", _FIRST
    for letter in map(str.encode, text):
        if len(word) + len(letter) > room:
            words.append(word)
            word, room = b"", _WORD
        word += letter
    return "\r\n ".join(f"=?utf-8?b?{base64.b64encode(one).decode()}?=" for one in [*words, word])


def _base64(content: bytes) -> bytes:
    whole = base64.b64encode(content)
    return b"".join(whole[n : n + _LINE] + b"\r\n" for n in range(0, len(whole), _LINE))


def _text(kind: str, text: str) -> _Part:
    headers = {"Content-Type": f'text/{kind}; charset="utf-8"', "Content-Transfer-Encoding": "base64"}
    return _Part(headers, _base64(text.replace("\n", "\r\n").encode()))


def _file(one: Attachment) -> _Part:
    kind = one.media_type if one.media_type.isascii() and "/" in one.media_type else "application/octet-stream"
    named = f'="{one.name}"' if set(one.name) <= _PLAIN else f"*={encode_rfc2231(one.name, 'utf-8')}"
    headers = {
        "Content-Type": kind.replace("\r", "").replace("\n", ""),
        "Content-Transfer-Encoding": "base64",
        "Content-Disposition": f"attachment; filename{named}",
    }
    return _Part(headers, _base64(one.content))


def _several(kind: str, parts: Iterable[_Part], boundary: str) -> _Part:
    """Parts in one; in base64 no line begins as the boundary does."""
    inside = b"".join(f"--={boundary}\r\n".encode() + part.written() for part in parts)
    body = inside + f"--={boundary}--\r\n".encode()
    return _Part({"Content-Type": f'multipart/{kind}; boundary="={boundary}"'}, body)
