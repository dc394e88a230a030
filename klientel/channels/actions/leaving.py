"""What the recipient of an advertising mail says by its link: no more of this, no more at all, or what they like."""

from __future__ import annotations

from typing import Annotated, Any

from django.utils.translation import gettext as say
from django.utils.translation import gettext_lazy as _

from klientel.channels.models import Mail
from klientel.channels.queries import leaving, suppression
from klientel.kernel.actions import Step, action
from klientel.kernel.kinds import Choice, Json, Privacy, Text

PORTAL = ("portal",)
EXTENTS = (
    ("purpose", _("what this mail was for")),
    ("all", _("all advertising by e-mail")),
    ("measuring", _("measuring visits, opens and clicks")),
)


@action(
    "channels.mail",
    _("Unsubscribed by the recipient"),
    said=_("unsubscribed"),
    needs="change",
    icon="ban",
    undoable=False,
    only=PORTAL,
)
def unsubscribe(
    step: Step, mail: Mail, *, extent: Annotated[str, Choice(_("what is not wanted"), of=EXTENTS)] = "purpose"
) -> None:
    """No more of this, or no more at all. Said twice it is the same as once; what proved a consent stays."""
    step.mark(mail)
    if extent == "measuring":
        open_ones = leaving.measured(mail)
    else:
        open_ones = [one for one in leaving.held(mail) if extent == "all" or one.purpose == mail.purpose]
    for one in open_ones:
        step.stamp(one, withdrawn_at=step.now, withdrawal=_how(mail))
    if extent == "measuring":
        return
    if extent == "all" or (mail.purpose is None or mail.person is None):
        suppression.suppress([mail.to], reason="objection", channel="mail")


@action(
    "channels.mail",
    _("Chosen by the recipient"),
    said=_("chose what to get"),
    needs="change",
    icon="list-checks",
    undoable=False,
    only=PORTAL,
)
def choose(
    step: Step,
    mail: Mail,
    *,
    purposes: Annotated[list[Any] | None, Json(_("purposes of contact"), empty=[])] = None,
    page: Annotated[str, Text(_("page"), max_length=200, privacy=Privacy.PERSONAL)] = "",
    network: Annotated[str, Text(_("network of the sender"), max_length=64, privacy=Privacy.PERSONAL)] = "",
    language: Annotated[str, Text(_("language"), max_length=8)] = "",
) -> None:
    """Exactly these from now on: what is not among them is withdrawn, what is new is a consent with this page as proof.

    The page was reached by a link that only the address got, so it proves what a confirmation mail proves.
    """
    step.mark(mail)
    wanted, choices = {str(one) for one in purposes or ()}, leaving.choices(mail, language)
    for one in leaving.held(mail):
        if str(one.purpose) not in wanted:
            step.stamp(one, withdrawn_at=step.now, withdrawal=_how(mail))
    for purpose, given, wording in choices:
        if str(purpose.pk) in wanted and not given and wording is not None:
            made = step.create(
                "channels.consent", person=mail.person, purpose=purpose.pk, channel="mail", email=mail.to,
                ground="consent", text=wording.id, given_at=step.now, source=page,
                wording=f"{wording.text}\n\n[{wording.name}, v{wording.version}]",
                proof=say("Chosen on the page that the mail %(mail)s led its recipient to.") % {"mail": mail.id},
            )  # fmt: skip
            step.stamp(made, given_ip=network)
    if wanted:
        suppression.lift([mail.to])


def _how(mail: Mail) -> str:
    return say("by the link in the mail “%(subject)s”")[:100] % {"subject": mail.subject[:80]}
