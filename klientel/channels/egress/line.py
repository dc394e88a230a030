"""An open SMTP connection on which nobody waits: what is to be said is said as the socket takes it, and replies are
heard as they come. So one thread talks to many servers at once."""

from __future__ import annotations

import re
import selectors
import smtplib
import socket
import ssl
from dataclasses import dataclass
from typing import Any

SHORTEST_LEFT = 300  # characters of a reply that are kept
LONGEST = 65536  # bytes of what a server says before it comes to an end
_AGAIN = (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)
_REPLY = re.compile(rb"(?:\d{3}-[^\n]*\n)*(\d{3})(?: ([^\n]*))?\r?\n")
_CODES = re.compile(rb"(?m)^\d{3}(?:[ -]|\r?$)")
_BEGINNING = re.compile(rb"\d{3}(?:[ -]|\r?\n)")
_ODD = re.compile(r"[\x00-\x20<>]")


class Failure(Exception):
    """The other side said no, or is gone: code 0 where it said nothing. ``stage`` says at which step."""

    def __init__(self, stage: str, code: int, reply: str) -> None:
        super().__init__(f"{stage}: {code} {reply}")
        self.stage, self.code, self.reply = stage, code, reply


@dataclass(frozen=True)
class Reply:
    """What the other side says to one command."""

    code: int
    text: str


class Line:
    """Takes one message after the other. ``gone`` says why nothing more is heard, once that is so.

    Only :meth:`close` waits.
    """

    def __init__(self, smtp: smtplib.SMTP) -> None:
        assert smtp.sock is not None
        self._sock: socket.socket = smtp.sock
        self._sock.setblocking(False)
        self._utf8 = bool(smtp.has_extn("smtputf8"))
        self.pipelines = bool(smtp.has_extn("pipelining"))  # RFC 2920: commands need not wait for replies
        self._pending = self._sock.pending if isinstance(self._sock, ssl.SSLSocket) else bool  # deciphered bytes
        self._out, self._in = b"", b""
        self.gone, self._left = "", False

    def fileno(self) -> int:
        """Of the socket."""
        return self._sock.fileno()

    @property
    def events(self) -> int:
        """What a selector shall look out for."""
        return selectors.EVENT_READ | (selectors.EVENT_WRITE if self._out else 0)

    def envelope(self, sender: str, recipients: list[str]) -> list[bytes]:
        """The commands that say from whom and to whom; nothing is handed over by them. :class:`Failure` where one of
        them cannot be said."""
        for stage, address in (("sender", sender), *(("recipient", one) for one in recipients)):
            if _ODD.search(address):
                raise Failure(stage, 553, "not an address")
        plain = all(one.isascii() for one in (sender, *recipients))
        if not plain and not self._utf8:
            raise Failure("sender", 0, "no SMTPUTF8")
        begin = f"MAIL FROM:<{sender}>{'' if plain else ' SMTPUTF8'}"
        return [begin.encode(), *(f"RCPT TO:<{one}>".encode() for one in recipients)]

    def speak(self, *commands: bytes) -> None:
        """Say these, without waiting for what is answered."""
        self._out += b"".join(one + b"\r\n" for one in commands)
        self.push()

    def content(self, message: bytes) -> None:
        """The message itself (RFC 5321 4.5.2), whose lines end with CRLF."""
        stuffed = message.replace(b"\r\n.", b"\r\n..") if b"\r\n." in message else message
        self._out += stuffed + (b".\r\n" if stuffed.endswith(b"\r\n") else b"\r\n.\r\n")
        self.push()

    def push(self) -> None:
        """Hand the socket what it takes."""
        try:
            while self._out:
                self._out = self._out[self._sock.send(self._out) :]
        except _AGAIN:
            return
        except OSError as error:
            self.gone = type(error).__name__

    def heard(self) -> list[Reply]:
        """The replies that are there and whole."""
        try:
            while True:
                more = self._sock.recv(LONGEST)
                self._in += more
                if not more:
                    self.gone = "SMTPServerDisconnected"
                if not more or not self._pending():
                    break
        except _AGAIN:
            pass
        except OSError as error:
            self.gone = type(error).__name__
        found = []
        while (reply := _REPLY.match(self._in)) is not None:
            words = (reply[2] or b"") if reply.start(1) == 0 else _CODES.sub(b"", reply[0])
            found.append(Reply(int(reply[1]), said(words)))
            self._in = self._in[reply.end() :]
        if len(self._in) > LONGEST or (b"\n" in self._in and _BEGINNING.match(self._in) is None):
            self.gone = "SMTPResponseException"
        return found

    def leave(self) -> None:
        """Say goodbye."""
        if not self.gone and not self._left:
            self._left = True
            self.speak(b"QUIT")

    def close(self, seconds: float = 1.0) -> None:
        """Say goodbye, hear the answer if it comes within so many seconds, and close."""
        self.leave()
        try:
            if not self.gone and seconds > 0:
                self._sock.settimeout(seconds)
                self._sock.recv(LONGEST)
        except OSError:
            pass
        finally:
            self._sock.close()


def said(reply: Any) -> str:
    """The words of a reply, on one line."""
    text = reply.decode("utf-8", "replace") if isinstance(reply, bytes) else str(reply)
    return " ".join(text.split())[:SHORTEST_LEFT]
