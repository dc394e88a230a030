"""Opens SMTP connections (RFC 5321): reach the server, encrypt, sign in. What goes on then is :mod:`.line`."""

from __future__ import annotations

import smtplib
import socket
import ssl
from dataclasses import dataclass
from typing import Any

from klientel.channels.egress.addresses import connect
from klientel.channels.egress.line import Failure, Line, said

SECONDS = 30.0


@dataclass(frozen=True)
class Place:
    """Where and how to hand over mail. ``security``: ``tls`` from the start, ``starttls``, or ``none``."""

    host: str
    port: int
    security: str = "starttls"
    login: str = ""
    password: str = ""
    token: str = ""  # OAuth2, in place of a password


class _Pinned(smtplib.SMTP):
    """Connects to a checked address only; TLS is asked for by the name."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self._host = ""
        super().__init__(local_hostname="klientel.invalid", timeout=SECONDS)

    def _get_socket(self, host: str, port: int, timeout: Any) -> socket.socket:
        made = connect(host, port, "smtp", SECONDS)
        if self.place.security == "tls":
            return ssl.create_default_context().wrap_socket(made, server_hostname=host)
        return made


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
