"""Notifications in browsers: by a push service that really decrypts, at most once, saying no more than was chosen."""

from __future__ import annotations

import http.server
import json
import threading
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.db import connection
from django.urls import reverse

from klientel.channels.jobs.pushing import QUEUE, look, push_due
from klientel.channels.models import PushLetter, PushPlace
from klientel.channels.queries import push
from klientel.kernel import writing
from klientel.kernel.access.models import Member
from klientel.kernel.actions import run
from klientel.kernel.events.surroundings import working_in
from klientel.kernel.identity.actor import Actor
from klientel.kernel.live import notifications
from klientel.kernel.live.notifications import Told
from klientel.kernel.tenancy import current, inside
from klientel.kernel.testing import make
from klientel.kernel.web.tests.conftest import actor, client, desk
from klientel.lib import webpush
from klientel.lib.ids import uuid7

__all__ = ["actor", "client", "desk"]
pytestmark = pytest.mark.django_db
SESSION = "0123456789abcdef"


class Browser:
    """What a browser keeps of a subscription; it reads what is pushed (RFC 8291, the receiving side)."""

    def __init__(self, service: Any, path: str) -> None:
        self.key, self.auth = ec.generate_private_key(webpush.CURVE), uuid7().bytes
        self.endpoint = f"{service.at}/{path}"

    @property
    def said(self) -> dict[str, Any]:
        keys = {"p256dh": webpush.text_of(webpush.public(self.key)), "auth": webpush.text_of(self.auth)}
        return {"endpoint": self.endpoint, "expirationTime": None, "keys": keys}

    def read(self, body: bytes) -> dict[str, Any]:
        salt, sender = body[:16], body[21 : 21 + body[20]]
        shared = self.key.exchange(ec.ECDH(), webpush.point(sender))

        def derive(secret: bytes, salt: bytes, info: bytes, n: int) -> bytes:
            return HKDF(hashes.SHA256(), n, salt, info).derive(secret)

        material = derive(shared, self.auth, b"WebPush: info\0" + webpush.public(self.key) + sender, 32)
        key = derive(material, salt, b"Content-Encoding: aes128gcm\0", 16)
        nonce = derive(material, salt, b"Content-Encoding: nonce\0", 12)
        return dict(json.loads(AESGCM(key).decrypt(nonce, body[21 + body[20] :], None).rstrip(b"\2")))


