"""The address ``/live``: server-sent events for one browser. A plain ASGI application, because it needs nothing more.

Messages carry ids, versions and counts, never values; what is shown is fetched under the viewer's own rights.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
import random
import time
from collections.abc import Awaitable, Callable
from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import urlsplit

import orjson
from django.conf import settings
from django.http.request import split_domain_port, validate_host

from klientel.kernel.live import delivery
from klientel.kernel.live.hub import BEAT, END, Hub, Stream
from klientel.kernel.live.viewers import Viewer, identify

log = logging.getLogger("klientel.live")

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
Headers = list[tuple[bytes, bytes]]

PLAIN: Headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"cache-control", b"no-store")]
EVENTS: Headers = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),
    (b"x-content-type-options", b"nosniff"),
]


class Application:
    """``GET /live`` for browsers, ``GET /live/healthz`` for whoever watches over the processes."""

    def __init__(self) -> None:
        self.hub: Hub | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        if self.hub is None:
            self.hub = Hub()
        path, headers = (
            scope["path"].rstrip("/"),
            {k.decode().lower(): v.decode("latin-1") for k, v in scope["headers"]},
        )
        if path in ("/live/healthz", "/healthz"):
            await _answer(send, 200, str(len(self.hub.everybody())))
        elif path != "/live":
            await _answer(send, 404, "There is nothing here.")
        elif scope["method"] != "GET":
            await _answer(send, 405, "Only GET.")
        else:
            await self._open(headers, receive, send)

    def close(self) -> None:
        """End every stream: the process is to stop."""
        if self.hub is not None:
            self.hub.close()

    async def _open(self, headers: dict[str, str], receive: Receive, send: Send) -> None:
        assert self.hub is not None
        origin = headers.get("origin", "")
        if not _host_fits(headers) or not origin_fits(origin, headers.get("host", "")):
            await _answer(send, 403, "Not from there.")
            return
        crossing = _crossing(origin)
        try:
            viewer = await self.hub.ask(identify, key) if (key := session_key(headers)) else None
            stream = self.hub.join(viewer) if viewer else None
            if viewer is None or stream is None:
                status, text = (401, "Please sign in.") if viewer is None else (429, "Too many open pages.")
                await _answer(send, status, text, crossing)
                return
        except Exception as error:
            log.error("a stream could not begin", exc_info=error)
            await _answer(send, 503, "Please try again.", crossing)
            return
        try:
            await send({"type": "http.response.start", "status": 200, "headers": EVENTS + crossing})
            await _serve(self.hub, stream, _since(headers), receive, send)
        finally:
            self.hub.leave(stream)


async def _serve(hub: Hub, stream: Stream, since: dt.datetime | None, receive: Receive, send: Send) -> None:
    await _send(send, f"retry: {random.randint(1500, 5000)}\n\n".encode())  # noqa: S311 - spreads the load
    gone = asyncio.ensure_future(_gone(receive))
    try:
        for message in await _catch_up(hub, stream.viewer, since):
            await _send(send, written(message))
        while not gone.done():
            coming = asyncio.ensure_future(stream.queue.get())
            done, _ = await asyncio.wait({coming, gone}, timeout=BEAT, return_when=asyncio.FIRST_COMPLETED)
            if coming not in done:
                coming.cancel()
                await _send(send, b": beat\n\n")
                continue
            message = coming.result()
            if message is END:
                break
            await _send(send, written(message))
    except Exception as error:  # the browser went away in the middle of a message, or the database did
        log.debug("a stream ended", exc_info=error)
    finally:
        gone.cancel()
    if not gone.done() or gone.cancelled():
        await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _catch_up(hub: Hub, viewer: Viewer, since: dt.datetime | None) -> list[dict[str, Any]]:
    """What the browser is told at the start: how many are unread, and what it missed if it was here before."""
    count, fresh = await hub.ask(delivery.unread, viewer, since)
    found: list[dict[str, Any]] = [{"type": "hello", "count": count}]
    if since is None:
        return found
    if fresh:
        found.append({"type": "notification", "count": count})
    seen = await hub.ask(delivery.missed, viewer, since)
    return [*found, {"type": "reload"}] if seen is None else found + delivery.messages(seen)


def written(message: dict[str, Any]) -> bytes:
    """One message as the stream carries it. Its id is the instant, so that a browser can say since when it was away."""
    return b"id: %d\nevent: %s\ndata: %s\n\n" % (
        time.time() * 1000,
        message["type"].encode(),
        orjson.dumps(message),
    )


async def _send(send: Send, body: bytes) -> None:
    await send({"type": "http.response.body", "body": body, "more_body": True})


async def _answer(send: Send, status: int, text: str, more: Headers | None = None) -> None:
    await send({"type": "http.response.start", "status": status, "headers": PLAIN + (more or [])})
    await send({"type": "http.response.body", "body": text.encode()})


# -- who asks ------------------------------------------------------------------------------------------------------


def session_key(headers: dict[str, str]) -> str:
    """The session cookie, or nothing."""
    try:
        morsel = SimpleCookie(headers.get("cookie", "")).get(settings.SESSION_COOKIE_NAME)
    except CookieError:
        return ""
    key = morsel.value if morsel else ""
    return key if 8 <= len(key) <= 60 and key.isascii() and key.isalnum() else ""


def _since(headers: dict[str, str]) -> dt.datetime | None:
    text = headers.get("last-event-id", "")
    if not text.isascii() or not text.isdigit() or len(text) > 14:
        return None
    return dt.datetime.fromtimestamp(int(text) / 1000, dt.UTC) - dt.timedelta(seconds=5)


def _host_fits(headers: dict[str, str]) -> bool:
    domain, _port = split_domain_port(headers.get("host", ""))
    return bool(domain) and validate_host(domain, settings.ALLOWED_HOSTS)


def origin_fits(origin: str, host: str) -> bool:
    """Whether a page from there may listen: the same origin (which sends none), or our pages on their own port."""
    if not origin:
        return True
    if origin == settings.KLIENTEL_URL:
        return True
    if settings.KLIENTEL_URL:
        return False
    here = urlsplit(f"//{host}")
    return origin == f"http://{here.hostname}:{settings.SETUP.port}" or origin == f"http://{host}"


def _crossing(origin: str) -> Headers:
    if not origin:
        return []
    return [
        (b"access-control-allow-origin", origin.encode()),
        (b"access-control-allow-credentials", b"true"),
        (b"vary", b"origin"),
    ]
