"""The streams of browsers: who gets one, what it carries, when it ends."""

from __future__ import annotations

import asyncio
import time
from http.cookies import SimpleCookie

import orjson
import pytest
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.db import connection, transaction

from klientel.kernel.access.models import Membership
from klientel.kernel.actions import run
from klientel.kernel.events.consumers import get
from klientel.kernel.identity.models import User
from klientel.kernel.live import hub, signals
from klientel.kernel.live.stream import Application, origin_fits, session_key
from klientel.kernel.tenancy import inside
from klientel.kernel.testing import make_tenant
from klientel.kernel.testing.cast import ALL, NARROW
from klientel.kernel.testing.making import make_member

pytestmark = pytest.mark.usefixtures("transactional_db")


class Browser:
    """Asks for the stream and keeps what comes."""

    def __init__(self, app, session="", **headers):
        self.app, self.status, self.messages, self.ended = app, 0, [], False
        given = {"host": "localhost", "cookie": f"session={session}"} | headers
        self.scope = {
            "type": "http",
            "method": "GET",
            "path": "/live",
            "headers": [(k.replace("_", "-").encode(), v.encode()) for k, v in given.items()],
        }
        self.leave = asyncio.Event()
        self.task = asyncio.ensure_future(app(self.scope, self.receive, self.send))

    async def receive(self):
        await self.leave.wait()
        return {"type": "http.disconnect"}

    async def send(self, message):
        if message["type"] == "http.response.start":
            self.status, self.headers = message["status"], dict(message["headers"])
        for line in message.get("body", b"").split(b"\n"):
            if line.startswith(b"data: "):
                self.messages.append(orjson.loads(line[6:]))
        self.ended = self.ended or (message["type"] == "http.response.body" and not message.get("more_body"))

    async def until(self, true, seconds=60.0):
        end = time.monotonic() + seconds
        while not true() and time.monotonic() < end:
            await asyncio.sleep(0.01)
        assert true(), (self.status, self.messages)
        return self

    async def open(self):
        await self.until(lambda: self.messages or self.ended)
        listening = self.app.hub
        await self.until(lambda: listening is not None)
        return self

    async def close(self):
        self.leave.set()
        await self.task


def login(actor, name):
    """A session of a login that is this member."""
    user = User.objects.create(email=f"{name}@example.org", name=name, password="x")
    Membership.objects.create(user_id=user.pk, tenant_id=actor.tenant, member_id=actor.member)
    store = SessionStore()
    store[SESSION_KEY], store[HASH_SESSION_KEY] = str(user.pk), user.get_session_auth_hash()
    store[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
    store.save()
    return store.session_key


@pytest.fixture
def house():
    """A tenant with somebody who sees all and somebody who sees their own, signed in, committed."""
    tenant = make_tenant("hansewerk")
    with inside(tenant.pk), transaction.atomic():
        anna, boris = make_member("Anna", ALL), make_member("Boris", NARROW)
    return {"anna": (anna, login(anna, "anna")), "boris": (boris, login(boris, "boris"))}


def play(story):
    """Run a story of browsers; database work of the story itself happens in threads, as it does for real."""

    async def whole():
        app = Application()
        browsers = []

        def browser(session="", **headers):
            browsers.append(Browser(app, session, **headers))
            return browsers[-1]

        try:
            await story(browser)
        finally:
            for one in browsers:
                await one.close()
            if app.hub:
                app.hub._threads.shutdown()

    asyncio.run(whole())


async def listening():
    """Wait until the process listens."""
    for _ in range(500):
        if await off_loop(_listeners):
            return
        await asyncio.sleep(0.01)
    raise AssertionError("nobody listens")


def _listeners():
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN %%'"
        )
        return cursor.fetchone()[0]


async def off_loop(fn, *given):
    def closing():
        try:
            return fn(*given)
        finally:
            connection.close()

    return await asyncio.to_thread(closing)


def change(actor, make_it, owner=None):
    """Make a person (or change it) and let the consumer hint at it."""
    with inside(actor.tenant):
        with transaction.atomic():
            done = make_it(owner)
        with transaction.atomic():
            get("live").fn(done.events)
    return done.record


def person_of(actor):
    return lambda owner: run(actor, "contacts.person.create", last_name="Muster", owner=owner)


def test_who_gets_no_stream(house):
    async def story(browser):
        session = house["anna"][1]
        for status, one in [
            (401, browser()),
            (401, browser("a" * 32)),
            (403, browser(session, origin="https://evil.example")),
            (403, browser(session, host="evil.example")),
        ]:
            await one.until(lambda one=one: one.ended)
            assert (one.status, one.messages) == (status, [])

    play(story)


