"""One SMTP connection (RFC 5321), step by step, so that the caller knows how far a message got.

Before DATA nothing was handed over; from DATA on the other side may have the message even if we never hear so.
"""

from __future__ import annotations

import smtplib
import socket
import ssl
from dataclasses import dataclass
from typing import Any

from klientel.channels.egress.addresses import connect

SECONDS = 30.0
#: RFC 5321 4.5.3.2.6: a server may think for ten minutes after the final dot
SECONDS_AFTER_DATA = 600.0
SHORTEST_LEFT = 300  # characters of a reply that are kept


@dataclass(frozen=True)
class Place:
    """Where and how to hand over mail. ``security``: ``tls`` from the start, ``starttls``, or ``none``."""

    host: str
    port: int
    security: str = "starttls"
    login: str = ""
    password: str = ""
    token: str = ""  # OAuth2, in place of a password


class Failure(Exception):
    """The other side said no, or is gone: code 0 where it said nothing. ``stage`` says at which step."""

    def __init__(self, stage: str, code: int, reply: str) -> None:
        super().__init__(f"{stage}: {code} {reply}")
        self.stage, self.code, self.reply = stage, code, reply


class _Pinned(smtplib.SMTP):
    """Connects to a checked address only; TLS is asked for by the name."""

    def __init__(self, place: Place) -> None:
        self.place = place
        super().__init__(local_hostname="klientel.invalid", timeout=SECONDS)

    def _get_socket(self, host: str, port: int, timeout: Any) -> socket.socket:
        made = connect(host, port, "smtp", SECONDS)
        if self.place.security == "tls":
            return ssl.create_default_context().wrap_socket(made, server_hostname=host)
        return made


class Line:
    """An open connection that takes one message after the other."""

    def __init__(self, smtp: smtplib.SMTP) -> None:
        self._smtp = smtp

    def envelope(self, sender: str, recipient: str) -> None:
        """Say from whom and to whom; :class:`Failure` where the other side does not want it. Nothing is handed over."""
        options = [] if sender.isascii() and recipient.isascii() else ["SMTPUTF8"]
        for stage, ask in (
            ("sender", lambda: self._smtp.mail(sender, options)),
            ("recipient", lambda: self._smtp.rcpt(recipient)),
        ):
            code, reply = self._asked(stage, ask)
            if code not in (250, 251):
                raise Failure(stage, code, reply)

    def also(self, recipient: str) -> str:
        """One more recipient of the same message; what the other side says where it refuses, else nothing."""
        code, reply = self._asked("recipient", lambda: self._smtp.rcpt(recipient))
        if code == 421:
            raise Failure("recipient", code, reply)
        return "" if code in (250, 251) else f"{recipient}: {code} {reply}"

    def hand_over(self, message: bytes) -> str:
        """DATA and the message; the other side's words. :class:`Failure` with code 0: nobody knows whether it took it.

        ``message`` has CRLF at every line's end.
        """
        if self._smtp.sock is not None:
            self._smtp.sock.settimeout(SECONDS_AFTER_DATA)
        try:
            code, reply = self._asked("data", lambda: self._smtp.data(message))
        finally:
            if self._smtp.sock is not None:
                self._smtp.sock.settimeout(SECONDS)
        if code != 250:
            raise Failure("data", code, reply)
        return reply

    def reset(self) -> None:
        """Forget the envelope; :class:`Failure` where the connection is gone."""
        self._asked("reset", self._smtp.rset)

    def close(self) -> None:
        """Say goodbye; whether anybody listens does not matter."""
        try:
            self._smtp.quit()
        except (smtplib.SMTPException, OSError):
            self._smtp.close()

    @staticmethod
    def _asked(stage: str, ask: Any) -> tuple[int, str]:
        try:
            code, reply = ask()
        except smtplib.SMTPResponseException as error:
            raise Failure(stage, error.smtp_code, said(error.smtp_error)) from error
        except (smtplib.SMTPException, OSError, UnicodeError) as error:
            raise Failure(stage, 0, type(error).__name__) from error
        return code, said(reply)


def said(reply: Any) -> str:
    """The words of a reply, on one line."""
    text = reply.decode("utf-8", "replace") if isinstance(reply, bytes) else str(reply)
    return " ".join(text.split())[:SHORTEST_LEFT]


def xoauth2(place: Place) -> str:
    """What is said instead of a password (XOAUTH2, as Google and Microsoft describe it)."""
    return f"user={place.login}\x01auth=Bearer {place.token}\x01\x01"


def _sign_in(smtp: smtplib.SMTP, place: Place) -> None:
    if place.token:
        smtp.auth("XOAUTH2", lambda challenge=None: xoauth2(place) if challenge is None else "")
    else:
        smtp.login(place.login, place.password)


def open_line(place: Place) -> Line:
    """Connect, encrypt, sign in. :class:`~.addresses.Blocked`, or :class:`Failure` with the stage that failed.

    Certificates are verified. A password never goes over an open connection.
    """
    smtp, stage = _Pinned(place), "connect"
    try:
        code, reply = smtp.connect(place.host, place.port)
        smtp._host = place.host  # the name that the certificate must be for
        if code != 220:
            raise Failure(stage, code, said(reply))
        smtp.ehlo_or_helo_if_needed()
        if place.security == "starttls":
            stage = "tls"
            smtp.starttls(context=ssl.create_default_context())
            smtp.ehlo()
        if place.login:
            stage = "login"
            if place.security == "none":
                raise Failure(stage, 0, "no encryption")
            _sign_in(smtp, place)
    except smtplib.SMTPResponseException as error:
        smtp.close()
        raise Failure(stage, error.smtp_code, said(error.smtp_error)) from error
    except ssl.SSLCertVerificationError as error:  # with TLS from the start this happens while connecting
        smtp.close()
        raise Failure("tls", 0, said(error)) from error
    except (smtplib.SMTPException, OSError) as error:
        smtp.close()
        raise Failure(stage, 0, said(error)) from error
    except Failure:
        smtp.close()
        raise
    return Line(smtp)
