"""Which addresses may be reached: public ones on known ports, and what the administrator allows a tenant besides.

A server asked by its users to connect somewhere must not become a way into its own network (SSRF, ASVS 5.0 1.3.6).
"""

from __future__ import annotations

import socket
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from klientel.kernel.errors import Refused, filled
from klientel.kernel.tenancy import current
from klientel.kernel.tenancy.models import Tenant

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

#: the ports that each use may reach without being allowed by the administrator
PORTS = {"smtp": frozenset({25, 465, 587, 2525}), "http": frozenset({443, 8443}), "imap": frozenset({143, 993})}
#: global by their number, but never somebody else's server: metadata and translation of clouds
DENIED = tuple(ip_network(n) for n in ("168.63.129.16/32", "192.88.99.0/24", "fec0::/10", "2001::/32", "5f00::/16"))
_NAT64 = (IPv6Network("64:ff9b::/96"), IPv6Network("64:ff9b:1::/48"))
_COMPATIBLE = IPv6Network("::/96")
_SIX_TO_FOUR = IPv6Network("2002::/16")
_LOW = 2**32 - 1


class Blocked(Refused):
    """This place may not be reached from here; nothing was sent."""


@dataclass(frozen=True)
class Allowed:
    """What the administrator allows beyond public addresses: a network, one port or (0) every port."""

    tenant: str  # its short name, or * for every tenant
    network: Network
    port: int


@lru_cache(maxsize=8)
def read_allowed(text: str) -> tuple[Allowed, ...]:
    """``hansewerk=10.0.0.5:25 *=192.168.7.0/24`` as entries; ValueError says which part is wrong."""
    found = []
    for part in text.split():
        tenant, equals, place = part.partition("=")
        network, colon, port = place.rpartition(":") if place.count(":") == 1 or "]:" in place else (place, "", "0")
        if not equals or not tenant or (colon and not port.isdigit()):
            raise ValueError(part)
        found.append(Allowed(tenant, ip_network(network.strip("[]"), strict=False), int(port)))
    return tuple(found)


def unwrapped(address: Address) -> Address:
    """The IPv4 address that an IPv6 one stands for (mapped, compatible, 6to4, NAT64), else the address itself."""
    if isinstance(address, IPv4Address):
        return address
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address in _SIX_TO_FOUR:
        return IPv4Address((int(address) >> 80) & _LOW)
    if any(address in network for network in _NAT64) or (address in _COMPATIBLE and int(address) > 1):
        return IPv4Address(int(address) & _LOW)
    return address


def is_public(address: Address) -> bool:
    """Whether an address is one of the open internet, whatever form it is written in."""
    inner = unwrapped(address)
    odd = inner.is_multicast or inner.is_reserved or inner.is_unspecified or inner.is_loopback or inner.is_link_local
    return inner.is_global and not odd and not any(inner in n for n in DENIED if n.version == inner.version)


def is_allowed(address: Address, port: int) -> bool:
    """Whether the administrator allows the current tenant this place, by the setting ``KLIENTEL_EGRESS_ALLOW``."""
    inner = unwrapped(address)
    entries = [e for e in read_allowed(settings.KLIENTEL_EGRESS_ALLOW) if e.port in (0, port)]
    here = [e for e in entries if inner.version == e.network.version and inner in e.network]
    if any(e.tenant == "*" for e in here):
        return True
    return bool(here) and Tenant.objects.filter(pk=current(), slug__in=[e.tenant for e in here]).exists()


@dataclass(frozen=True)
class Place:
    """A checked address to connect to, under the name that was asked for."""

    host: str
    address: str
    port: int
    allowed: bool  # by the administrator, not because it is public


def resolve(host: str, port: int, use: str) -> list[Place]:
    """All addresses of a host, looked up once and every one checked; :class:`Blocked` where a single one is wrong.

    ``use`` is a key of :data:`PORTS`. ``OSError`` where the name cannot be resolved.
    """
    if not 0 < port < 65536 or not host or any(c.isspace() or ord(c) < 32 for c in host):
        raise _blocked(host, port)
    try:
        answers = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except UnicodeError as error:
        raise _blocked(host, port) from error
    places = []
    for number in dict.fromkeys(str(answer[4][0]) for answer in answers):
        address = ip_address(number.partition("%")[0])
        allowed = is_allowed(address, port)
        if not allowed and not (is_public(address) and port in PORTS[use]):
            raise _blocked(host, port)
        places.append(Place(host, number, port, allowed))
    return places


def _blocked(host: str, port: int) -> Blocked:
    message = _("%(place)s may not be reached from here. The administrator of this installation can allow it.")
    return Blocked("egress_blocked", filled(message, {"place": f"{host[:100]}:{port}"}), "host")


def connect(host: str, port: int, use: str, seconds: float) -> socket.socket:
    """A connection to a checked address of the host; the first one that answers.

    :class:`Blocked` where it may not be reached, ``OSError`` where nobody answers. No proxies of the environment.
    """
    failure = OSError("no address")
    for place in resolve(host, port, use):
        try:
            made = socket.create_connection((place.address, port), timeout=seconds)
        except OSError as error:
            failure = error
            continue
        if not place.allowed and made.getsockname()[0] == made.getpeername()[0]:
            made.close()  # one of our own addresses, under a public number
            raise _blocked(host, port)
        return made
    raise failure
