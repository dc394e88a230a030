"""Forgetting what the API remembers between requests."""

from __future__ import annotations

import datetime as dt

from django.utils import timezone

from klientel.kernel import writing
from klientel.kernel.api.models import Allowance, Answer
from klientel.kernel.jobs import sweep

KEPT = dt.timedelta(days=1)  # the promise to whoever repeats a request with its key
IDLE = dt.timedelta(days=2)  # after which any token's bucket is full again, so that its row says nothing


@sweep("api.remembered")
def forget() -> None:
    """Answers that nobody may ask for again, and buckets that are full."""
    now = timezone.now()
    with writing.door():
        Answer.objects.filter(at__lt=now - KEPT).delete()
        Allowance.objects.filter(at__lt=now - IDLE).delete()
