"""How leads find whoever looks after them: rules in an order, who takes part in each, and each team's inbox."""

from __future__ import annotations

import datetime as dt
import re
from importlib import import_module
from typing import Any

from django.db import models
from django.utils.translation import get_language
from django.utils.translation import gettext as say
from django.utils.translation import gettext_lazy as _

from klientel.kernel import conditions
from klientel.kernel.access.uses import STORED
from klientel.kernel.conditions import SystemScope
from klientel.kernel.errors import Refused, filled
from klientel.kernel.kinds import Choice, Choices, Country, Json, Link, LongText, Text, Whole, YesNo, today, zone
from klientel.kernel.records import type_of
from klientel.kernel.records.once import Once
from klientel.kernel.records.record import Record
from klientel.kernel.tenancy import current
from klientel.lib import regions
from klientel.lib.countries import COUNTRIES
from klientel.lib.dates import read_date
from klientel.lib.states import CHOICES
from klientel.lib.worktime import Hours
from klientel.sales.models import explaining

STORED += [
    (key, f"SELECT id, owner, created_by, 'sales.lead', jsonb_build_array(condition) FROM {table}")
    for key, table in (("sales.leadrule", "sales_leadrule"), ("sales.scorerule", "sales_scorerule"))
]
DAYS = (
    ("mon", _("Monday")),
    ("tue", _("Tuesday")),
    ("wed", _("Wednesday")),
    ("thu", _("Thursday")),
    ("fri", _("Friday")),
    ("sat", _("Saturday")),
    ("sun", _("Sunday")),
)
WORKED, HALF, OFF = "worked", "half", "off"
EVES = ((WORKED, _("worked as on any day")), (HALF, _("worked until noon")), (OFF, _("days off")))
EVE_DAYS = frozenset({(12, 24), (12, 31)})
EVERY: dict[str, Any] = {"all": []}  # what a rule without a condition asks
_CLOCK = re.compile(r"([01]?[0-9]|2[0-3]):([0-5][0-9])\Z")


def understood(rule: Any) -> None:
    """The condition of a rule about leads is one that compiles."""
    if rule.condition:
        try:
            conditions.check(type_of("sales.lead"), rule.condition, SystemScope(current()))
        except Refused as no:
            raise Refused(no.code, no.message, "condition") from None


class Regions(LongText):
    """Regions by country and postcodes, see `lib.regions`."""

    def take(self, value: Any) -> str:
        text: str = super().take(value)
        try:
            found = regions.read(text)
            if unknown := next((one.country for one in found if one.country not in COUNTRIES), None):
                raise ValueError(unknown)
        except ValueError as wrong:
            message = filled(_("“%(part)s” is no region. Please write such as “DE 20-25” or “AT”."), {"part": wrong})
            raise self.refuse("not_a_region", message) from None
        return text

    def sample(self, n: int) -> str:
        return f"DE {n % 90 + 10}, AT"


class Clock(Text):
    """A time of the day such as 09:00."""

    def take(self, value: Any) -> str:
        text = super().take(value)
        if not _CLOCK.match(text):
            raise self.refuse("not_a_time", _("Please write the time such as 09:00."))
        return text

    def sample(self, n: int) -> str:
        return f"{self.default[:2]}:{n % 60:02}"


class Days(LongText):
    """Days of the calendar, one in each line."""

    def take(self, value: Any) -> str:
        text: str = super().take(value)
        for line in lines(text):
            try:
                read_date(line)
            except ValueError:
                message = filled(
                    _("“%(part)s” is no day. Please write such as 24.12.2026, one in each line."), {"part": line}
                )
                raise self.refuse("not_a_day", message) from None
        return text

    def sample(self, n: int) -> str:
        return f"2026-12-{n % 28 + 1:02}"


def lines(text: str | None) -> list[str]:
    """The lines of a text that say something."""
    return [line.strip() for line in (text or "").splitlines() if line.strip()]


class LeadRule(Record):
    """Leads that fulfil the condition and lie in a region go to the team, in turn to those who take part."""

    name = Text(_("name"), required=True, max_length=80)
    position = Whole(_("position"), least=0, most=10_000, default=100)
    condition = Json(_("condition"))
    regions = Regions(
        _("regions"), max_length=2000,
        help_text=_("Country, or country and postcodes: DE 20-25, AT, CH 8000-8999. Empty means everywhere."),
    )  # fmt: skip
    team = Link("kernel.team", _("team"), reverse=_("lead rules"))
    paused = YesNo(_("paused"), default=False)

    class Meta(Record.Meta):
        app_label = "sales"

    class About:
        label, plural, slug, icon = _("lead rule"), _("lead rules"), "lead-rules", "waypoints"
        note = _("Who gets which leads, in which order")
        title = "name"
        order = "position"
        columns = ("position", "regions", "team", "paused")
        sections = ((_("Lead rule"), ("name", "position", "regions", "team", "paused")),)
        system = open = True
        mergeable = False
        check = staticmethod(understood)

    def said(self, scope: Any) -> str:
        """Which leads it means, in words."""
        return explaining.told(scope, self.condition) if self.condition else say("all leads")


