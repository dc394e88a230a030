"""Addresses lose what names one connection."""

import pytest

from klientel.lib.ips import shorten_ip


@pytest.mark.parametrize(
    ("given", "short"),
    [
        ("203.0.113.77", "203.0.113.0/24"),
        ("::ffff:203.0.113.77", "203.0.113.0/24"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1::/48"),
        (" 10.1.2.3 ", "10.1.2.0/24"),
        ("somewhere", ""),
        ("", ""),
    ],
)
def test_an_address_becomes_its_network(given, short):
    assert shorten_ip(given) == short
