"""One IMAP connection (RFC 3501), read only but for what is appended; bounded in time and size of each answer."""

from __future__ import annotations

import datetime as dt
import imaplib
import re
import socket
import ssl
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from klientel.channels.egress.addresses import connect
from klientel.channels.egress.line import Failure, said
from klientel.channels.egress.smtp import Place, xoauth2
from klientel.lib.mails import folders

SECONDS = 30.0  # without a word from the server
LONGEST = 300.0  # seconds of one command
MOST = 64 * 2**20  # bytes of the answer to one command
MOST_LISTED = 5000
MOST_LINE = 64 * 1024  # of what is said about news

_UID = re.compile(rb"\bUID (\d{1,10})\b")
_SIZE = re.compile(rb"\bRFC822\.SIZE (\d{1,12})\b")
_DATE = re.compile(rb'\bINTERNALDATE " ?(\d\d?)-([A-Za-z]{3})-(\d{4}) (\d\d):(\d\d):(\d\d) ([+-])(\d\d)(\d\d)"')
_MONTHS = (b"jan", b"feb", b"mar", b"apr", b"may", b"jun", b"jul", b"aug", b"sep", b"oct", b"nov", b"dec")
_NEWS = re.compile(rb"\* \d{1,10} (?:EXISTS|EXPUNGE)\b|\* STATUS\b|\* BYE\b", re.IGNORECASE)
_WHAT = "(MessageNew MessageExpunge)"
_LIST = re.compile(rb'\((?P<flags>[^)]*)\) (?:"(?:[^"\\]|\\.)*"|NIL) ?(?P<name>.*)', re.DOTALL)


@dataclass(frozen=True)
class Listed:
    """A folder of the server."""

    name: str
    flags: frozenset[str]


@dataclass(frozen=True)
class Standing:
    """What a folder says of itself when it is opened."""

    uidvalidity: int
    uidnext: int
    total: int


@dataclass(frozen=True)
class Message:
    """A message as it lies on the server."""

    uid: int
    received: dt.datetime
    raw: bytes


