"""What a sender had begun when it died, and what is known of it on its machine."""

import pytest

from klientel.channels.jobs.sending import look
from klientel.channels.models import Delivery, Mail
from klientel.channels.queries import begun, outbox
from klientel.channels.tests.test_sending import person, states, write_to
from klientel.kernel import writing
from klientel.lib.ids import uuid7


@pytest.fixture(autouse=True)
def _folder(settings, tmp_path):
    settings.KLIENTEL_HOME = tmp_path


@pytest.fixture
def three(anna, account):
    """One that is claimed, one that waits for its turn, one that is on the wire; and the notes about them."""
    for n in (1, 2, 3):
        write_to(anna, person(anna, n))
    token = uuid7()
    notes, found = begun.Notes(token), outbox.claim(account, token, limit=9, room={}, full=[])
    assert outbox.stepped(found[1:], []) == {found[1].id, found[2].id}
    notes.note(found[2].id)
    return notes, found


def test_only_what_was_on_the_wire_of_a_dead_sender_is_unclear(three):
    notes, (claimed, waiting, wire) = three
    notes.close(done=False)
    look()
    assert states() == {claimed.mail: "waiting", waiting.mail: "waiting", wire.mail: "unclear"}
    assert set(Delivery.objects.exclude(id=wire.id).values_list("attempts", flat=True)) == {0}
    assert Mail.objects.get(pk=wire.mail).state == "unclear"
    assert list(begun.of_the_dead()) == []


def test_nobody_takes_over_from_a_sender_that_lives(three):
    notes, (claimed, waiting, wire) = three
    look()
    assert states() == {claimed.mail: "claimed", waiting.mail: "delivering", wire.mail: "delivering"}
    notes.close(done=True)


@pytest.mark.parametrize("boot", [b"", b"f" * 36])
def test_notes_of_another_machine_or_from_before_it_was_started_say_nothing(three, monkeypatch, boot):
    notes, (claimed, waiting, wire) = three
    notes.close(done=False)
    monkeypatch.setattr(begun, "_boot", lambda: boot)
    look()
    assert states() == {claimed.mail: "claimed", waiting.mail: "delivering", wire.mail: "delivering"}
    with writing.door():
        Delivery.objects.update(lease_until="2020-01-01T00:00Z")
    look()
    assert states() == {claimed.mail: "waiting", waiting.mail: "unclear", wire.mail: "unclear"}
