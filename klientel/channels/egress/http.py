"""HTTPS requests to other people's servers, with an end in time and size."""

from __future__ import annotations

import http.client
import ssl
import time
from dataclasses import dataclass, field
from urllib.parse import urljoin, urlsplit

from django.utils.translation import gettext_lazy as _

from klientel.channels.egress.addresses import Blocked, connect, resolve

MOST = 1_000_000  # bytes of an answer
SECONDS = 20.0
_PIECE = 65_536


@dataclass(frozen=True)
class Answer:
    """What the other side said. ``cut`` where there was more than is read."""

    status: int
    headers: dict[str, str]
    body: bytes
    cut: bool = False


@dataclass(frozen=True)
class Request:
    """What is asked for."""

    method: str
    url: str
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""


def fetch(request: Request, *, seconds: float = SECONDS, most: int = MOST, redirects: int = 0) -> Answer:
    """Ask once; follows at most ``redirects`` for GET, each checked as the first one.

    :class:`Blocked` where the place may not be reached, ``TimeoutError`` after ``seconds`` in all, other ``OSError``
    where the other side fails or does not speak HTTP. Certificates are verified.
    """
    until = time.monotonic() + seconds
    for left in range(redirects, -1, -1):
        answer = _once(request, until, most)
        to = answer.headers.get("location", "")
        if not left or request.method != "GET" or not 300 < answer.status < 309 or not to:
            return answer
        target = urljoin(request.url, to)
        same = urlsplit(target)[:2] == urlsplit(request.url)[:2]
        request = Request("GET", target, request.headers if same else {})  # no credentials for another host
    return answer


class _Pinned(http.client.HTTPConnection):
    """A connection whose socket was made to a checked address."""

    def __init__(self, host: str, port: int, *, secure: bool, until: float) -> None:
        super().__init__(host, port)
        self.secure, self.until = secure, until

    def connect(self) -> None:
        """To the checked address; TLS is asked for by the name."""
        self.sock = connect(self.host, self.port, "http", _left(self.until))
        if self.secure:
            context = ssl.create_default_context()
            self.sock = context.wrap_socket(self.sock, server_hostname=self.host)


def _left(until: float) -> float:
    left = until - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


def _once(request: Request, until: float, most: int) -> Answer:
    host, port, path, secure = _target(request.url)
    line = _Pinned(host, port, secure=secure, until=until)
    try:
        headers = {"User-Agent": "Klientel", "Accept-Encoding": "identity"} | request.headers
        line.request(request.method, path, body=request.body or None, headers=headers)
        line.sock.settimeout(_left(until))
        got = line.getresponse()
        body = bytearray()
        while len(body) <= most:
            line_sock = line.sock
            if line_sock is not None:
                line_sock.settimeout(_left(until))
            _left(until)
            piece = got.read1(_PIECE)
            if not piece:
                break
            body += piece
        found = {name.lower(): value for name, value in got.getheaders()}
        return Answer(got.status, found, bytes(body[:most]), cut=len(body) > most)
    except http.client.HTTPException as error:
        raise OSError("this is no answer of HTTP") from error
    finally:
        line.close()


def _target(url: str) -> tuple[str, int, str, bool]:
    """Host, port, path and whether by TLS; without TLS only where the administrator allows the place."""
    parts = urlsplit(url)
    try:
        port = parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError as error:
        raise _wrong() from error
    if parts.scheme not in ("https", "http") or not parts.hostname or parts.username or parts.password:
        raise _wrong()
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    if any(ord(c) < 33 or ord(c) > 126 for c in path):
        raise _wrong()
    if parts.scheme == "http" and not all(p.allowed for p in resolve(parts.hostname, port, "http")):
        raise Blocked("egress_blocked", _("Please use an address that begins with https://."), "url")
    return parts.hostname, port, path, parts.scheme == "https"


def _wrong() -> Blocked:
    return Blocked("egress_blocked", _("This is no web address that can be called."), "url")
