"""What a person whom we know did on a website of ours: three kinds of happenings, each on their timeline."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any
from uuid import UUID

from django.utils.translation import gettext as say
from django.utils.translation import gettext_lazy as _

from klientel.channels.models import Form, Mail, Response, Site, Visit
from klientel.channels.models.site import DOWNLOAD, EVENT, PAGE
from klientel.channels.queries import visits
from klientel.channels.queries.gate import may_track
from klientel.kernel.actions import Step, action
from klientel.kernel.kinds import DateTime, Json, Link, Privacy, Text
from klientel.kernel.records import type_of

PORTAL = ("portal",)
KEPT = ("name", "address", "details", "referrer", "source", "campaign")
Person = Annotated[UUID, Link("contacts.person", _("person"), privacy=Privacy.PERSONAL)]
At = Annotated[dt.datetime, DateTime(_("at"))]
Told = Annotated[dict[str, Any] | None, Json(_("what was told"), privacy=Privacy.PERSONAL)]
Browser = Annotated[str, Text(_("number of the browser"), max_length=40, privacy=Privacy.PERSONAL)]
Lead = Annotated[UUID | None, Link("sales.lead", _("lead"))]
On = Annotated[UUID | None, Link("channels.site", _("website"))]


@action(
    "channels.visit", _("Page seen"), said=_("looked at a page"), needs="create", new=True, icon="eye",
    undoable=False, only=PORTAL,
)  # fmt: skip
def view_page(
    step: Step, *, person: Person, at: At, told: Told = None, visitor: Browser = "", lead: Lead = None, site: On = None
) -> Visit:
    """Somebody whom we know looked at a page."""
    return _noted(step, PAGE, person, at, told, visitor=visitor, lead=lead, site=site)


@action(
    "channels.visit", _("Downloaded"), said=_("downloaded a file"), needs="create", new=True, icon="file-down",
    undoable=False, only=PORTAL,
)  # fmt: skip
def download(
    step: Step, *, person: Person, at: At, told: Told = None, visitor: Browser = "", lead: Lead = None, site: On = None
) -> Visit:
    """Somebody whom we know took a file."""
    return _noted(step, DOWNLOAD, person, at, told, visitor=visitor, lead=lead, site=site)


@action(
    "channels.visit", _("Event on the website"), said=_("used the website"), needs="create", new=True,
    icon="mouse-pointer", undoable=False, only=PORTAL,
)  # fmt: skip
def use(
    step: Step, *, person: Person, at: At, told: Told = None, visitor: Browser = "", lead: Lead = None, site: On = None
) -> Visit:
    """Somebody whom we know did something that the website has a name for."""
    return _noted(step, EVENT, person, at, told, visitor=visitor, lead=lead, site=site)


VERBS = {PAGE: view_page, DOWNLOAD: download, EVENT: use}


def _noted(step: Step, what: str, person: UUID, at: dt.datetime, told: dict[str, Any] | None, **facts: Any) -> Visit:
    made: Visit = step.create("channels.visit", person=person)
    said = {name: str((told or {}).get(name) or "") for name in KEPT}
    step.stamp(made, what=what, at=at, **said, **facts)
    step.draft(type_of(made), made).at = at
    return made


def identify(step: Step, visitor: Any, form: Form, response: Response) -> None:
    """Whoever sent this form agreed to be measured: what their browser told before is theirs, with proof of that."""
    proof = say("Agreed in the browser, which has kept a random number since; it came along with the form “%(form)s”.")
    if response.person is not None and (made := _joined(step, visitor, response.person, proof % {"form": form.name})):
        step.stamp(made, response=response.id)


def _joined(step: Step, visitor: Any, person: UUID, proof: str) -> Any:
    """The consent of the person, by the number of their browser; nothing where the browser is somebody's already.

    It stays theirs: whoever comes with its number says who they are, not who others are.
    """
    site = Site.objects.filter(pk=visitor.site_id, archived_at=None).first() if visitor is not None else None
    if site is None or visitor.person_id is not None:
        return None
    made = step.create(
        "channels.consent", person=person, purpose=site.purpose, channel="tracking", ground="consent",
        text=visitor.wording_id, wording=visitor.wording[:5000], given_at=visitor.agreed_at,
        source=(visitor.agreed_on or site.name)[:200], proof=proof,
    )  # fmt: skip
    step.stamp(made, given_ip=visitor.network)
    visits.join(visitor, person, made.id)
    return made


@action(
    "channels.mail", _("Came to the website by this mail"), said=_("came to the website by the link of the mail"),
    needs="change", icon="mouse-pointer", undoable=False, only=PORTAL,
)  # fmt: skip
def visit(step: Step, mail: Mail, *, visitor: Browser) -> None:
    """Its recipient followed a link to a website that we measure, and agreed to both: the mail's measuring and this."""
    step.require(mail.person is not None and may_track(mail.person, mail.to).may, "not_tracked",
                 _("There is no consent to measuring this."))  # fmt: skip
    step.mark(mail)
    proof = say(
        "Agreed in the browser, which has kept a random number since; it came by the link of the mail “%(mail)s”."
    )
    _joined(step, visits.browser(visitor), mail.person, proof % {"mail": mail.subject})
