"""The whole way, with real browsers, SMTP and IMAP servers: from a stranger's form to the signature and the answer.

Nobody types anything twice: form, opt-in, lead, assignment, reminder, escalation, call, deal, quote, approval, mail
with PDF, acceptance, follow-up and the customer's answer stand on one timeline, in order.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from email.message import EmailMessage
from typing import Any

import psycopg
import pytest

from klientel.channels.tests.certificates import authority
from klientel.channels.tests.conftest import Sink, dovecot
from klientel.channels.tests.dovecot import PASSWORD, Dovecot
from klientel.channels.tests.test_tls import Server
from klientel.site.browser import System, running
from klientel.site.tests.looking import ID, Demo, scrolls_sideways, until

__all__ = ["authority", "dovecot"]
pytestmark = pytest.mark.flow
PHONE = {"viewport": {"width": 390, "height": 844}}
BELL = "(document.querySelector('#bell .dot')?.textContent || '')"
OURS, EVA = "vertrieb@reise.example", "eva.sommer@sommer-logistik.example"


@pytest.fixture
def sink(authority: Any) -> Iterator[Any]:
    """An SMTP server that takes everything from whoever signs in."""
    made: Any = Sink()
    server = Server(made, implicit=True, folder=authority)
    server.start()
    made.port = server.port
    yield made
    server.stop()


@pytest.fixture
def house(tmp_path: Any, authority: Any) -> Iterator[System]:
    """All processes, allowed to reach the mail servers of this machine."""
    with running("journey", tmp_path, KLIENTEL_EGRESS_ALLOW="reise=127.0.0.1",
                 SSL_CERT_FILE=str(authority / "ca.pem")) as made:  # fmt: skip
        yield made


class Desk:
    """The tenant by its API, and its clock."""

    def __init__(self, house: System, demo: Demo, page: Any, who: str) -> None:
        self.house, self.page = house, page
        self.headers = {"Authorization": f"Bearer {demo.token(who)}"}

    def make(self, slug: str, **values: Any) -> str:
        """A record; its id."""
        answer = self.page.request.post(f"/api/v1/{slug}", headers=self.headers, data=values)
        assert answer.status == 201, answer.text()
        return str(answer.json()["record"]["id"])

    def do(self, slug: str, one: str, verb: str, **params: Any) -> None:
        """An action."""
        at = f"/api/v1/{slug}/{one}/actions/{verb}"
        answer = self.page.request.post(at, headers=self.headers, data=params)
        assert answer.ok, answer.text()

    def all(self, slug: str, **query: str) -> list[dict[str, Any]]:
        """The records of a list."""
        answer = self.page.request.get(f"/api/v1/{slug}", headers=self.headers, params=query)
        assert answer.ok, answer.text()
        return list(answer.json()["items"])

    def hours_pass(self, lead: str, hours: int) -> None:
        """As if the lead had come so much earlier; and the alarm rings."""
        with psycopg.connect(self.house.environment["KLIENTEL_DATABASE_OWNER_URL"]) as connection:
            tenant = connection.execute("SELECT id FROM kernel_tenant WHERE slug = 'reise'").fetchone()
            assert tenant is not None
            connection.execute("SELECT set_config('klientel.tenant', %s, true)", [str(tenant[0])])
            moved = connection.execute(
                "UPDATE sales_lead SET respond_by = respond_by - make_interval(hours => %(n)s),"
                " remind_at = remind_at - make_interval(hours => %(n)s) WHERE id = %(id)s", {"n": hours, "id": lead},
            )  # fmt: skip
            assert moved.rowcount == 1
            connection.execute(
                "INSERT INTO kernel_wake (tenant_id, queue, due_at) VALUES (%s, 'timers', now())", [tenant[0]]
            )


def people(house: System, new_page: Any) -> Demo:
    """Lena leads, Rolf sells."""
    house.run("tenant", "create", "Reise GmbH", "--slug", "reise")
    logins = {}
    for name, who in (("lena", "Lena Leitner"), ("rolf", "Rolf Reimers")):
        made = house.run("user", "create", f"{name}@reise.example", "--tenant", "reise", "--name", who, "--json")
        logins[name] = json.loads(made.stdout)
    return Demo(house, new_page, {}, logins)


def set_up(desk: Desk, sink: Any, dovecot: Dovecot) -> dict[str, str]:
    """What somebody sets up once: mailbox, inbox, rules, quotes above 5 % to be approved, the form and what follows."""
    make, member = desk.make, {one["title"].split()[0].lower(): str(one["id"]) for one in desk.all("members")}
    account = make("mail-accounts", name="Reise Vertrieb", address=OURS, host="127.0.0.1", port=sink.port,
                   security="tls", login="vertrieb", fetching=True, imap_host="127.0.0.1", imap_port=dovecot.port,
                   imap_security="tls")  # fmt: skip
    desk.do("mail-accounts", account, "set_password", password=PASSWORD)
    make("mail-folders", account=account, name="INBOX", level="all")
    team = make("teams", name="Vertrieb")
    make("lead-inboxes", team=team, respond_within=600, remind_before=120, escalate_to=member["lena"])
    make("lead-shares", rule=make("lead-rules", name="Alle", position=1, team=team), member=member["rolf"], weight=1)
    make("score-rules", name="Hat ein Unternehmen", points=25,
         condition={"field": "organisation", "op": "not_empty"})  # fmt: skip
    make("quote-forms", name="Unser Brief", approval_above="5", approver=member["lena"], standard_rate="19",
         reduced_rate="7")  # fmt: skip
    wording = make("consent-texts", name="Neues", purpose=make("purposes", name="Neues aus dem Lager"), channel="mail",
                   language="de", text="Ja, schreiben Sie mir.")  # fmt: skip
    asked = ["person.first_name", "person.last_name", "person.emails", "organisation.name"]
    form = make("forms", name="Leitfaden", heading="Leitfaden Lagertechnik", path="leitfaden", language="de",
                interest="Leitfaden Lagertechnik", account=account, campaign="Herbst", team=team,
                parts=[*({"role": "field", "field": one, "required": True} for one in asked),
                       {"role": "consent", "wording": wording}])  # fmt: skip
    desk.do("forms", form, "publish")
    return {"account": account, **member}


def mail_to(sink: Any, address: str, page: Any) -> Any:
    """The next mail that somebody gets."""
    for _ in range(1200):
        for place, (_sender, recipients, message) in enumerate(sink.mails):
            if recipients == [address]:
                del sink.mails[place]
                return message
        page.wait_for_timeout(50)
    raise AssertionError(f"no mail to {address}; {[m[1] for m in sink.mails]}")


def link_in(message: Any, way: str) -> str:
    """The link of a mail that leads to ``way``, without the host."""
    text = next(one for one in message.walk() if one.get_content_type() == "text/plain")
    found = re.search(rf"https?://[^/\s]+(/{way}/\S+)", text.get_payload(decode=True).decode())
    assert found is not None
    return found[1]


def told(page: Any, text: str) -> None:
    """The list of notifications says it, before long."""
    page.goto("/notifications")
    for _ in range(240):
        if page.get_by_text(text).count():
            return
        page.wait_for_timeout(250)
        page.reload()
    raise AssertionError(f"{text}: {page.inner_text('main')}")


def visitor_asks(house: System, new_page: Any, sink: Any) -> None:
    """A stranger fills in the form on a phone, and confirms by the link of the mail."""
    phone = new_page(house.url, **PHONE)
    phone.goto("/page/reise/leitfaden?utm_source=messe")
    phone.get_by_label("Vorname").fill("Eva")
    phone.get_by_label("Nachname").fill("Sommer")
    phone.get_by_label("E-Mail").fill(EVA)
    phone.get_by_label("Organisation").fill("Sommer Logistik GmbH")
    phone.get_by_label("Ja, schreiben Sie mir.").check()
    phone.wait_for_timeout(2100)  # nobody is quicker
    phone.get_by_role("button", name="Senden").click()
    phone.get_by_role("heading", name="Vielen Dank").wait_for()
    phone.goto(link_in(mail_to(sink, EVA, phone), "confirm"))
    phone.get_by_role("button", name="Ja, ich bestätige").click()
    phone.get_by_role("heading", name="Vielen Dank, das ist bestätigt").wait_for()
    assert phone.context.cookies() == [] and not scrolls_sideways(phone)


def scored(desk: Desk) -> list[dict[str, Any]]:
    """The leads, when their score is there."""
    for _ in range(240):
        found = desk.all("leads")
        if found and all(one["score"] is not None for one in found):
            break
        desk.page.wait_for_timeout(250)
    return found


def nobody_reacts(desk: Desk, rolf: Any, lena: Any, lead: str) -> None:
    """Whoever does nothing is reminded; then whoever leads hears of it."""
    desk.hours_pass(lead, 9)
    told(rolf, "Bald zu beantworten")
    desk.hours_pass(lead, 2)
    told(lena, "Nicht rechtzeitig beantwortet")


def called_and_converted(rolf: Any, lead: str) -> str:
    """Two clicks for the call, one for the deal."""
    rolf.goto(f"/leads/{lead}/call")
    rolf.fill("#call-notes", "Will drei Regale sehen")
    rolf.get_by_role("button", name="Erreicht", exact=True).click()
    rolf.wait_for_url(re.compile(rf"/leads/{lead}/$"))
    rolf.goto(f"/leads/{lead}/do/convert")
    rolf.locator(".form-foot .primary").click()
    rolf.wait_for_url(re.compile(rf"/(leads/{lead}|deals/{ID})/$"))
    rolf.goto("/deals/board")
    card = rolf.locator("[data-card]").first
    card.wait_for()
    return str(card.get_attribute("data-card"))


def quoted_and_approved(rolf: Any, lena: Any, his: Desk, deal: str) -> str:
    """Eight per cent are more than Rolf may give alone: Lena says yes on her phone."""
    person = his.all("persons")[0]
    quote = his.make("quotes", name="Drei Regale", deal=deal, person=str(person["id"]),
                     positions=[{"name": "Regal", "quantity": "3", "price": "1200", "discount": "8"}])  # fmt: skip
    rolf.goto(f"/quotes/{quote}/do/ask_approval")
    rolf.locator(".form-foot .primary").click()
    rolf.wait_for_url(re.compile(rf"/quotes/{quote}/$"))
    told(lena, "bittet um Freigabe")
    lena.set_viewport_size(PHONE["viewport"])
    lena.goto(f"/quotes/{quote}/approval")
    lena.get_by_role("button", name="Freigeben").click()
    lena.wait_for_url(re.compile(rf"/quotes/{quote}/"))
    return quote


def mailed_and_accepted(house: System, new_page: Any, rolf: Any, sink: Any, quote: str) -> Any:
    """With its PDF to the customer, who signs; the mail."""
    rolf.goto(f"/quotes/{quote}/do/mail")
    rolf.locator(".form-foot .primary").click()
    rolf.wait_for_url(re.compile(rf"/quotes/{quote}/$"))
    message = mail_to(sink, EVA, rolf)
    assert any(one.get_payload(decode=True)[:4] == b"%PDF" for one in message.walk() if not one.is_multipart())
    phone = new_page(house.url, **PHONE)
    phone.goto(link_in(message, "offer"))
    phone.fill("[name=name]", "Eva Sommer")
    phone.check("[name=agree]")
    phone.get_by_role("button", name="Zahlungspflichtig annehmen").click()
    phone.get_by_text("Angenommen am").wait_for()
    return message


def answered(dovecot: Dovecot, message: Any) -> None:
    """The customer answers that mail from their own program."""
    reply = EmailMessage()
    reply["From"], reply["To"], reply["Subject"] = f"Eva Sommer <{EVA}>", OURS, f"AW: {message['Subject']}"
    reply["Message-ID"], reply["In-Reply-To"] = "<antwort-1@sommer-logistik.example>", message["Message-ID"]
    reply["References"], reply["Date"] = message["Message-ID"], "Mon, 23 Nov 2026 10:00:00 +0100"
    reply.set_content("Guten Tag,\n\nbitte liefern Sie an Tor 4.\n\nEva Sommer")
    dovecot.put("vertrieb", reply.as_bytes())


def test_from_a_strangers_form_to_the_signature_and_the_answer(
    house: System, new_page: Any, sink: Any, dovecot: Dovecot
) -> None:
    demo = people(house, new_page)
    lena, rolf = demo.page("lena"), demo.page("rolf")
    desk, his = Desk(house, demo, lena, "lena"), Desk(house, demo, rolf, "rolf")
    known = set_up(desk, sink, dovecot)
    rolf.goto("/")
    rolf.wait_for_load_state("networkidle")
    heard = rolf.evaluate(BELL)
    visitor_asks(house, new_page, sink)
    until(rolf, f"{BELL} !== {heard!r}")  # nobody reloaded his page
    [lead] = scored(desk)
    assert (lead["owner"], lead["score"], lead["campaign"]) == (known["rolf"], 25, "Herbst")
    nobody_reacts(desk, rolf, lena, str(lead["id"]))
    deal = called_and_converted(rolf, str(lead["id"]))
    quote = quoted_and_approved(rolf, lena, his, deal)
    message = mailed_and_accepted(house, new_page, rolf, sink, quote)
    rolf.goto("/tasks/")
    rolf.get_by_role("link", name=re.compile("wurde angenommen")).first.wait_for()
    answered(dovecot, message)
    lena.goto("/mailboxes")
    lena.get_by_role("button", name="Jetzt abrufen").click()
    [eva] = desk.all("persons")
    rolf.goto(f"/persons/{eva['id']}/")
    for _ in range(240):
        if rolf.get_by_text("AW: Unser Angebot").count():
            break
        rolf.wait_for_timeout(250)
        rolf.reload()
    told_of = rolf.locator(".tl").inner_text()
    wanted = [
        "AW: Unser Angebot",
        "angenommen",
        "per E-Mail gesendet",
        "Regale sehen",
        "bestätigt",
        "Leitfaden Lagertechnik",
    ]
    places = [told_of.rfind(text) for text in wanted]
    assert -1 not in places and places == sorted(places), (dict(zip(wanted, places, strict=True)), told_of)
