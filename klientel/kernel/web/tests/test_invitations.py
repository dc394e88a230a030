"""Inviting from the pages: what became of an invitation is seen, it is sent again, it is withdrawn."""

from __future__ import annotations

import re

import pytest
from django.core import mail
from django.test import Client

from klientel.kernel import events
from klientel.kernel.actions import run
from klientel.kernel.identity.actor import Actor
from klientel.kernel.identity.models import Invitation
from klientel.kernel.sql import Sql
from klientel.kernel.web.tests.conftest import at_browser

pytestmark = pytest.mark.django_db
AT = "/settings/invitations"


def invited(client: Client, email: str = "neu@example.org", **more: object) -> Invitation:
    assert client.post(AT, {"email": email, "name": "Nora Neu", "language": "en", **more}).status_code == 302
    return Invitation.objects.get(email=email, withdrawn_at=None)


def kinds() -> list[str]:
    return [e.kind for e in events.read(Sql("e.record_type = 'kernel.workspace'"))]


def test_members_begin_with_inviting_and_show_who_was_asked(client: Client, actor: Actor) -> None:
    page = client.get("/members/").content.decode()
    assert f'href="{AT}"' in page
    assert "Invitations" not in page
    invited(client)
    page = client.get("/members/").content.decode()
    assert "Nora Neu" in page
    assert "waiting" in page


def test_an_invitation_is_sent_again_and_the_old_link_ends(client: Client, actor: Actor) -> None:
    one = invited(client)
    first = re.search(r"/invitation/(\S+)", mail.outbox[-1].body).group(1)  # type: ignore[union-attr]
    assert client.post(f"{AT}/{one.pk}/again").status_code == 302
    second = re.search(r"/invitation/(\S+)", mail.outbox[-1].body).group(1)  # type: ignore[union-attr]
    assert first != second
    assert Client().get(f"/invitation/{first}", follow=True).status_code == 404
    assert Client().get(f"/invitation/{second}", follow=True).status_code == 200
    assert kinds() == ["kernel.workspace.invited", "kernel.workspace.invited_again"]


def test_a_withdrawn_invitation_is_told_and_cannot_be_sent_again(client: Client, actor: Actor) -> None:
    one = invited(client)
    client.post(f"{AT}/{one.pk}/withdraw")
    assert "withdrawn" in client.get(AT).content.decode()
    sent = len(mail.outbox)
    assert client.post(f"{AT}/{one.pk}/again").status_code == 404
    assert len(mail.outbox) == sent
    assert kinds()[-1] == "kernel.workspace.uninvited"


def test_an_invitation_gives_no_more_than_the_inviter_holds(tenant: object, client: Client, actor: Actor) -> None:
    wide = run(actor, "kernel.role.create", name="All of it", grants=[{"record": "*", "verb": "*"}]).record
    browser, _hanna = at_browser(
        tenant,  # type: ignore[arg-type]
        "Hanna",
        [{"record": "kernel.member", "verb": "create"}, {"record": "kernel.role", "verb": "view"}],
    )
    form = {"email": "x@example.org", "language": "en", "roles": str(wide.pk)}
    answer = browser.post(AT, form)
    assert answer.status_code == 403
    assert "All of it" in answer.content.decode()
    assert not Invitation.objects.exists()
    theirs = invited(client, "y@example.org", roles=str(wide.pk))
    assert browser.post(f"{AT}/{theirs.pk}/again").status_code == 403
    plain, _nobody = at_browser(tenant, "Paul", [])  # type: ignore[arg-type]
    assert plain.get(AT).status_code == 403
    assert plain.post(f"{AT}/{theirs.pk}/withdraw").status_code == 403
