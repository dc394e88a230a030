"""The way out: no way into one's own network, no redirect there, an end in time and size."""

import http.server
import threading
import time
from ipaddress import ip_address

import pytest

from klientel.channels.egress import Blocked, Failure, Place, Request, fetch, imap, open_line
from klientel.channels.egress.addresses import is_public, read_allowed, resolve
from klientel.channels.tests.conftest import free_port
from klientel.kernel.tenancy import inside


@pytest.mark.parametrize("text", [
    "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1",
    "255.255.255.255", "168.63.129.16", "::1", "::", "fe80::1", "fc00::1", "fd00:ec2::254", "fec0::1", "ff02::1",
    "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::127.0.0.1", "2002:7f00:1::", "2002:a00:1::1", "64:ff9b::7f00:1",
    "64:ff9b::a9fe:a9fe", "64:ff9b:1::a00:1", "2001::1", "192.88.99.1", "198.18.0.1", "203.0.113.9", "240.0.0.1",
])  # fmt: skip
def test_no_form_of_an_inner_address_is_public(text):
    assert not is_public(ip_address(text))


@pytest.mark.parametrize("text", ["9.9.9.9", "2620:fe::fe", "::ffff:9.9.9.9", "64:ff9b::909:909"])
def test_public_addresses_are(text):
    assert is_public(ip_address(text))


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "127.1", "0x7f.1", "2130706433", "0177.1", "::1", ""])
def test_no_spelling_of_ones_own_machine_is_resolved(tenant, host):
    with pytest.raises((Blocked, OSError)):
        resolve(host, 443, "http")


def test_only_known_ports_of_public_places(tenant):
    assert resolve("9.9.9.9", 443, "http")[0].address == "9.9.9.9"
    for port in (22, 25, 5432, 80, 0, 70000):
        with pytest.raises(Blocked):
            resolve("9.9.9.9", port, "http")


def test_the_administrator_allows_a_place_to_one_tenant(tenant, cleo, settings):
    settings.KLIENTEL_EGRESS_ALLOW = "hansewerk=10.0.0.5:25 hansewerk=fd00::/8"
    assert resolve("10.0.0.5", 25, "smtp")[0].allowed
    assert resolve("fd00::7", 993, "smtp")[0].allowed
    for host, port in (("10.0.0.5", 587), ("10.0.0.6", 25)):
        with pytest.raises(Blocked):
            resolve(host, port, "smtp")
    with inside(cleo.tenant), pytest.raises(Blocked):
        resolve("10.0.0.5", 25, "smtp")


@pytest.mark.parametrize("text", ["10.0.0.5", "x=nonsense", "=10.0.0.1", "x=10.0.0.1:http"])
def test_a_wrong_allowance_is_refused(text):
    with pytest.raises(ValueError, match=r"."):
        read_allowed(text)


class Pages(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.seen.append((self.path, self.headers["Host"], self.headers["Authorization"]))
        if self.path == "/inside":
            self.send_response(302)
            self.send_header("Location", "http://127.0.0.2:22/secret")
            self.end_headers()
            return
        self.send_response(200)
        self.end_headers()
        if self.path == "/slow":
            for _n in range(40):
                try:
                    self.wfile.write(b"x")
                    self.wfile.flush()
                except OSError:
                    return
                time.sleep(0.1)
        else:
            self.wfile.write(b"y" * (5000 if self.path == "/large" else 2))

    def log_message(self, *args):
        pass


@pytest.fixture
def pages(tenant, settings):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", free_port()), Pages)
    server.daemon_threads, server.seen = True, []
    threading.Thread(target=server.serve_forever, daemon=True).start()
    settings.KLIENTEL_EGRESS_ALLOW = f"*=127.0.0.1:{server.server_port}"
    server.at = f"http://127.0.0.1:{server.server_port}"
    yield server
    server.shutdown()
    server.server_close()


def test_an_allowed_place_is_fetched_without_the_proxy_of_the_environment(pages, monkeypatch):
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    assert fetch(Request("GET", f"{pages.at}/hello")).body == b"yy"
    assert pages.seen[0][1] == pages.at.removeprefix("http://")


def test_a_redirect_is_not_followed_or_checked_like_the_first_place(pages):
    assert fetch(Request("GET", f"{pages.at}/inside")).status == 302
    with pytest.raises(Blocked):
        fetch(Request("GET", f"{pages.at}/inside", {"Authorization": "secret"}), redirects=3)


def test_size_and_time_have_an_end(pages):
    cut = fetch(Request("GET", f"{pages.at}/large"), most=1000)
    assert (len(cut.body), cut.cut) == (1000, True)
    begun = time.monotonic()
    with pytest.raises(TimeoutError):
        fetch(Request("GET", f"{pages.at}/slow"), seconds=0.7)
    assert time.monotonic() - begun < 2.5


@pytest.mark.parametrize("url", [
    "ftp://x.de/", "http://9.9.9.9/", "https://a:b@9.9.9.9/", "https:///", "gopher://x",
    "https://9.9.9.9:99999/", "https://9.9.9.9/a b", "https://9.9.9.9/\r\nX: y",
])  # fmt: skip
def test_other_addresses_are_refused_before_anything_is_sent(tenant, url):
    with pytest.raises(Blocked):
        fetch(Request("GET", url))


def test_a_server_without_a_proper_certificate_gets_no_mail(sink, tenant):
    with pytest.raises(Failure) as refused:
        open_line(Place("127.0.0.1", sink.port, "starttls"))
    assert refused.value.stage == "tls"


def test_a_password_never_goes_over_an_open_line(sink, tenant):
    with pytest.raises(Failure) as refused:
        open_line(Place("127.0.0.1", sink.port, "none", "anna", "geheim"))
    assert refused.value.stage == "login"


@pytest.mark.parametrize(
    ("said", "instant"),
    [(b'UID 1 INTERNALDATE "17-Jul-1996 02:44:25 -0730"', "1996-07-17T02:44:25-07:30"),
     (b'UID 1 INTERNALDATE " 1-Feb-2026 02:44:25 +0000"', "2026-02-01T02:44:25+00:00"),
     (b'UID 1 INTERNALDATE "31-Feb-2026 02:44:25 +0000"', ""), (b"UID 1", ""),
     (b'UID 1 INTERNALDATE "01-Feb-2026 02:44:25 +9900"', "")],
)  # fmt: skip
def test_the_arrival_of_a_message_is_read_and_what_is_no_date_is_now(said, instant):
    found = imap._instant(said)
    assert found.isoformat() == instant or (not instant and abs(found.timestamp() - time.time()) < 60)
