"""``python -m bench.sink PORT FILE``: a real SMTP server (aiosmtpd) that notes every message that it took.

Each line of FILE is a Message-ID, written before the sender hears that its message was taken: what stands there twice
was sent twice, whatever happens to anybody afterwards.
"""

from __future__ import annotations

import asyncio
import os
import sys
from typing import Any

from aiosmtpd.smtp import SMTP


class Taker:
    """Takes everything, one line of the file for each message."""

    def __init__(self, path: str) -> None:
        self.file = os.open(path, os.O_CREAT | os.O_APPEND | os.O_WRONLY)

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
        """Note the Message-ID."""
        head = bytes(envelope.content[:4000])
        begin = head.index(b"Message-ID: ") + len(b"Message-ID: ")
        os.write(self.file, head[begin : head.index(b"\r\n", begin)] + b"\n")
        return "250 2.0.0 taken"


async def serve(port: int, path: str) -> None:
    """Until the process is ended."""
    taker = Taker(path)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: SMTP(taker, hostname="sink.test", enable_SMTPUTF8=True, loop=loop), "127.0.0.1", port
    )
    print("ready", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), sys.argv[2]))
