"""The buying centre: who takes part in the decision about a deal, and in which role (Webster and Wind, 1972)."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from klientel.kernel.kinds import Choice, Link, Privacy, Text
from klientel.kernel.records.record import Record

ROLES = (
    ("decision_maker", _("decision maker")),
    ("influencer", _("influencer")),
    ("user", _("user")),
    ("gatekeeper", _("gatekeeper")),
    ("champion", _("champion")),
    ("buyer", _("buyer")),
)
#: without these a deal is at risk; the page of a deal names those that are missing
WANTED = ("decision_maker", "champion", "user")
ATTITUDES = (("for", _("in favour")), ("neutral", _("neutral")), ("against", _("against")))


class Stakeholder(Record):
    """A person in the buying centre of a deal."""

    deal = Link("sales.deal", _("deal"), required=True, reverse=_("buying centre"), on_erase="with")
    person = Link("contacts.person", _("person"), required=True, reverse=_("in buying centres"), on_erase="with")
    role = Choice(_("role"), of=ROLES, default="influencer", privacy=Privacy.PERSONAL)
    attitude = Choice(_("attitude"), of=ATTITUDES, tones={"for": "ok", "against": "bad"}, privacy=Privacy.PERSONAL)
    note = Text(_("note"), max_length=500, privacy=Privacy.PERSONAL)

    class Meta(Record.Meta):
        app_label = "sales"
        indexes = [
            *Record.Meta.indexes,
            models.Index("tenant_id", "deal", "id", name="stakeholder_deal"),
            models.Index("tenant_id", "person", "id", name="stakeholder_person"),
        ]

    class About:
        label, plural, slug, icon = _("stakeholder"), _("stakeholders"), "stakeholders", "users"
        title = staticmethod(lambda one: str(dict(ROLES).get(one.role, "")))
        made_of = ("role",)
        columns = ("person", "role", "attitude", "deal", "note")
        concerns = ("deal", "person")
        tie, followed = True, False
        sections = ((_("Stakeholder"), ("deal", "person", "role", "attitude", "note")),)
