"""The page on which members choose what they are told."""

from __future__ import annotations

import pytest
from django.test import Client

from klientel.kernel.events import notices
from klientel.kernel.identity.actor import Actor
from klientel.kernel.live.models import NoticeChoice
from klientel.kernel.tenancy import inside

pytestmark = pytest.mark.django_db
PATH = "/notifications/choice"
KINDS = [one.kind for one in notices.kinds()]


def test_keeps_what_was_chosen(client: Client, actor: Actor) -> None:
    sent = {"rhythm": "daily", "hour": "6", "told": KINDS[1:], "mailed": [*KINDS[2:], "no such kind"]}
    assert client.post(PATH, sent).status_code == 302
    with inside(actor.tenant):
        kept = NoticeChoice.objects.get(member_id=actor.member)
    assert (kept.rhythm, kept.hour, kept.next_at is not None) == ("daily", 6, True)
    assert (kept.muted, kept.unmailed) == (KINDS[:1], sorted(KINDS[:2]))
    page = client.get(PATH).content.decode()
    assert f'name="told" value="{KINDS[0]}"' in page
    assert page.count(" checked") == 2 * len(KINDS) - 3


@pytest.mark.parametrize(
    ("rhythm", "hour"), [("always", "7"), ("daily", "24"), ("daily", ""), ("", "7"), ("daily", "x")]
)
def test_what_is_no_choice_is_told_at_the_field_and_nothing_is_kept(
    client: Client, actor: Actor, rhythm: str, hour: str
) -> None:
    answer = client.post(PATH, {"rhythm": rhythm, "hour": hour})
    assert answer.status_code == 422
    assert 'aria-invalid="true"' in answer.content.decode()
    with inside(actor.tenant):
        assert not NoticeChoice.objects.exists()