class _Pinned(imaplib.IMAP4):
    """Connects to a checked address only; every answer has an end."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self._allowance, self._until = MOST, time.monotonic() + LONGEST
        super().__init__(place.host, place.port, timeout=SECONDS)

    def _create_socket(self, timeout: Any = None) -> socket.socket:
        made = connect(self.place.host, self.place.port, "imap", SECONDS)
        made.settimeout(SECONDS)
        if self.place.security == "tls":
            return ssl.create_default_context().wrap_socket(made, server_hostname=self.place.host)
        return made

    def begin(self) -> None:
        """A new command: its answer has an allowance of its own."""
        self._allowance, self._until = MOST, time.monotonic() + LONGEST

    def _spend(self, size: int) -> None:
        self._allowance -= size
        if self._allowance < 0 or time.monotonic() > self._until:
            raise self.abort("answer too long")

    def read(self, size: int) -> bytes:
        self._spend(size)
        return super().read(size)

    def readline(self) -> bytes:
        line = super().readline()
        self._spend(len(line))
        return line


class Box:
    """An open mailbox."""

    def __init__(self, imap: _Pinned) -> None:
        self._imap = imap
        self._tag = b""  # of the command that lets the server tell of news, while it lasts
        self._idle: bool | None = None  # whether the server tells by itself (RFC 2177); not asked yet
        self._notify = False  # and of other folders too (RFC 5465)
        self.hears_all = True  # of those that were to be listened to
        self._rest = b""  # of a line that has not come as a whole

    def folders(self) -> list[Listed]:
        """All folders that can be opened."""
        found = []
        for line in self._asked("list", lambda: self._imap.list())[:MOST_LISTED]:
            one = _listed(line)
            if one is not None and "\\noselect" not in one.flags and "\\nonexistent" not in one.flags:
                found.append(one)
        return found

    def open(self, name: str) -> Standing:
        """Look into a folder without changing anything in it."""
        [total, *_more] = self._asked("folder", lambda: self._imap.select(folders.written(name), readonly=True))
        return Standing(self._number("UIDVALIDITY"), self._number("UIDNEXT"), int(total or 0))

    def _number(self, name: str) -> int:
        _kind, found = self._imap.response(name)
        text = next((one for one in found if one), b"0")
        return int(text) if text.isdigit() else 0

    def uids(self, criteria: str) -> list[int]:
        """The UIDs of the messages that fit, in order."""
        lines = self._asked("search", lambda: self._imap.uid("SEARCH", criteria))
        return sorted({int(n) for line in lines if line for n in line.split() if n.isdigit()})

    def sizes(self, uids: Sequence[int]) -> dict[int, int]:
        """How many bytes each message has."""
        found = {}
        for head, _raw in self._fetched(uids, "(RFC822.SIZE)"):
            uid, size = _UID.search(head), _SIZE.search(head)
            if uid and size:
                found[int(uid[1])] = int(size[1])
        return found

    def fetch(self, uids: Sequence[int], *, headers_only: bool = False) -> list[Message]:
        """The messages, without marking them as read; those that are gone meanwhile are left out."""
        part = "BODY.PEEK[HEADER]" if headers_only else "BODY.PEEK[]"
        found = []
        for head, raw in self._fetched(uids, f"(INTERNALDATE {part})"):
            uid = _UID.search(head)
            if uid and raw is not None:
                found.append(Message(int(uid[1]), _instant(head), raw))
        return found

    def _fetched(self, uids: Sequence[int], what: str) -> Iterable[tuple[bytes, bytes | None]]:
        """Each FETCH answer: its words, and its literal if it has one."""
        if not uids:
            return []
        wanted = ",".join(map(str, uids))
        answers: list[tuple[bytes, bytes | None]] = []
        for piece in self._asked("fetch", lambda: self._imap.uid("FETCH", wanted, what)):
            if isinstance(piece, tuple):
                answers.append((piece[0], piece[1]))
            elif answers and piece and not re.match(rb"\d+ \(", piece):
                answers[-1] = (answers[-1][0] + b" " + piece, answers[-1][1])  # what stands behind the literal
            elif piece:
                answers.append((piece, None))
        return answers

    def append(self, name: str, raw: bytes, at: dt.datetime) -> None:
        """Lay a message into a folder, as read."""
        self._asked("append", lambda: self._imap.append(folders.written(name), r"(\Seen)", at, raw))

    # -- news of the folder that is open, without asking for it again and again ----------------------------------------

    def fileno(self) -> int:
        """Ready to be read when the server says something."""
        return self._imap.sock.fileno()

    def listen(self, others: Sequence[str] = ()) -> bool:
        """Have the server tell of news in the folder that is open, and in others if it can (``hears_all``); whether
        there were some since it was opened."""
        if self._idle is None:
            told = b" ".join(one for one in self._asked("listen", self._imap.capability) if one).upper().split()
            self._idle, self._notify = b"IDLE" in told, {b"IDLE", b"NOTIFY"} <= set(told)
        self.hears_all = not others or (self._notify and self._notified(others))
        self._imap.begin()
        if self._idle:
            self._say(b"IDLE")
        return len(self._imap.untagged_responses.get("EXISTS") or ()) > 1  # the first one came as it was opened

    def _notified(self, others: Sequence[str]) -> bool:
        """Whether the server is going to tell of these folders too."""
        names = " ".join(map(folders.written, others))
        wanted = f"SET (selected {_WHAT}) (mailboxes ({names}) {_WHAT})"
        with suppress(Failure):
            self._asked("listen", lambda: self._imap.xatom("NOTIFY", wanted))
            return True
        return False

    def nudge(self) -> None:
        """Ask a server that does not tell by itself; its answer is for :meth:`heard`."""
        if not self._idle and not self._tag:
            self._say(b"NOOP")

    def _say(self, command: bytes) -> None:
        self._tag = self._imap._new_tag()
        try:
            self._imap.send(self._tag + b" " + command + b"\r\n")
        except OSError as error:
            raise Failure("listen", 0, said(error)) from error

    def heard(self) -> bool:
        """Whether the server told of news, without waiting for it. :class:`Failure` where the connection is gone."""
        sock, news = self._imap.sock, False
        try:
            sock.settimeout(0)
            while True:
                news = self._read(sock) or news
        except (BlockingIOError, ssl.SSLWantReadError):
            return news
        except (OSError, imaplib.IMAP4.abort) as error:
            raise Failure("listen", 0, said(error)) from error
        finally:
            if sock.fileno() >= 0:
                sock.settimeout(SECONDS)

    def _read(self, sock: socket.socket) -> bool:
        """Some bytes; whether a line of them tells of news."""
        some = sock.recv(4096)
        if not some or len(self._rest) > MOST_LINE:
            raise self._imap.abort("connection closed")
        *lines, self._rest = (self._rest + some).split(b"\r\n")
        ended = self._tag and any(line.startswith(self._tag + b" ") for line in lines)
        if ended:
            self._imap.tagged_commands.pop(self._tag, None)
            self._tag = b""
        return bool(self._idle and ended) or any(_NEWS.match(line) for line in lines)

    def end_listening(self) -> None:
        """Make the connection free for other commands; :class:`Failure` where it is gone."""
        until = time.monotonic() + SECONDS
        try:
            if self._tag and self._idle:
                self._imap.send(b"DONE\r\n")
            while self._tag:
                self._read(self._imap.sock)
                if time.monotonic() > until:
                    raise self._imap.abort("no answer")
        except (OSError, imaplib.IMAP4.abort) as error:
            raise Failure("listen", 0, said(error)) from error
        if self._rest:
            raise Failure("listen", 0, "half an answer")

    def close(self) -> None:
        """Say goodbye; whether anybody listens does not matter."""
        try:
            self._imap.begin()
            if self._tag:  # it listens: no answer is waited for
                self._imap.send(b"DONE\r\nBYE LOGOUT\r\n")
                self._imap.shutdown()
            else:
                self._imap.logout()
        except (imaplib.IMAP4.error, OSError):
            with suppress(OSError):
                self._imap.shutdown()

    def _asked(self, stage: str, ask: Callable[[], tuple[str, list[Any]]]) -> list[Any]:
        self._imap.begin()
        try:
            kind, answer = ask()
        except (imaplib.IMAP4.error, OSError, ValueError) as error:
            raise Failure(stage, 0, said(error) or type(error).__name__) from error
        if kind != "OK":
            raise Failure(stage, 500, said(b" ".join(a for a in answer if isinstance(a, bytes))))
        return answer


def _listed(line: Any) -> Listed | None:
    """One line of LIST; the name may come as a literal."""
    head, name = (line[0], line[1]) if isinstance(line, tuple) else (line, None)
    found = _LIST.match(head) if isinstance(head, bytes) else None
    if found is None:
        return None
    if name is None:
        text = found["name"].strip()
        name = re.sub(rb"\\(.)", rb"\1", text[1:-1]) if text[:1] == b'"' else text
    flags = frozenset(flag.lower() for flag in found["flags"].decode("ascii", "replace").split())
    return Listed(folders.read(name.decode("utf-8", "replace")), flags) if name else None


def _instant(head: bytes) -> dt.datetime:
    """When a message arrived, of ``INTERNALDATE "17-Jul-1996 02:44:25 -0700"``; now where the server does not say."""
    found = _DATE.search(head)
    if found:
        day, month, year, hour, minute, second, sign, hours, minutes = found.groups()
        away = dt.timedelta(hours=int(hours), minutes=int(minutes)) * (-1 if sign == b"-" else 1)
        try:
            number = _MONTHS.index(month.lower()) + 1
            clock = int(year), number, int(day), int(hour), int(minute), int(second)
            return dt.datetime(*clock, tzinfo=dt.timezone(away))
        except ValueError:
            pass
    return dt.datetime.now(dt.UTC)


def open_box(place: Place) -> Box:
    """Connect, encrypt, sign in. :class:`~.addresses.Blocked`, or :class:`Failure` with the stage that failed.

    Certificates are verified. Neither password nor token goes over an open connection.
    """
    stage, imap = "connect", None
    try:
        imap = _Pinned(place)
        if place.security != "tls":
            stage = "tls"
            imap.starttls(ssl.create_default_context())
        stage = "login"
        imap.begin()
        if place.token:
            imap.authenticate("XOAUTH2", lambda challenge: b"" if challenge else xoauth2(place).encode())
        else:
            imap.login(place.login, _quotable(place.password))
    except ssl.SSLCertVerificationError as error:
        _end(imap)
        raise Failure("tls", 0, said(error)) from error
    except (imaplib.IMAP4.error, OSError, ValueError) as error:
        _end(imap)
        code = 500 if isinstance(error, imaplib.IMAP4.error) and not isinstance(error, imaplib.IMAP4.abort) else 0
        raise Failure(stage, code, said(error) or type(error).__name__) from error
    return Box(imap)


def _quotable(password: str) -> str:
    if any(ord(c) < 32 for c in password):
        raise ValueError("control characters")
    return password


def _end(imap: imaplib.IMAP4 | None) -> None:
    if imap is not None:
        imap.shutdown()
