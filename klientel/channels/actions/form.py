"""What can be done with forms: publish what visitors see, and take it away."""

from __future__ import annotations

from django.utils.text import slugify
from django.utils.translation import gettext_lazy as _

from klientel.channels.models import Form, FormVersion, Template
from klientel.channels.models.form import ACTIVE, RETIRED
from klientel.channels.models.parts import FIELD, HIDDEN, kind_at, refused, target_of
from klientel.channels.models.placeholders import LINK, gaps
from klientel.channels.queries import accounts, forms
from klientel.kernel.actions import Step, action
from klientel.kernel.actions.ruling import voluntary
from klientel.kernel.errors import Refused
from klientel.kernel.writing import door


@action(
    "channels.form",
    _("Publish"),
    said=_("published the form"),
    needs="change",
    icon="globe",
    undoable=False,
    writes={"state": ACTIVE, "published": ..., "published_at": ..., "path": ...},
)
def publish(step: Step, form: Form) -> None:
    """From now on visitors see the form as it stands; what they saw before is kept as evidence."""
    _ready(step, form)
    content = forms.content_of(form)
    if forms.asks_consent(content):
        _can_confirm(step, form)
    before = forms.published(form)
    step.require(
        form.state != ACTIVE or before is None or before.content != content,
        "nothing_new", _("Visitors see this form as it stands already."),
    )  # fmt: skip
    number = (form.published or 0) + 1
    with door():
        FormVersion.objects.create(
            form_id=form.id, number=number, content=content, made_at=step.now, made_by=step.actor.ref
        )
    step.stamp(form, state=ACTIVE, published=number, published_at=step.now)
    if not form.path:
        step.change(form, path=slugify(form.name)[:60].strip("-") or f"form-{form.id.hex[-8:]}")


@action(
    "channels.form",
    _("Retire"),
    said=_("closed the form"),
    needs="change",
    icon="circle-x",
    undoable=False,
    offered={"state": (ACTIVE,)},
    writes={"state": RETIRED},
)
def retire(step: Step, form: Form) -> None:
    """Its page tells visitors that it is closed; what came in stays."""
    step.require(form.state == ACTIVE, "not_active", _("Nobody sees this form."))
    step.stamp(form, state=RETIRED)


def _ready(step: Step, form: Form) -> None:
    asked = [one for one in form.parts if one["role"] == FIELD]
    step.require(asked, "nothing_asked", _("Please say first what the form asks."), field="parts")
    for one in asked:
        if one.get("required") and not form.reason and (kind := kind_at(one["field"])) is not None:
            voluntary(target_of(one["field"])[0], kind, "reason")
    for place, one in enumerate(form.parts):
        if one["role"] == HIDDEN and (kind := kind_at(one["field"])) is not None:
            try:
                kind.read(one["value"])
            except Refused as no:
                raise refused(place, "value", no.code, no.message) from no
    if form.redirect:
        step.require(
            form.leads_on(), "not_allowed_to_lead",
            _("This page is on none of the websites of the form."), field="redirect",
        )  # fmt: skip


def _can_confirm(step: Step, form: Form) -> None:
    """A consent by e-mail is asked for only where it can be confirmed."""
    paths = [one.get("field") for one in form.parts if one["role"] == FIELD]
    step.require(
        forms.MAIL in paths, "mail_not_asked",
        _("A consent is confirmed by e-mail: please ask for the e-mail address."), field="parts",
    )  # fmt: skip
    accounts.chosen(form.owner, form.account)
    if form.template is not None:
        text = Template.objects.filter(pk=form.template, archived_at=None).first()
        fits = text is not None and LINK in text.text and not gaps(text.text.replace(LINK, ""), {})
        step.require(
            fits, "link_missing",
            _("The confirmation mail needs {{link}} and no other placeholder."), field="template",
        )  # fmt: skip
