"""VAT IDs asked about at a server that speaks the protocol of VIES: its answers, its faults, and who wants it."""

import datetime as dt
import http.server
import threading

import orjson
import pytest
from django.utils import translation

from klientel.channels.jobs.vies import ask_vies, note_questions
from klientel.channels.models import VatCheck
from klientel.channels.queries import vies as service
from klientel.channels.tests.conftest import free_port
from klientel.kernel import tenancy
from klientel.kernel.access import ActorScope, system_actor
from klientel.kernel.actions import run, workspace
from klientel.kernel.errors import Forbidden, Refused
from klientel.kernel.events import read
from klientel.kernel.records import type_of
from klientel.kernel.sql import Sql
from klientel.kernel.testing import make
from klientel.kernel.testing.cast import ALL
from klientel.kernel.web.tests.conftest import at_browser
from klientel.lib import clock

DE, AT = "DE136695976", "ATU13585627"


class Commission(http.server.BaseHTTPRequestHandler):
    """Answers as ``answers`` says, by number; a dict is JSON, bytes are sent as they are."""

    def do_POST(self):
        sent = orjson.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.asked.append((self.path, sent))
        said = self.server.answers.get(sent["vatNumber"], {"valid": False})
        body = said if isinstance(said, bytes) else orjson.dumps(said)
        self.send_response(200 if b"errorWrappers" not in body else 500)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


@pytest.fixture(scope="module")
def commission():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", free_port()), Commission)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def vies(tenant, anna, commission, settings):
    settings.KLIENTEL_EGRESS_ALLOW = f"*=127.0.0.1:{commission.server_port}"
    settings.KLIENTEL_VIES_URL = f"http://127.0.0.1:{commission.server_port}/rest-api"
    commission.answers, commission.asked = {}, []
    workspace.change(ActorScope(anna), {"vies": True})
    return commission


def follow():
    """Hand all events to the consumer, as the process does that follows them."""
    events = read(Sql("true"))
    note_questions(events)


def organisation(anna, vat_id=DE, **given):
    return make(anna, "contacts.organisation", vat_id=vat_id, **given)


def doubts(record):
    return list(
        type_of("kernel.warning").model.objects.filter(about__contains=[record.id]).values_list("code", flat=True)
    )


def test_nothing_is_asked_unless_the_workspace_wants_it(tenant, anna, commission):
    acme = organisation(anna)
    follow()
    assert not VatCheck.objects.exists()
    with pytest.raises(Refused) as refused:
        run(anna, "contacts.organisation.check_vat", acme.id)
    assert refused.value.code == "vies_off"


def test_a_changed_vat_id_is_asked_about_and_the_answer_kept_with_time_and_source(anna, vies):
    acme = organisation(anna)
    vies.answers[DE[2:]] = {
        "countryCode": "DE", "vatNumber": DE[2:], "requestDate": "2026-11-23T03:00:00.000Z", "valid": True,
        "requestIdentifier": "WAPIAAAA1", "name": "Acme GmbH", "address": "---",
    }  # fmt: skip
    follow()
    ask_vies()
    [check] = VatCheck.objects.all()
    assert (check.organisation, check.vat_id, check.outcome) == (acme.id, DE, "valid")
    assert (check.source, check.reference, check.trader, check.address) == ("vies", "WAPIAAAA1", "Acme GmbH", "")
    assert check.answered_at is not None and check.tries == 1
    assert vies.asked == [("/rest-api/check-vat-number", {"countryCode": "DE", "vatNumber": DE[2:]})]
    assert doubts(acme) == []
    ask_vies()
    assert len(vies.asked) == 1


def test_our_own_vat_id_goes_with_the_question(anna, vies):
    workspace.change(ActorScope(anna), {"vies_own": "AT U1358 5628"})
    assert (service.ask(DE).trouble, vies.asked) == ("own", [])
    workspace.change(ActorScope(anna), {"vies_own": "AT U1358 5627"})
    assert service.ask(DE).outcome == "invalid"
    assert vies.asked[0][1] | {"requesterMemberStateCode": "AT", "requesterNumber": AT[2:]} == vies.asked[0][1]


def test_what_the_authorities_do_not_know_is_doubted_until_it_is_mended(anna, vies):
    acme = organisation(anna)
    run(anna, "contacts.organisation.check_vat", acme.id)
    ask_vies()
    assert VatCheck.objects.get().outcome == "invalid"
    assert doubts(acme) == ["vat_unknown"]
    run(anna, "contacts.organisation.change", acme.id, name="Acme Neu")
    assert doubts(acme) == ["vat_unknown"]
    vies.answers[DE[2:]] = {"valid": True}
    run(anna, "contacts.organisation.check_vat", acme.id)
    ask_vies()
    assert doubts(acme) == []
    vies.answers[DE[2:]] = {"valid": False}
    run(anna, "contacts.organisation.check_vat", acme.id)
    run(anna, "contacts.organisation.change", acme.id, vat_id=AT)
    ask_vies()
    assert doubts(acme) == []  # it was asked about another one


