"""A form that strangers fill in on a page of ours or of their own site, and its published versions."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

from django.db import models
from django.utils.translation import gettext_lazy as _

from klientel.channels.models.parts import FIELD, HIDDEN, Parts, kind_at, refused
from klientel.kernel.errors import together
from klientel.kernel.kinds import Choice, DateTime, File, Language, Link, LongText, Text, Url, Whole
from klientel.kernel.records.record import Record
from klientel.kernel.tenancy.models import Id, TenantModel

DRAFT, ACTIVE, RETIRED = "draft", "active", "retired"
STATES = ((DRAFT, _("draft")), (ACTIVE, _("active")), (RETIRED, _("retired")))
MAKES = (("lead", _("a person and a lead")), ("person", _("a person only")))
_WORD = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,58}[a-z0-9])?\Z")
_SITE = re.compile(r"https?://[a-z0-9.-]{1,253}(:\d{1,5})?\Z")
MOST_SITES = 20


class Word(Text):
    """One word of an address: small letters, digits, hyphens."""

    def take(self, value: Any) -> str:
        text = super().take(value).lower()
        if text and not _WORD.match(text):
            raise self.refuse("not_a_word", _("Small letters, digits and hyphens are possible here."))
        return text

    def sample(self, n: int) -> Any:
        return f"page-{n}"


class Sites(LongText):
    """Addresses of websites, one in each line, such as ``https://www.example.com``."""

    def take(self, value: Any) -> str:
        lines = [one.strip().lower().rstrip("/") for one in super().take(value).splitlines() if one.strip()]
        wrong = next((one for one in lines if not _SITE.match(one)), None)
        if wrong is not None or len(lines) > MOST_SITES:
            raise self.refuse(
                "not_a_site", _("Please write one address in each line, such as https://www.example.com.")
            )
        return "\n".join(lines)

    def sample(self, n: int) -> Any:
        return f"https://www{n}.example.com"


def known_fields(form: Any) -> None:
    """Every part asks for a field that there is."""
    wrong = [
        refused(place, "field", "no_such_field", _("There is no such field."))
        for place, one in enumerate(form.parts)
        if one["role"] in (FIELD, HIDDEN) and kind_at(one["field"]) is None
    ]
    if wrong:
        raise together(wrong)


class Form(Record):
    """What is asked, on which page, and what becomes of the answers. Visitors see its last published version."""

    name = Text(_("name"), required=True, max_length=100)
    path = Word(
        _("word in the address"), max_length=60, help_text=_("The page stands at its end; from the name, if empty.")
    )
    language = Language(_("language"), required=True, default="de")
    state = Choice(
        _("state"), of=STATES, default=DRAFT, readonly=True, tones={DRAFT: "", ACTIVE: "ok", RETIRED: "warn"}
    )
    published = Whole(_("published version"), readonly=True)
    published_at = DateTime(_("published at"), readonly=True)
    heading = Text(_("heading of the page"), max_length=200)
    text = LongText(_("text of the page"), max_length=10_000)
    picture = File(_("picture"))
    parts = Parts(_("what is asked"))
    reason = Text(
        _("why it must be filled in"), max_length=500,
        help_text=_("Needed where a form demands what nobody has to tell, such as a birthday."),
    )  # fmt: skip
    button = Text(_("words on the button"), max_length=60)
    makes = Choice(_("what becomes of it"), of=MAKES, default="lead", required=True)
    interest = Text(_("interest of the lead"), max_length=200)
    source = Text(_("source"), max_length=120)
    campaign = Text(_("campaign"), max_length=120)
    team = Link("kernel.team", _("team inbox"), reverse=_("forms"))
    account = Link("channels.account", _("e-mail account"), reverse=_("forms"))
    template = Link(
        "channels.template", _("text of the confirmation mail"), reverse=_("forms"),
        help_text=_("With {{link}} where the link shall stand; ours is used if none is chosen."),
    )  # fmt: skip
    thanks = LongText(_("thank you"), max_length=4000)
    file = File(_("file to download"))
    redirect = Url(_("go on to"), help_text=_("A page of one of the websites below, in place of the thank you."))
    sites = Sites(
        _("websites that may show it"), max_length=4000,
        help_text=_("One address in each line, such as https://www.example.com."),
    )  # fmt: skip

    class Meta(Record.Meta):
        app_label = "channels"
        constraints = [
            models.UniqueConstraint("tenant_id", "path", name="form_path_once", condition=~models.Q(path=""))
        ]

    class About:
        label, plural, slug, icon, group = _("form"), _("forms"), "forms", "text-cursor-input", _("Work")
        title = staticmethod(lambda one: one.name)
        made_of = ("name",)
        columns = ("state", "path", "published", "published_at", "owner")
        mergeable = followed = False
        check = staticmethod(known_fields)
        sections = (
            (_("Form"), ("name", "path", "language", "state", "published", "published_at", "reason", "owner", "tags")),
            (_("Page"), ("heading", "text", "picture", "button", "sites")),
            (_("What becomes of it"), ("makes", "interest", "source", "campaign", "team")),
            (_("Afterwards"), ("thanks", "file", "redirect")),
            (_("Confirmation"), ("account", "template")),
        )

    @property
    def origins(self) -> list[str]:
        """The websites that may show it, as browsers name them."""
        return str(self.sites).split()

    def leads_on(self) -> bool:
        """Whether the page it goes on to is one of its websites."""
        at = urlsplit(self.redirect)
        return f"{at.scheme}://{at.netloc}".lower() in self.origins


class FormVersion(TenantModel):
    """A form as it was published once, with the words of its consents. Never changed, so that evidence can name it."""

    id = Id(primary_key=True)
    form_id = models.UUIDField()
    number = models.PositiveIntegerField()
    content = models.JSONField()
    made_at = models.DateTimeField()
    made_by = models.CharField(max_length=60)

    class Meta(TenantModel.Meta):
        app_label = "channels"
        constraints = [models.UniqueConstraint(fields=["tenant_id", "form_id", "number"], name="formversion_once")]


class FormDay(TenantModel):
    """How often the page of a form was seen on a day: a number, nobody's name."""

    on_erase = "keep"

    id = Id(primary_key=True)
    form_id = models.UUIDField()
    day = models.DateField()
    seen = models.PositiveIntegerField(default=0)

    class Meta(TenantModel.Meta):
        app_label = "channels"
        constraints = [models.UniqueConstraint(fields=["tenant_id", "form_id", "day"], name="formday_once")]