def test_pages_on_their_own_port_may_listen(settings):
    port = settings.SETUP.port
    assert origin_fits("", "localhost:1")
    assert origin_fits(f"http://localhost:{port}", "localhost:1")
    assert not origin_fits(f"http://127.0.0.1:{port}", "localhost:1")
    assert not origin_fits(f"http://localhost:{port + 7}", "localhost:1")
    settings.KLIENTEL_URL = "https://crm.example.org"
    assert origin_fits("https://crm.example.org", "crm.example.org")
    assert not origin_fits("http://crm.example.org", "crm.example.org")


@pytest.mark.parametrize(
    "cookie", ["", "session=", "session=../x", "x", "session=" + "a" * 99, "\x00;=;;", "session=é"]
)
def test_strange_cookies_are_no_session(cookie):
    assert session_key({"cookie": cookie}) == ""


def test_a_change_reaches_those_who_may_see_it(house):
    async def story(browser):
        (anna, a), (boris, b) = house["anna"], house["boris"]
        one = await browser(a, origin="http://localhost:8700").open()
        two = await browser(b).open()
        assert one.headers[b"access-control-allow-origin"] == b"http://localhost:8700"
        assert [m["type"] for m in one.messages] == ["hello"]
        await listening()
        hers = await off_loop(change, anna, person_of(anna))
        his = await off_loop(change, anna, person_of(anna), boris.member)
        await two.until(lambda: len(two.messages) > 1)
        await one.until(lambda: len(one.messages) > 2)
        assert [m["id"] for m in two.messages[1:]] == [str(his.pk)]
        assert {m["id"] for m in one.messages[1:]} == {str(hers.pk), str(his.pk)}
        assert set(one.messages[1]) == {"type", "record_type", "id", "version"}

    play(story)


def test_another_tenants_changes_are_not_heard(house):
    async def story(browser):
        one = await browser(house["anna"][1]).open()
        await listening()

        def elsewhere():
            tenant = make_tenant("elbtal")
            with inside(tenant.pk), transaction.atomic():
                cleo = make_member("Cleo", ALL)
            return change(cleo, person_of(cleo))

        await off_loop(elsewhere)
        mine = await off_loop(change, house["anna"][0], person_of(house["anna"][0]))
        await one.until(lambda: len(one.messages) > 1)
        await asyncio.sleep(0.3)
        assert [m.get("id") for m in one.messages[1:]] == [str(mine.pk)]

    play(story)


def test_unread_reaches_its_member_only(house):
    async def story(browser):
        (anna, a), (_boris, b) = house["anna"], house["boris"]
        one, two = await browser(a).open(), await browser(b).open()
        await listening()
        await off_loop(signals.unread, anna.tenant, {anna.member: 3})
        await one.until(lambda: len(one.messages) > 1)
        assert one.messages[1] == {"type": "notification", "count": 3}
        assert len(two.messages) == 1

    play(story)


@pytest.mark.parametrize(
    "deed",
    [
        "DELETE FROM django_session",
        "UPDATE kernel_membership SET active = false",
        "UPDATE kernel_user SET is_active = false",
        "UPDATE kernel_user SET stamp = 'another'",
    ],
)
def test_a_stream_ends_with_session_login_or_membership(house, deed, monkeypatch):
    monkeypatch.setattr(hub, "RECHECK", 0.1)

    def do():
        with connection.cursor() as cursor:
            cursor.execute(deed)

    async def story(browser):
        one = await browser(house["anna"][1]).open()
        await off_loop(do)
        await one.until(lambda: one.ended)
        again = browser(house["anna"][1])
        await again.until(lambda: again.ended)
        assert again.status == 401

    play(story)


def test_one_login_has_a_limit(house):
    async def story(browser):
        some = [browser(house["anna"][1]) for _ in range(hub.MOST_OF_ONE)]
        for one in some:
            await one.open()
        more = browser(house["anna"][1])
        await more.until(lambda: more.ended)
        assert more.status == 429
        await some[0].close()
        assert (await browser(house["anna"][1]).open()).status == 200

    play(story)


def test_whoever_comes_back_is_told_what_they_missed(house):
    async def story(browser):
        anna, session = house["anna"]
        person = await off_loop(change, anna, person_of(anna))
        back = browser(session, last_event_id=str(int(time.time() * 1000)))
        await back.until(lambda: any(m.get("id") == str(person.pk) for m in back.messages))
        late = browser(session, last_event_id=str(int(time.time() * 1000) - 3_600_000))
        await late.until(lambda: {"type": "reload"} in late.messages)

    play(story)


def test_a_browser_that_does_not_keep_up_is_let_go():
    stream = hub.Stream(None)
    for n in range(hub.MOST_QUEUED + 5):
        stream.put({"type": "record", "n": n})
    found = [stream.queue.get_nowait() for _ in range(stream.queue.qsize())]
    assert found[-1] is hub.END


def test_cookie_names_are_djangos(settings):
    cookie = SimpleCookie()
    cookie[settings.SESSION_COOKIE_NAME] = "a" * 32
    assert session_key({"cookie": cookie.output(header="").strip()}) == "a" * 32
