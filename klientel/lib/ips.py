"""IP addresses, shortened so that they name a network and no household."""

from __future__ import annotations

from ipaddress import ip_address, ip_network


def shorten_ip(text: str) -> str:
    """``203.0.113.77`` becomes ``203.0.113.0/24``, IPv6 its /48; what is no address becomes empty.

    The usual lengths of shortened addresses (such as in Matomo and in the guidance of CNIL on measuring audiences).
    """
    try:
        found = ip_address(text.strip())
    except ValueError:
        return ""
    mapped = getattr(found, "ipv4_mapped", None)
    found = mapped or found
    return str(ip_network(f"{found}/{24 if found.version == 4 else 48}", strict=False))