class LeadShare(Record):
    """A member who takes part in a rule: how often their turn comes, and how many open leads they can look after."""

    rule = Link("sales.leadrule", _("lead rule"), required=True, reverse=_("who takes part"), on_erase="with")
    member = Link("kernel.member", _("member"), required=True, reverse=_("shares of leads"), on_erase="with")
    weight = Whole(_("weight"), least=1, most=100, default=1)
    most_open = Whole(_("open leads at most"), least=1, most=100_000)
    credit = models.IntegerField(default=0, editable=False)  # whose turn it is, see `lib.turns`

    class Meta(Record.Meta):
        app_label = "sales"
        indexes = [*Record.Meta.indexes, models.Index("tenant_id", "rule", "id", name="leadshare_rule")]

    class About:
        label, plural, slug, icon = _("share of leads"), _("shares of leads"), "lead-shares", "users"
        note = _("Weights and capacities of those who get leads")
        title = staticmethod(lambda _one: _("share of leads"))
        made_of = ("rule", "member")
        columns = ("rule", "member", "weight", "most_open")
        sections = ((_("Share of leads"), ("rule", "member", "weight", "most_open")),)
        system = open = True
        mergeable = False


def _timed(inbox: Any) -> None:
    hours = inbox.hours(dt.UTC)
    if hours.opens >= hours.closes:
        raise Refused("ends_before_it_begins", _("The end lies before the beginning."), "closes")


def _festive() -> Any:
    """The public holidays; imported when an inbox asks for them, as what they stand on takes long (see there)."""
    return import_module("klientel.lib.festive")


def _second_inboxes(rows: list[Any]) -> list[Any]:
    """Where teams became one: all inboxes of a team but its first."""
    first: dict[Any, Any] = {}
    return [r for r in sorted(rows, key=lambda r: (r.created_at, r.id)) if first.setdefault(r.team, r) is not r]


class LeadInbox(Record):
    """What a team promises: how fast a new lead is answered, in which hours, and who hears of it where it is not."""

    team = Link("kernel.team", _("team"), required=True, reverse=_("lead inboxes"), on_erase="with")
    respond_within = Whole(_("answered within minutes"), least=1, most=100_000, default=240)
    remind_before = Whole(_("reminder so many minutes before"), least=0, most=100_000, default=60)
    escalate_to = Link("kernel.member", _("then told to"), reverse=_("lead inboxes"))
    mql_from = Whole(
        _("qualified (MQL) from a score of"), least=1, most=100_000,
        help_text=_("Leads of this team that reach it are qualified by themselves, once. Empty: nobody is."),
    )  # fmt: skip
    weekdays = Choices(
        _("working days"), of=DAYS, help_text=_("Without any, every minute of the calendar counts."),
    )  # fmt: skip
    opens = Clock(_("from"), max_length=5, default="09:00")
    closes = Clock(_("until"), max_length=5, default="17:00")
    country = Country(_("public holidays of"))
    state = Choice(
        _("in the state or city"), of=CHOICES, help_text=_("Its holidays hold, whatever country is chosen."),
    )  # fmt: skip
    catholic = YesNo(
        _("also those of Catholic municipalities"),
        help_text=_("Assumption Day in Bavaria, Corpus Christi in parts of Saxony and Thuringia."),
    )  # fmt: skip
    eves = Choice(_("24 and 31 December"), of=EVES, default=WORKED)
    days_off = Days(_("further days off"), max_length=4000, help_text=_("One in each line: 24.12.2026."))

    class Meta(Record.Meta):
        app_label = "sales"
        constraints = [
            Once(
                "tenant_id", "team", name="leadinbox_once", condition=models.Q(archived_at=None),
                says=_("This team has an inbox already."), at="team",
            ),
        ]  # fmt: skip

    class About:
        label, plural, slug, icon = _("lead inbox"), _("lead inboxes"), "lead-inboxes", "inbox"
        note = _("How soon a team answers, and who hears of it if not")
        title = staticmethod(lambda _one: _("lead inbox"))
        made_of = ("team",)
        columns = ("team", "respond_within", "remind_before", "escalate_to", "weekdays", "opens", "closes")
        sections = (
            (_("Lead inbox"), ("team", "respond_within", "remind_before", "escalate_to", "mql_from")),
            (_("Working hours"), ("weekdays", "opens", "closes")),
            (_("Days off"), ("country", "state", "catholic", "eves", "days_off")),
        )
        system = open = True
        mergeable = False
        doubles = staticmethod(_second_inboxes)
        check = staticmethod(_timed)

    def hours(self, place: dt.tzinfo | None = None) -> Hours:
        """When this team works."""
        numbers = {key: n for n, (key, _label) in enumerate(DAYS)}
        opens, closes = _time(self.opens or "9:00"), _time(self.closes or "17:00")
        days = frozenset(numbers[day] for day in self.weekdays or ())
        short = EVE_DAYS if self.eves == HALF else frozenset()
        off = self._off() if self.state or self.country or self.eves == OFF else self._own()
        return Hours(place or zone(), days, opens, closes, off, short)

    def _own(self) -> frozenset[dt.date]:
        return frozenset(read_date(line) for line in lines(self.days_off))

    def _off(self) -> Any:
        """The days on which nobody works: the public holidays of its place, and its own."""
        country, _dash, state = (self.state or self.country or "").partition("-")
        yearly = EVE_DAYS if self.eves == OFF else frozenset()
        return _festive().DaysOff(country, state, bool(self.catholic), self._own(), yearly)

    def ahead(self) -> list[tuple[dt.date, str]]:
        """The days off of the next twelve months on which the team would work, and what they are called."""
        worked, off, language = self.hours().weekdays, self._off(), get_language() or "de"
        days = (today() + dt.timedelta(days=n) for n in range(365))
        return [(day, off.named(day, language)) for day in days if day.weekday() in worked and day in off]


def _time(text: str) -> dt.time:
    hours, _colon, minutes = text.partition(":")
    return dt.time(int(hours), int(minutes))
