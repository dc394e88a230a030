"""An offer in writing: what, for how much, until when."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from klientel.kernel.access.reading import get, select
from klientel.kernel.actions.workspace import CURRENCIES
from klientel.kernel.errors import Missing
from klientel.kernel.identity.models import LANGUAGES
from klientel.kernel.kinds import (
    Choice,
    Date,
    DateTime,
    Decimal,
    File,
    Json,
    Link,
    LongText,
    Money,
    Privacy,
    Text,
    Whole,
)
from klientel.kernel.records import type_of
from klientel.kernel.records.record import Record
from klientel.sales.models import quoting, telling
from klientel.sales.models.holding import OPEN
from klientel.sales.models.keeping import LETTER, why_kept
from klientel.sales.models.positions import QuotePositions
from klientel.sales.models.quoting import STATES, TONES


class Quote(Record):
    """A quote (Angebot) in one version. What follows from its lines is worked out when it is written; once it is sent
    it is frozen, and a new version takes its place.
    """

    name = Text(_("subject"), required=True)
    number = Text(_("quote number"), max_length=80, readonly=True, search="A")
    state = Choice(_("state"), of=STATES, default="draft", tones=TONES, readonly=True)
    deal = Link("sales.deal", _("deal"), reverse=_("quotes"))
    organisation = Link("contacts.organisation", _("organisation"), reverse=_("quotes"))
    person = Link("contacts.person", _("recipient"), reverse=_("quotes"), privacy=Privacy.PERSONAL)
    form = Link("sales.quoteform", _("quote form"), reverse=_("quotes"))
    language = Choice(_("language"), of=LANGUAGES)
    currency = Choice(_("currency"), of=[(c, c) for c in CURRENCIES])
    date = Date(_("date"))
    valid_until = Date(_("valid until"))
    salutation = Text(_("salutation"), max_length=200, privacy=Privacy.PERSONAL)
    introduction = LongText(_("introduction"), max_length=4000, privacy=Privacy.PERSONAL)
    terms = LongText(_("terms"), max_length=8000)
    positions = QuotePositions(_("lines"))
    discount = Decimal(_("discount on all in %"), decimal_places=2)
    net = Money(_("net"), readonly=True)
    tax = Money(_("tax"), readonly=True)
    gross = Money(_("total"), readonly=True)
    discount_given = Decimal(_("highest discount in %"), decimal_places=2, readonly=True)
    revision = Whole(_("version"), least=1, default=1, readonly=True)
    replaces = Link("sales.quote", _("replaces"), reverse=_("newer versions"), readonly=True)
    year = Whole(_("year of the number"), readonly=True)
    sequence = Whole(_("number in the year"), readonly=True)
    asked_by = Link("kernel.member", _("approval asked by"), readonly=True)
    approved_by = Link("kernel.member", _("approved by"), readonly=True)
    sent_at = DateTime(_("sent at"), readonly=True)
    closed_at = DateTime(_("answered at"), readonly=True)
    reason = Text(_("reason"), max_length=500, readonly=True, privacy=Privacy.PERSONAL)
    document = File(_("document"), readonly=True)
    chosen = Json(_("options and alternatives that were chosen"), empty=[], readonly=True)
    left_out = Json(_("lines that an alternative took the place of"), empty=[], readonly=True)
    agreed_net = Money(_("agreed net"), readonly=True)
    agreed = Money(_("agreed total"), readonly=True)
    signed_by = Text(_("accepted by"), max_length=200, readonly=True, privacy=Privacy.PERSONAL)
    evidence = File(_("evidence"), readonly=True)
    asked_at = DateTime(_("approval asked at"), readonly=True)
    reminded_at = DateTime(_("reminded at"), readonly=True)

    class Meta(Record.Meta):
        app_label = "sales"
        constraints = [
            models.UniqueConstraint(
                "tenant_id", "number", name="quote_number_once", condition=~models.Q(number=""),
            )
        ]  # fmt: skip
        indexes = [
            *Record.Meta.indexes,
            models.Index("tenant_id", "deal", "id", name="quote_deal"),
            models.Index("tenant_id", "organisation", "id", name="quote_organisation"),
            models.Index("tenant_id", "person", "id", name="quote_person"),
            models.Index("tenant_id", "form", "year", "sequence", name="quote_sequence"),
            models.Index("tenant_id", "valid_until", name="quote_open", condition=models.Q(state="sent")),
        ]

    class About:
        label, plural, slug, icon, group = _("quote"), _("quotes"), "quotes", "file-text", _("Sales")
        confidential = True
        title = staticmethod(lambda one: " ".join(filter(None, (one.number, one.name))))
        made_of = ("number", "name")
        order = "-number"
        columns = ("state", "organisation", "net", "gross", "valid_until", "owner")
        concerns = ("deal", "organisation", "person")
        derive, derives = quoting.derive, quoting.DERIVES
        fitting = {"discount": "1"}
        retained = staticmethod(lambda one: why_kept(one.sent_at.date() if one.sent_at else None, LETTER))
        mergeable = False
        sections = (
            (_("Quote"), ("name", "number", "revision", "state", "deal", "organisation", "person", "date",
                          "valid_until", "owner")),
            (_("Amount"), ("net", "tax", "gross", "currency", "discount", "discount_given")),
            (_("Letter"), ("language", "form", "salutation", "introduction", "terms", "tags")),
            (_("Progress"), ("asked_by", "approved_by", "sent_at", "document", "closed_at", "signed_by", "agreed_net",
                             "agreed", "reason", "evidence", "replaces")),
        )  # fmt: skip

    def letters(self, scope: Any) -> list[dict[str, Any]]:
        """The last mails that brought it to somebody and what became of them, as far as the viewer may see them."""
        rtype = type_of("channels.mail")
        if self.state == "draft" or "state" not in scope.visible(rtype):
            return []
        where = {"field": "concerns", "op": "contains_one", "value": [str(self.pk)]}
        columns = [name for name in ("state", "reply") if name in scope.visible(rtype)]
        found = select(scope, rtype, columns=columns, where=where, sort="-created_at", limit=3)
        kind: Any = rtype.fields["state"]
        return [
            {
                "id": row.id, "title": row.title, "state": kind.show(row.values["state"]),
                "tone": kind.tones.get(row.values["state"], ""), "reply": row.values.get("reply") or "",
            }
            for row in found.rows
        ]  # fmt: skip

    def open_deal(self, scope: Any) -> Any:
        """Its deal, where the quote is accepted and the deal waits for somebody to move it on; None where not."""
        rtype = type_of("sales.deal")
        if self.state != quoting.ACCEPTED or self.deal is None or not scope.may(rtype, "change"):
            return None
        try:
            deal = get(scope, rtype, self.deal, archived=False)
        except Missing:
            return None
        return deal if deal.state == OPEN and "state" in scope.visible(rtype) else None

    @property
    def told(self) -> dict[str, Any]:
        """Its lines and sums as texts in the active language, see `telling.told`; once accepted, as it was agreed."""
        return telling.told(self, quoting.agreed_positions(self.positions or [], self.chosen), get_language() or "de")
