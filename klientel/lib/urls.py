"""Web addresses: completed, checked, compared."""

import re
import unicodedata
from ipaddress import ip_address
from urllib.parse import urlsplit, urlunsplit

from klientel.lib.emails import read_domain, show_domain
from klientel.lib.sentences import Unreadable

_SCHEME = re.compile(r"^[a-z][a-z0-9+.\-]*:(?!\d)", re.IGNORECASE)
_LONGEST = 2000


def read_url(text: str) -> str:
    """A web address spelt one way: https:// added where no scheme is given, host lower case in IDNA form, no lone
    slash.

    Only http and https; no name or password inside; no blanks or control characters. Raises Unreadable: url.scheme,
    url.unreadable.
    """
    address = text.strip()
    refused = Unreadable("url.unreadable", text=address[:100])
    if (
        not address
        or len(address) > _LONGEST
        or any(unicodedata.category(sign)[0] in "CZ" for sign in address)
        or "\\" in address
    ):
        raise refused
    if address.startswith("//"):
        address = f"https:{address}"
    elif not _SCHEME.match(address):
        address = f"https://{address}"
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError as reason:
        raise refused from reason
    if parts.scheme.lower() not in ("http", "https"):
        raise Unreadable("url.scheme")
    if "@" in parts.netloc or not parts.hostname:
        raise refused
    host = _host(parts.hostname, refused)
    path = "" if parts.path == "/" and not parts.query and not parts.fragment else parts.path
    return urlunsplit((parts.scheme.lower(), f"{host}:{port}" if port else host, path, parts.query, parts.fragment))


def _host(host: str, refused: Unreadable) -> str:
    try:
        address = ip_address(host)
    except ValueError:
        try:
            return read_domain(host.rstrip("."))
        except Unreadable as reason:
            raise refused from reason
    return f"[{address}]" if address.version == 6 else str(address)


def domain_of(url: str) -> str:
    """The host of a web address without "www.", lower case; "" where there is none."""
    try:
        host = urlsplit(url if "//" in url else f"//{url}").hostname or ""
    except ValueError:
        return ""
    return host.removeprefix("www.")


def show_url(url: str) -> str:
    """A web address for people: no scheme, no "www.", the host in its own letters."""
    parts = urlsplit(url)
    host = show_domain((parts.hostname or "").removeprefix("www."))
    port = f":{parts.port}" if parts.port else ""
    query = f"?{parts.query}" if parts.query else ""
    return f"{host}{port}{parts.path.rstrip('/')}{query}"
