"""What stands under an e-mail: of the house, of an account, of a member, in each language."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from klientel.channels.models.placeholders import SENDER, check_text
from klientel.kernel.kinds import Language, Link, LongText, Phone, Privacy, Text
from klientel.kernel.records.record import Record


def known_placeholders(signature: Any) -> None:
    """Every placeholder stands for something."""
    check_text(signature.text, "text", SENDER)


class Signature(Record):
    """The closest one is taken: of this member and account, of the member, of the account, of the house."""

    name = Text(_("name"), required=True, max_length=100)
    member = Link("kernel.member", _("only for"), reverse=_("e-mail signatures"))
    account = Link("channels.account", _("e-mail account"), reverse=_("e-mail signatures"))
    language = Language(_("language"), help_text=_("Empty: for every language."))
    position = Text(_("position"), max_length=100, privacy=Privacy.PERSONAL)
    phone = Phone(_("phone"), privacy=Privacy.PERSONAL)
    text = LongText(
        _("text"),
        max_length=4000,
        help_text=_("With {{sender}}, {{sender_position}}, {{sender_phone}}, {{sender_email}}, {{workspace}} and "
                    "**bold**. Empty: that of the house, with position and phone from here."),
    )  # fmt: skip

    class Meta(Record.Meta):
        app_label = "channels"

    class About:
        label, plural, slug, icon = _("e-mail signature"), _("e-mail signatures"), "mail-signatures", "pencil"
        note = _("What stands under e-mails: of the house, of accounts, of members")
        title = "name"
        columns = ("name", "member", "account", "language")
        check = staticmethod(known_placeholders)
        sections = ((_("E-mail signature"), ("name", "member", "account", "language", "position", "phone", "text")),)
        system = open = True