@pytest.mark.parametrize(("said", "trouble"), [
    ({"actionSucceed": False, "errorWrappers": [{"error": "MS_UNAVAILABLE"}]}, "country"),
    ({"actionSucceed": False, "errorWrappers": [{"error": "MS_MAX_CONCURRENT_REQ"}]}, "busy"),
    ({"errorWrappers": [{"error": "SOMETHING_NEW"}]}, "unclear"),
    ({"valid": "perhaps"}, "unclear"),
    (b"[1]", "unclear"),
    (b"<html>gateway timeout</html>", "silent"),
])  # fmt: skip
def test_a_fault_of_the_service_is_no_verdict_and_asked_again(anna, vies, said, trouble):
    acme = organisation(anna)
    run(anna, "contacts.organisation.check_vat", acme.id)
    vies.answers[DE[2:]] = said
    ask_vies()
    check = VatCheck.objects.get()
    assert (check.outcome, check.trouble, check.tries, check.answered_at) == ("waiting", trouble, 1, None)
    assert dt.timedelta(minutes=4) < check.due_at - clock.now() < dt.timedelta(minutes=6)
    assert doubts(acme) == []
    assert len(vies.asked) == 1


@pytest.mark.parametrize(("error", "trouble"), [("INVALID_INPUT", "unread"), ("IP_BLOCKED", "refused")])
def test_what_asking_again_would_not_change_ends_at_once(anna, vies, error, trouble):
    vies.answers[DE[2:]] = {"errorWrappers": [{"error": error}]}
    run(anna, "contacts.organisation.check_vat", organisation(anna).id)
    ask_vies()
    check = VatCheck.objects.get()
    assert (check.outcome, check.trouble, check.due_at) == ("unanswered", trouble, None)


def test_after_some_tries_nobody_answered(anna, vies):
    vies.answers[DE[2:]] = {"errorWrappers": [{"error": "TIMEOUT"}]}
    run(anna, "contacts.organisation.check_vat", organisation(anna).id)
    for _n in range(9):
        check = VatCheck.objects.get()
        if check.outcome == "waiting":
            run(system_actor(), "channels.vatcheck.answer", check.pk, trouble="silent")
    check = VatCheck.objects.get()
    assert (check.outcome, check.tries) == ("unanswered", 6)


def test_why_there_is_no_answer_is_told_in_the_language_of_the_reader(anna, vies, settings):
    settings.KLIENTEL_EGRESS_ALLOW = ""
    run(anna, "contacts.organisation.check_vat", organisation(anna).id)
    ask_vies()
    check = VatCheck.objects.get()
    assert (check.outcome, check.trouble) == ("unanswered", "closed")
    kind = VatCheck._meta.get_field("trouble")
    told = {}
    for language in ("de", "en"):
        with translation.override(language):
            told[language] = kind.show(check.trouble)
    assert told["en"] == "VIES may not be reached from this server."
    assert told["de"] != told["en"]


def test_switched_off_what_still_waits_is_not_sent(anna, vies):
    run(anna, "contacts.organisation.check_vat", organisation(anna).id)
    workspace.change(ActorScope(anna), {"vies": False})
    ask_vies()
    assert VatCheck.objects.get().trouble == "off"
    assert vies.asked == []


def test_only_european_numbers_and_no_muted_import_are_asked_about(anna, boris, vies):
    organisation(anna, "CHE107787577")
    organisation(anna, "DE123")
    follow()
    assert not VatCheck.objects.exists()
    run(anna, "contacts.organisation.check_vat", organisation(anna, "CHE107787577").id)
    ask_vies()
    assert (VatCheck.objects.get().trouble, vies.asked) == ("foreign", [])
    with pytest.raises(Forbidden):
        workspace.change(ActorScope(boris), {"vies": False})


def test_the_setting_stands_beside_what_else_the_workspace_keeps(anna, vies):
    tenant = tenancy.models.Tenant.objects.get(pk=tenancy.current())
    assert tenant.settings["vies"] is True
    workspace.change(ActorScope(anna), {"vies_own": AT, "trash_days": 12})
    tenant.refresh_from_db()
    assert (workspace.value("vies", tenant), workspace.value("vies_own", tenant), tenant.trash_days) == (True, AT, 12)


def test_it_is_switched_on_and_seen_on_the_pages(anna, vies, tenant):
    page = at_browser(tenant, "Petra", ALL, "de")[0]
    drawn = {"_field": ["vies", "vies_own"]}
    assert page.post("/settings/workspace", drawn | {"vies_own": AT}).status_code == 302
    assert (workspace.value("vies"), workspace.value("vies_own")) == (False, AT)
    assert page.post("/settings/workspace", drawn | {"vies": "true", "vies_own": ""}).status_code == 302
    assert (workspace.value("vies"), workspace.value("vies_own")) == (True, "")
    assert "USt-IdNrn. bei VIES prüfen" in page.get("/settings/workspace").content.decode()
    acme = organisation(anna)
    assert page.post(f"/organisations/{acme.id}/do/check_vat").status_code in (204, 302)
    ask_vies()
    shown = page.get(f"/organisations/{acme.id}/").content.decode()
    assert "Diese USt-IdNr. ist nach Auskunft der Finanzbehörden nicht gültig." in shown
    assert "Prüfungen der USt-IdNr." in shown
