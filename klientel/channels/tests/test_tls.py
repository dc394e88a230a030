"""Sign-in over TLS and STARTTLS with a certificate of a self-made authority; without that trust nothing is said."""

from __future__ import annotations

import socket
import ssl
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult

from klientel.channels.jobs.sending import deliver
from klientel.channels.models import Account, Delivery
from klientel.channels.tests.conftest import Sink, free_port
from klientel.channels.tests.test_sending import person, write_to
from klientel.kernel.actions import run

pytestmark = pytest.mark.django_db


class Server(Controller):
    """Takes mail only from who signed in, and only encrypted."""

    def __init__(self, handler: Any, *, implicit: bool, folder: Any) -> None:
        self.known: list[tuple[bytes, bytes]] = []
        self.context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        self.context.load_cert_chain(folder / "leaf.pem", folder / "key.pem")
        self.implicit = implicit
        more = {"ssl_context": self.context} if implicit else {}
        super().__init__(handler, hostname="127.0.0.1", port=free_port(), **more)

    def _trigger_server(self) -> None:
        """Knock without encryption: the base class would take the server's side of it for the client's."""
        with socket.create_connection(("127.0.0.1", self.port), 1.0):
            pass

    def factory(self) -> SMTP:
        more: dict[str, Any] = {} if self.implicit else {"tls_context": self.context, "require_starttls": True}
        return SMTP(
            self.handler, hostname="sink.test", authenticator=self._judge, auth_required=True,
            auth_require_tls=not self.implicit, **more,
        )  # fmt: skip

    def _judge(self, _server: Any, _session: Any, _envelope: Any, mechanism: str, data: Any) -> AuthResult:
        self.known.append((data.login, data.password))
        good = (data.login, data.password) == (b"vertrieb", b"geheim-7")
        return AuthResult(success=good, handled=False)


@pytest.mark.parametrize("security", ["tls", "starttls"])
@pytest.mark.parametrize(
    ("trusted", "password", "sent"), [(True, "geheim-7", 1), (True, "falsch", 0), (False, "geheim-7", 0)]
)
def test_mail_goes_only_encrypted_signed_in_and_to_whom_the_certificate_says(
    anna: Any, authority: Any, settings: Any, monkeypatch: Any, security: str, trusted: bool, password: str, sent: int
) -> None:
    settings.KLIENTEL_EGRESS_ALLOW = "*=127.0.0.1"
    if trusted:
        monkeypatch.setenv("SSL_CERT_FILE", str(authority / "ca.pem"))
    sink = Sink()
    server = Server(sink, implicit=security == "tls", folder=authority)
    server.start()
    try:
        account = run(
            anna, "channels.account.create", name="Vertrieb", address="vertrieb@hansewerk.de", host="127.0.0.1",
            port=server.port, security=security, login="vertrieb", per_second=500,
        ).record  # fmt: skip
        run(anna, "channels.account.set_password", account.id, password=password)
        write_to(anna, person(anna))
        deliver(account=account.id)
    finally:
        server.stop()
    assert len(sink.mails) == sent
    assert Delivery.objects.get().state == ("accepted" if sent else "waiting")
    assert Account.objects.get().state == ("active" if sent else "failed")
    assert (not server.known) == (not trusted)
    assert password not in Account.objects.get().trouble
