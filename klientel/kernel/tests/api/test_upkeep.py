"""Answers kept for repeated requests go after a day."""

from __future__ import annotations

import datetime as dt

from django.utils import timezone

from klientel.kernel import writing
from klientel.kernel.api.models import Answer
from klientel.kernel.api.upkeep import forget


def test_answers_go_after_a_day(tenant):
    now = timezone.now()
    with writing.door():
        for hours in (1, 23, 25, 100):
            Answer.objects.create(
                actor="token:x",
                key=str(hours),
                fingerprint="",
                status=200,
                sealed=b"",
                at=now - dt.timedelta(hours=hours),
            )
    forget()
    assert sorted(Answer.objects.values_list("key", flat=True)) == ["1", "23"]
