"""Mail that tells what became of other mail: DSN (RFC 3464), what servers write instead, and complaints (RFC 5965)."""

import re
from dataclasses import dataclass

from klientel.lib.emails import read_email
from klientel.lib.mails.headers import Fields, addresses, fields, first, ids, tidy
from klientel.lib.mails.structure import Part
from klientel.lib.sentences import Unreadable

MOST_TEXT = 60_000
MOST_RECIPIENTS = 50


@dataclass(frozen=True)
class Failed:
    """One recipient: enhanced status such as 5.1.1 (or "5" where only the class is known), and what was said."""

    address: str
    status: str
    said: str
    final: bool  # told by the delivery status itself, not guessed from the text


_DAEMON = re.compile(
    r"mailer[-_ ]?daemon|post[_-]?master|mail[ -]?delivery|delivery[-_ ]?sub?system|mdaemon|mail[- ]system|bounce|"
    r"mail[-_]?robot|^mail@|^root@|symantec|^noreply@mail|administrator|mail[-_.]?admin|nondelivery",
    re.IGNORECASE,
)
_SUBJECT = re.compile(
    r"undeliver|returned? (?:to sender|mail)|return(?:ed)? to sender|delivery (?:status|failure|report|notification|"
    r"error|problem|reports?|has failed)|failure notice|mail (?:delivery|could not|failure|system error|error)|"
    r"could not (?:be )?deliver|not delivered|non[- ]?deliver|unzustellbar|konnte nicht zugestellt|nicht zugestellt|"
    r"zustellung|undelivery|message (?:delivery|undeliverable|delayed|status)|failed (?:mail|delivery)|"
    r"warning: could not|error sending|mail failed|delayed mail|deliver system|rejected|echec|non remis|"
    r"mancata consegna|onbestelbaar|devolvido|недоставлен|"
    r"不達|配信|エラー|お届け|returned|notificaci.n|delivery|could not send|user unknown|mail quota",
    re.IGNORECASE,
)
_STATUS = re.compile(r"(?<![\d.])([245])\.(\d{1,3})\.(\d{1,3})(?![\d.])")
_CODE = re.compile(r"(?<![\d.:/-])([45])\d\d(?=[ \-:,.)\]]|$)(?![.\d]*\.\d)")
_WORDS = re.compile(
    r"unknown user|user unknown|no such (?:user|mailbox|address|recipient|person)|"
    r"mailbox (?:not found|unavailable|is full|full|unknown|disabled)|does not exist|doesn't exist|"
    r"not listed|unknown (?:address|recipient|host|local|mailbox)|"
    r"invalid (?:recipient|address|mailbox|user)|recipient (?:unknown|rejected|not found)|host (?:unknown|not found)|"
    r"over quota|quota exceeded|undeliverable|could not be delivered|permanent(?:ly)?|delivery failed|not our customer|"
    r"relay(?:ing)? (?:denied|not)|access denied|rejected|refused|nicht zugestellt|unbekannt|existiert nicht|"
    r"couldn't be delivered|unable to deliver|was not delivered|failed|not found|disabled|expired|giving up|"
    r"お届けできません|見つかりません|送信できません|配信できません|エラー",
    re.IGNORECASE,
)
_LATER = re.compile(r"will (?:be )?re?tr(?:y|ied)|will keep trying|delayed|warning message only|verzögert|not yet been",
                    re.IGNORECASE)  # fmt: skip
_FULL = re.compile(r"quota|mailbox (?:is )?full|over(?:drawn)? (?:limit|quota)|insufficient (?:system )?storage|voll",
                   re.IGNORECASE)  # fmt: skip
_GONE = re.compile(
    r"unknown user|user unknown|no such (?:user|mailbox|address|recipient|person)|does not exist|"
    r"doesn't exist|not listed|unknown (?:address|recipient|local|mailbox|user)|"
    r"invalid (?:recipient|mailbox|user)|recipient (?:unknown|not found)|"
    r"mailbox (?:not found|unknown)|unbekannt|existiert nicht|not our customer|isn't in|見つかりません",
    re.IGNORECASE,
)
_ADDRESS = re.compile(r"<?([A-Za-z0-9_.+!#$%&'*/=?^`{|}~-]{1,64}@[A-Za-z0-9.-]{1,200}\.[A-Za-z]{2,24})>?")
_ORIGINAL = re.compile(
    r"^\s*(?:-{2,}.{0,60}(?:copy of (?:the|your) message|original message|returned message|headers? of|Begin|"
    r"below this line|unsent message|Undelivered|Message header)|Received: (?:from|by|\()|Return-path: ?<)"
    r"|^(?:The original message|Original message (?:headers|follows)|Message headers? follow)",
    re.IGNORECASE | re.MULTILINE,
)


def failures(part: Part) -> list[Failed]:
    """The recipients a mail tells of that did not get theirs; none where it is no bounce."""
    told = [one for inner in part.walk() if inner.kind.endswith("delivery-status") for one in _reported(inner)]
    if told:
        return _once(told)
    return _guessed(part) if looks_like_one(part) else []


def looks_like_one(part: Part) -> bool:
    """Whether a mail without a delivery status was written by a server about another mail."""
    if first(part.head, "x-failed-recipients"):
        return True
    sender = first(part.head, "from") or first(part.head, "sender")
    empty = first(part.head, "return-path").strip() == "<>"
    daemon = bool(_DAEMON.search(sender)) or (empty and "auto-submitted" in part.head)
    subject = bool(_SUBJECT.search(first(part.head, "subject")))
    report = part.kind == "multipart/report" and "disposition" not in part.parameters.get("report-type", "")
    return (daemon and subject) or (report and (daemon or subject)) or (empty and subject)