@pytest.fixture
def service(settings: Any) -> Iterator[Any]:
    """A push service that keeps what it is sent and answers what it is told to."""
    kept = SimpleNamespace(got=[], answers=[])

    class Pushes(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            kept.got.append((dict(self.headers), self.rfile.read(int(self.headers["Content-Length"]))))
            answer = kept.answers.pop(0) if kept.answers else 201
            if answer:
                self.send_response(answer)
                self.send_header("Content-Length", "0")
                self.end_headers()

        def log_message(self, *_args: object) -> None:
            """Quiet."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Pushes)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    settings.KLIENTEL_EGRESS_ALLOW = f"*=127.0.0.1:{server.server_port}"
    kept.at = f"http://127.0.0.1:{server.server_port}"
    yield kept
    server.shutdown()
    server.server_close()


@pytest.fixture
def browser(service: Any, anna: Actor) -> Browser:
    made = Browser(service, "anna")
    subscribe(anna, made)
    return made


def subscribe(who: Actor, browser: Browser) -> PushPlace:
    assert who.member is not None
    return push.take(who.member, browser.said, session=SESSION, device="Firefox on Linux")


def tell(who: Actor, about: Any, *, kind: str = "changed", key: str = "") -> None:
    assert who.member is not None
    told = Told(who.member, kind, key or str(uuid7()), "contacts.person", about.pk, params={"name": "Boris Blau"})
    notifications.tell([told])


def deliver() -> None:
    with working_in(current()):
        push_due()


def later() -> None:
    with connection.cursor() as cursor:
        cursor.execute("UPDATE channels_pushletter SET due_at = now() - interval '1 second'")


def test_it_arrives_at_its_browser_alone_and_says_no_names(anna: Actor, service: Any, browser: Browser) -> None:
    one = make(anna, "contacts.person", last_name="Meyer")
    tell(anna, one)
    deliver()
    [(headers, body)] = service.got
    told = browser.read(body)
    assert told["url"] == reverse("record", args=["persons", one.pk]) and told["title"]
    assert "Meyer" not in str(told) and "Boris" not in str(told) and told["body"]
    assert (headers["Content-Encoding"], headers["TTL"]) == ("aes128gcm", "86400")
    assert headers["Authorization"].startswith("vapid t=") and push.public_key() in headers["Authorization"]
    assert b"Meyer" not in body and not PushLetter.objects.exists()
    assert PushPlace.objects.get().told_at is not None


def test_who_wants_whole_sentences_gets_them_and_kinds_not_wanted_stay_away(
    anna: Actor, service: Any, browser: Browser
) -> None:
    one = make(anna, "contacts.person", last_name="Meyer")
    push.choose(UUID(str(anna.member)), wording="whole", wanted={"changed"})
    tell(anna, one)
    tell(anna, one, kind="mentioned")
    deliver()
    [(_headers, body)] = service.got
    said = browser.read(body)["body"]
    assert "Boris Blau" in said and "Meyer" in said


def test_it_is_pushed_once_however_often_the_same_is_told(anna: Actor, service: Any, browser: Browser) -> None:
    one = make(anna, "contacts.person")
    for _n in range(2):
        tell(anna, one, key="same")
        deliver()
    assert len(service.got) == 1


@pytest.mark.parametrize("answer", [404, 410])
def test_a_browser_that_is_gone_is_forgotten(anna: Actor, service: Any, browser: Browser, answer: int) -> None:
    service.answers = [answer]
    one = make(anna, "contacts.person")
    tell(anna, one)
    tell(anna, one)
    deliver()
    assert len(service.got) == 1 and not PushPlace.objects.exists() and not PushLetter.objects.exists()


def test_what_was_refused_for_now_is_tried_again_and_given_up_in_the_end(
    anna: Actor, service: Any, browser: Browser
) -> None:
    tell(anna, make(anna, "contacts.person"))
    service.answers = [503, 429, 201]
    for _n in range(4):
        deliver()
        later()
    assert len(service.got) == 3 and not PushLetter.objects.exists()
    tell(anna, make(anna, "contacts.person"))
    service.answers = [500] * 20
    for _n in range(9):
        deliver()
        later()
    assert len(service.got) == 3 + 5 and not PushLetter.objects.exists()
    assert "500" in PushPlace.objects.get().trouble


def test_what_may_have_arrived_is_never_sent_again(anna: Actor, service: Any, browser: Browser) -> None:
    tell(anna, make(anna, "contacts.person"))
    service.answers = [0]  # taken, and the line ends without an answer
    deliver()
    later()
    deliver()
    assert len(service.got) == 1 and not PushLetter.objects.exists()


def test_what_a_lost_worker_had_under_way_is_given_up(anna: Actor, service: Any, browser: Browser) -> None:
    tell(anna, make(anna, "contacts.person"))
    with writing.door():
        PushLetter.objects.update(under_way=True)
    later()
    with working_in(current()):
        look()
    deliver()
    assert service.got == [] and not PushLetter.objects.exists()


def test_what_was_read_meanwhile_or_may_not_be_seen_any_more_is_not_pushed(
    anna: Actor, service: Any, browser: Browser
) -> None:
    tell(anna, make(anna, "contacts.person"))
    notifications.mark_read(UUID(str(anna.member)))
    tell(anna, SimpleNamespace(pk=uuid7()))
    deliver()
    assert service.got == [] and not PushLetter.objects.exists()


def test_private_addresses_are_not_reached(anna: Actor, service: Any, browser: Browser, settings: Any) -> None:
    settings.KLIENTEL_EGRESS_ALLOW = ""
    tell(anna, make(anna, "contacts.person"))
    deliver()
    assert service.got == [] and PushPlace.objects.get().trouble and not PushLetter.objects.exists()


def test_who_is_gone_takes_their_browsers_along(anna: Actor, boris: Actor, service: Any) -> None:
    subscribe(boris, Browser(service, "boris"))
    tell(boris, make(anna, "contacts.person"))
    run(anna, "kernel.member.archive", Member.objects.get(pk=boris.member).pk)
    deliver()
    assert service.got == [] and not PushPlace.objects.exists()


def test_nothing_readable_of_a_browser_is_stored(browser: Browser) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT p::text FROM channels_pushplace p")
        [(row,)] = cursor.fetchall()
    assert browser.endpoint not in row and browser.said["keys"]["auth"] not in row
    assert push.where(PushPlace.objects.get()).endpoint == browser.endpoint


def test_a_rolled_back_notification_is_not_pushed_and_nobody_pays_who_wants_none(anna: Actor, boris: Actor) -> None:
    tell(anna, make(anna, "contacts.person"))
    assert not PushLetter.objects.exists()
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM kernel_wake WHERE queue = %s", [QUEUE])
        assert cursor.fetchone() == (0,)


def test_signing_out_in_a_browser_ends_it_there(client: Any, actor: Actor, service: Any) -> None:
    at = reverse("push_browsers")
    said = json.dumps(Browser(service, "a").said)
    fetched = {"HTTP_X_REQUESTED_WITH": "fetch"}
    assert client.post(at, {"op": "on", "subscription": said}, **fetched).status_code == 200
    subscribe(actor, Browser(service, "elsewhere"))
    client.post(reverse("account_logout"))
    assert [p.session for p in PushPlace.objects.all()] == [push.digest(SESSION)]


def test_the_page_shows_browsers_removes_them_and_keeps_the_choice(
    client: Any, tenant: Any, actor: Actor, boris: Actor, service: Any
) -> None:
    at = reverse("push_browsers")
    mine = subscribe(actor, Browser(service, "a"))
    other = subscribe(boris, Browser(service, "b"))
    page = client.get(at).content.decode()
    assert "Firefox on Linux" in page and push.public_key() in page and page.count('value="remove ') == 1
    assert client.post(at, {"op": "choose", "wording": "whole", "pushed": ["mentioned"]}).status_code == 302
    chosen = push.choice_of(UUID(str(actor.member)))
    assert chosen.wording == "whole" and "changed" in chosen.silent and "mentioned" not in chosen.silent
    assert client.post(at, {"op": "choose", "wording": "loud"}).status_code == 422
    client.post(at, {"op": f"remove {other.pk}"})
    client.post(at, {"op": f"remove {mine.pk}"})
    assert list(PushPlace.objects.all()) == [other]
    for bad in ("", "[]", "{}", '{"endpoint": "x", "keys": {"p256dh": "AA", "auth": "AA"}}'):
        fetched = {"HTTP_X_REQUESTED_WITH": "fetch"}
        assert client.post(at, {"op": "on", "subscription": bad}, **fetched).status_code == 422
    assert reverse("push_browsers") in client.get(reverse("notice_choice")).content.decode()
    worker = client.get(reverse("push_worker"))
    assert worker["Content-Type"] == "text/javascript" and b"showNotification" in worker.content


def test_browsers_of_another_tenant_are_not_told(anna: Actor, cleo: Actor, service: Any, browser: Browser) -> None:
    with inside(cleo.tenant):
        assert not PushPlace.objects.exists()
        tell(cleo, make(cleo, "contacts.person"))
        deliver()
    assert service.got == []
