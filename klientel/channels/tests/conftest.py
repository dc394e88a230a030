"""A real SMTP server that counts by Message-ID and errs as it is told."""

from __future__ import annotations

import asyncio
import email
import os
import socket
import time
from collections import Counter

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult

from klientel.channels.tests.certificates import authority
from klientel.channels.tests.dovecot import PROGRAM, Dovecot
from klientel.kernel.actions import run
from klientel.kernel.testing.cast import anna, boris, cleo, robot, tenant

__all__ = ["anna", "authority", "boris", "cleo", "robot", "tenant"]


class Sink:
    """Takes mail, counts it by Message-ID, and answers recipients as ``script`` says: address to list of replies."""

    def __init__(self):
        self.ids, self.mails, self.script, self.times = Counter(), [], {}, []
        self.pause = 0.0

    async def handle_RCPT(self, server, session, envelope, address, options):  # noqa: N802
        replies = self.script.get(address.lower(), [])
        if replies:
            reply = replies.pop(0)
            if reply == "drop":
                server.transport.abort()
                return "421 gone"
            if not reply.startswith("data:"):
                return reply
            envelope.later = reply.removeprefix("data:")
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):  # noqa: N802
        later = getattr(envelope, "later", "")
        if later and later != "drop":
            return later
        found = email.message_from_bytes(envelope.content)
        self.ids[found["Message-ID"]] += 1
        self.mails.append((envelope.mail_from, envelope.rcpt_tos, found))
        self.times.append(time.monotonic())
        if self.pause:  # it is taken, and the sender does not know so yet
            await asyncio.sleep(self.pause)
        if later == "drop":  # taken, but nobody hears so
            server.transport.abort()
        return "250 2.0.0 taken"


class Server(Controller):
    """The sink on a port of its own."""

    def factory(self):
        return SMTP(
            self.handler,
            enable_SMTPUTF8=True,
            hostname="sink.test",
            authenticator=lambda *args: AuthResult(success=False, handled=False),
        )


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


@pytest.fixture
def sink(settings):
    settings.KLIENTEL_EGRESS_ALLOW = "*=127.0.0.1"
    made = Sink()
    server = Server(made, hostname="127.0.0.1", port=free_port())
    server.start()
    made.port = server.port
    yield made
    server.stop()


@pytest.fixture
def account(anna, sink):
    return run(anna, "channels.account.create", name="Hansewerk Vertrieb", address="vertrieb@hansewerk.de",
               host="127.0.0.1", port=sink.port, security="none", per_second=500).record  # fmt: skip


@pytest.fixture(scope="session")
def dovecot(authority):
    if not os.path.exists(PROGRAM):
        pytest.fail("Dovecot is missing; `make setup-dev` brings it.")
    made = Dovecot(authority)
    try:
        made.start()
        yield made
    finally:
        made.stop()