def _reported(part: Part) -> list[Failed]:
    """The blocks of a delivery status: per message first, then one for each recipient."""
    blocks = [fields(block) for block in re.split(rb"\n[ \t]*\n", part.content().replace(b"\r\n", b"\n").strip())]
    found = []
    for block in blocks[: MOST_RECIPIENTS + 1]:
        written = first(block, "final-recipient") or first(block, "original-recipient")
        if not written:
            continue
        action, status = first(block, "action").lower(), _STATUS.search(first(block, "status"))
        said = tidy(first(block, "diagnostic-code"))[:300]
        if action in ("delivered", "relayed", "expanded"):
            continue
        code = status[0] if status else _status_of(said) or ("4" if action == "delayed" else "5")
        inner = _STATUS.search(said)
        if inner and code[2:] in ("0.0", "") and inner[1] == code[:1]:
            code = inner[0]  # the server's own words are more exact than "other"
        if action == "delayed":
            code = f"4{code[1:]}"
        address = _readable(first(block, "original-recipient")) or _readable(written)
        found.append(Failed(address, code, said or action, final=True))
    return found


def _readable(text: str) -> str:
    found = _ADDRESS.search(text.rpartition(";")[2])
    try:
        return read_email(found[1]) if found else ""
    except Unreadable:
        return ""


def _status_of(text: str) -> str:
    """An enhanced status in a text, else the class of an SMTP code, else by the words."""
    status = _STATUS.search(text)
    if status and status[1] != "2":
        return status[0]
    if _GONE.search(text):
        return "5.1.1"
    if _FULL.search(text):
        return "5.2.2"
    code = _CODE.search(text)
    return code[1] if code else "5" if _WORDS.search(text) else ""


def _guessed(part: Part) -> list[Failed]:
    """From a text that a server wrote: whom it names before the original mail begins, and why."""
    texts = [
        one.text()[:MOST_TEXT] for one in part.walk() if one.kind in ("text/plain", "text/html", "text/rfc822-headers")
    ]
    whole = texts[0] if texts else ""
    begin = _ORIGINAL.search(whole)
    text = whole[: begin.start()] if begin and begin.start() > 40 else whole
    named = [a for _n, a in addresses(first(part.head, "x-failed-recipients")) if a]
    own = {a for name in ("to", "from", "sender", "reply-to") for _n, a in addresses(first(part.head, name)) if a}
    listed = [_readable(found[0]) for found in _ADDRESS.finditer(text)]
    found = named or [a for a in dict.fromkeys(listed) if a and a not in own and not _DAEMON.search(a)]
    if not found:
        found = _recipients_of_original(part, texts)
    status = "4" if _LATER.search(text) and not _STATUS.search(text) else _status_of(text)
    said = tidy(text[:2000])[:300]
    return _once(
        [Failed(a, status or ("5" if found else "4"), said, final=False) for a in (found[:MOST_RECIPIENTS] or [""])]
    )


def _recipients_of_original(part: Part, texts: list[str]) -> list[str]:
    """To whom the mail went that came back, where it lies inside."""
    inner = [
        child.head for one in part.walk() if one.kind in ("message/rfc822", "message/global") for child in one.children
    ]
    inner += [fields(text.encode()) for text in texts[1:]]
    if texts:
        begin = texts[0].lower().rfind("\nto:")
        if begin >= 0:
            inner.append(fields(texts[0][begin + 1 : begin + 500].encode()))
    return list(dict.fromkeys(a for head in inner for _n, a in addresses(first(head, "to")) if a))[:MOST_RECIPIENTS]


def _once(found: list[Failed]) -> list[Failed]:
    by_address: dict[str, Failed] = {}
    for one in found:
        by_address.setdefault(one.address.lower(), one)
    return list(by_address.values())[:MOST_RECIPIENTS]


def originals(part: Part) -> list[str]:
    """The Message-IDs of mails that lie inside this one, whole or only their header."""
    heads: list[Fields] = []
    for one in part.walk():
        if one.kind in ("message/rfc822", "message/global"):
            heads += [child.head for child in one.children]
        elif one.kind.endswith("rfc822-headers"):
            heads.append(fields(one.content().replace(b"\r\n", b"\n")))
        elif one.kind == "text/plain" and one is not part:
            continue
    found = [i for head in heads for i in ids(first(head, "message-id"))]
    if not found and (begin := _ORIGINAL.search(text := _plain(part))):
        rest = text[begin.start() :]
        named = re.search(r"^message-id:\s*(<[^<>\s]{1,400}>)", rest, re.IGNORECASE | re.MULTILINE)
        found = ids(named[1]) if named else []
    return found


def _plain(part: Part) -> str:
    return next((one.text()[:MOST_TEXT] for one in part.walk() if one.kind == "text/plain"), "")


def complained(part: Part) -> bool:
    """Whether this is a complaint by a provider's feedback loop (ARF)."""
    sender, subject = first(part.head, "from").lower(), first(part.head, "subject").lower()
    return (
        part.parameters.get("report-type", "").lower() == "feedback-report"
        or any(one.kind == "message/feedback-report" for one in part.walk())
        or ("staff@hotmail.com" in sender and subject.startswith("complaint about message"))  # JMRP, without ARF
    )
