"""From the bytes of a mail to what is kept of it, as one document of JSON."""

import hashlib
import re
from html import unescape
from typing import Any

from klientel.lib import html as markup
from klientel.lib.files import HEAD, clean_name, sniff
from klientel.lib.mails import bounces, replies, sorting
from klientel.lib.mails.headers import addresses, decoded, first, ids, instant, tidy
from klientel.lib.mails.structure import Part, take_apart

LONGEST_TEXT = 100_000
LONGEST_HTML = 1_000_000
MOST_ATTACHMENTS = 50
MOST_TAGS, DEEPEST_TAGS = 40_000, 3000
_TAG = re.compile(r"<[^<>]*>")
_UNFIT = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")  # signs that steer a terminal, halves of signs


def read(raw: bytes) -> dict[str, Any]:
    """What a mail says. Raises Unreadable (mail.…) where it goes beyond the bounds.

    Keys: message_id, answers (Message-IDs, the nearest first), originals, subject, answer, forward, sender, to, cc,
    reply_to (lists of name and address), date (ISO or ""), sort, failures, text, quoted, html, attachments (name, cid,
    size, media_type by its bytes, digest, content: bytes).
    """
    part = take_apart(raw)
    failures = bounces.failures(part)
    sort = sorting.sort_of(part, failures)
    body = _Body(part)
    text, quoted = replies.apart(body.text) if sort in ("human", "list", "auto") else (body.text, "")
    subject = decoded(first(part.head, "subject"))[:250]
    _bare, answer, forward = sorting.bare_subject(subject)
    date = instant(first(part.head, "date"))
    return {
        "message_id": next(iter(ids(first(part.head, "message-id"))), ""),
        "answers": answered(part),
        "originals": bounces.originals(part) if sort in ("bounce", "complaint", "auto") else [],
        "subject": subject,
        "answer": answer,
        "forward": forward,
        "sender": (_people(part, "from") or _people(part, "sender") or [("", "")])[0],
        "to": _people(part, "to"),
        "cc": _people(part, "cc"),
        "reply_to": _people(part, "reply-to"),
        "date": date.isoformat() if date else "",
        "sort": sort,
        "failures": [vars(one) for one in failures] if sort == "bounce" else [],
        "text": text[:LONGEST_TEXT],
        "quoted": quoted[:LONGEST_TEXT],
        "html": body.html,
        "attachments": body.attachments,
    }


def answered(part: Part) -> list[str]:
    """The Message-IDs that a mail follows: In-Reply-To, then References from the newest to the oldest."""
    nearest = [i for text in part.head.get("in-reply-to", []) for i in ids(text)]
    older = [i for text in part.head.get("references", []) for i in ids(text)]
    return list(dict.fromkeys([*nearest, *reversed(older)]))


def _people(part: Part, name: str) -> list[tuple[str, str]]:
    return [one for text in part.head.get(name, []) for one in addresses(text)]


class _Body:
    """Text, formatted text and attachments of a tree of parts."""

    def __init__(self, part: Part) -> None:
        self.attachments: list[dict[str, Any]] = []
        plain, self.html = self._of(part)
        if not plain.strip() and self.html:
            plain = markup.html_to_text(self.html.replace("</td>", " </td>"))  # cells stay apart
        self.text = _kept(plain)

    def _of(self, part: Part) -> tuple[str, str]:
        if part.children and part.kind.startswith("multipart/"):
            return self._several(part)
        if part.kind in ("text/plain", "text/html") and not part.attached and not (part.name and part.cid):
            text = part.text()
            return (text, "") if part.kind == "text/plain" else _cleaned(text)
        self._attach(part)
        return "", ""

    def _several(self, part: Part) -> tuple[str, str]:
        found = [self._of(child) for child in part.children]
        if part.kind == "multipart/alternative":
            return next((p for p, _h in found if p.strip()), ""), next(
                (h for _p, h in reversed(found) if h.strip()), ""
            )
        formatted = [h for _p, h in found if h.strip()]
        plain = "\n\n".join(p if p.strip() else markup.html_to_text(h) for p, h in found if p.strip() or h.strip())
        if not formatted:
            return plain, ""
        return plain, "".join(h or (markup.text_to_html(p) if p.strip() else "") for p, h in found)

    def _attach(self, part: Part) -> None:
        if len(self.attachments) >= MOST_ATTACHMENTS:
            return
        content = part.content()
        if part.kind in ("message/rfc822", "message/global"):
            name = f"{decoded(first(part.children[0].head, 'subject'))[:80] if part.children else ''}.eml"
        else:
            name = part.name or _usual_name(part)
        if content.strip():
            name = clean_name(tidy(name))
            self.attachments.append({
                "name": name, "cid": part.cid, "size": len(content), "media_type": sniff(content[:HEAD], name),
                "digest": hashlib.sha256(content).hexdigest(), "content": content,
            })  # fmt: skip


def _cleaned(html: str) -> tuple[str, str]:
    """Formatted text without what is not for reading; of one that is too large or too deep, its words only."""
    opened, closed = html.count("<"), html.count("</")
    if len(html) > LONGEST_HTML or opened > MOST_TAGS or opened - 2 * closed > DEEPEST_TAGS:
        return unescape(_TAG.sub(" ", html[:LONGEST_HTML])), ""
    return "", markup.sanitise(html, images=True, inside=True)


def _usual_name(part: Part) -> str:
    ends = {"text/plain": "txt", "text/html": "html", "text/calendar": "ics", "image/png": "png", "image/jpeg": "jpg",
            "image/gif": "gif", "application/pdf": "pdf", "text/vcard": "vcf"}  # fmt: skip
    if part.kind.endswith("delivery-status"):
        return "delivery-status.txt"
    if part.kind.endswith("rfc822-headers"):
        return "headers.txt"
    return f"{part.kind.partition('/')[0] or 'file'}.{ends.get(part.kind, 'bin')}"


def _kept(text: str) -> str:
    """Text as it can be stored: line ends of one kind, no signs that steer a terminal."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").replace("\x0c", "\n")
    clean = _UNFIT.sub("", lines)
    return clean.strip("\n").rstrip()
