"""Sign-in over TLS and STARTTLS with a certificate of a self-made authority; without that trust nothing is said."""

from __future__ import annotations

import datetime as dt
import socket
import ssl
from ipaddress import ip_address
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from klientel.channels.jobs.sending import deliver
from klientel.channels.models import Account, Delivery
from klientel.channels.tests.conftest import Sink, free_port
from klientel.channels.tests.test_sending import person, write_to
from klientel.kernel.actions import run

pytestmark = pytest.mark.django_db


def named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def certificate(subject: str, key: Any, issuer: str, signing: Any, *, ca: bool) -> x509.Certificate:
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(named(subject)).issuer_name(named(issuer)).public_key(key.public_key())
        .serial_number(x509.random_serial_number()).not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=2))
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signing.public_key()), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )  # fmt: skip
    if ca:
        usage = x509.KeyUsage(False, False, False, False, False, True, True, False, False)
        made = made.add_extension(usage, critical=True)
    return made.sign(signing, hashes.SHA256())


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """An authority of our own, and a server's certificate by it."""
    folder = tmp_path_factory.mktemp("ca")
    top, own = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    root = certificate("Test CA", top, "Test CA", top, ca=True)
    leaf = certificate("127.0.0.1", own, "Test CA", top, ca=False)
    pem = serialization.Encoding.PEM
    (folder / "ca.pem").write_bytes(root.public_bytes(pem))
    (folder / "leaf.pem").write_bytes(leaf.public_bytes(pem))
    (folder / "key.pem").write_bytes(
        own.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return folder


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
