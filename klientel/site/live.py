"""The live process's door: ASGI, served by granian. The session cookie knows no ports, so it comes along."""

from __future__ import annotations

import asyncio
import os
import signal

import django
from django.apps import apps

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "klientel.site.settings")
if not apps.ready:
    django.setup()

from klientel.kernel.live.stream import Application

FAREWELL = 0.3  # seconds in which open streams say goodbye, so that browsers come back at once to whoever serves next

application = Application()


def run(host: str, port: int) -> None:
    """Serve until SIGTERM or Ctrl+C, in this one process."""
    asyncio.run(_serve(host, port))


async def _serve(host: str, port: int) -> None:
    from granian.constants import Interfaces  # noqa: PLC0415 - any other ASGI server may serve `application`
    from granian.server.embed import Server  # noqa: PLC0415

    server = Server(
        application, address=host, port=port, interface=Interfaces.ASGINL, websockets=False, log_enabled=False
    )
    loop = asyncio.get_running_loop()

    def stop() -> None:
        application.close()
        loop.call_later(FAREWELL, server.stop)

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)
    await server.serve()
