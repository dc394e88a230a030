"""Who stands in for whom."""

from __future__ import annotations

import datetime as dt

from klientel.kernel.access import deputies_of, with_deputies
from klientel.kernel.actions import run
from klientel.kernel.testing.making import make_member

DAY = dt.date(2026, 11, 23)


def away(anna, who, deputy, first="2026-11-20", last="2026-11-30"):
    run(anna, "kernel.member.change", who.member, deputy=deputy.member, away_from=first, away_until=last)


def test_nobody_while_one_is_there_and_the_deputy_while_one_is_away(anna):
    dora, emil = make_member("Dora", []), make_member("Emil", [])
    away(anna, dora, emil)
    assert deputies_of(dora.member, DAY) == [emil.member]
    assert deputies_of(dora.member, dt.date(2026, 12, 1)) == []
    assert with_deputies([dora.member, anna.member], DAY) == [dora.member, anna.member, emil.member]


def test_an_absent_deputy_passes_on_and_a_ring_ends(anna):
    dora, emil, fritz = (make_member(n, []) for n in ("Dora", "Emil", "Fritz"))
    away(anna, dora, emil)
    away(anna, emil, fritz)
    assert deputies_of(dora.member, DAY) == [fritz.member]
    away(anna, fritz, dora)
    assert deputies_of(dora.member, DAY) == []


def test_an_open_end_counts_as_away(anna):
    dora, emil = make_member("Dora", []), make_member("Emil", [])
    run(anna, "kernel.member.change", dora.member, deputy=emil.member, away_from="2026-11-01")
    assert deputies_of(dora.member, DAY) == [emil.member]
