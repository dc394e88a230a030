"""Placeholders of mail templates: names only, nothing is worked out (no logic, no code)."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

from django.utils.translation import gettext_lazy as _

from klientel.kernel.errors import Refused, filled

#: what a template may ask for, and which field of the person the writer must be allowed to see for it
KNOWN = {
    "greeting": "last_name",
    "academic_title": "academic_title",
    "first_name": "first_name",
    "last_name": "last_name",
    "position": "position",
    "organisation": "organisation",
    "email": "emails",
    "sender": "",
    "workspace": "",
    "today": "",
    "number": "",
    "title": "",
    "total": "",
    "valid_until": "",
    "link": "",
}
OF_QUOTE = ("number", "title", "total", "valid_until", "link")  # of the quote that a mail brings
#: what a signature may ask for
SENDER = ("sender", "sender_position", "sender_phone", "sender_email", "workspace")
LINK = "{{link}}"  # stays in the text of a mail: what stands for it is known to its recipient only
_PLACE = re.compile(r"\{\{(.*?)\}\}", re.DOTALL)


def check_text(text: str, field: str, known: Collection[str] = tuple(KNOWN)) -> None:
    """Refuse a placeholder that stands for nothing, and braces that were not closed."""
    for found in _PLACE.finditer(text):
        name = found.group(1).strip()
        if name not in known:
            message = _("There is no placeholder {{%(name)s}}. Possible are: %(known)s.")
            raise Refused("no_placeholder", filled(message, {"name": name[:60], "known": ", ".join(known)}), field)
    rest = _PLACE.sub("", text)
    if "{{" in rest or "}}" in rest:
        raise Refused("no_placeholder", _("A placeholder begins with {{ and ends with }}."), field)


def fill(text: str, values: Mapping[str, str]) -> str:
    """The text with every placeholder replaced, once: what a value says is never read as a placeholder."""
    return _PLACE.sub(lambda found: values.get(found.group(1).strip(), ""), text)


def nothing_known(name: str) -> object:
    """Why a placeholder cannot be filled in, as a sentence."""
    if name == "link":
        text = _(
            "{{link}} is known only in the mail of a quote and in the mail that asks for confirmation. Please write"
            " the address of a page as it is, such as https://www.example.com/prices: it can be clicked."
        )
    elif name in OF_QUOTE:
        text = _("{{%(name)s}} is known only in the mail of a quote. Please write it yourself.")
    else:
        text = _("Nothing is known for {{%(name)s}}. Please write it yourself.")
    return filled(text, {"name": name})


def check_filled(values: Mapping[str, str], **texts: str) -> None:
    """Refuse texts, by their fields, with a placeholder that there is not or that stands for nothing."""
    for field, text in texts.items():
        check_text(text, field)
        if missing := gaps(text, values):
            raise Refused("placeholder_empty", nothing_known(missing[0]), field)


def gaps(text: str, values: Mapping[str, str]) -> list[str]:
    """The placeholders of a text for which nothing is known."""
    names = dict.fromkeys(found.group(1).strip() for found in _PLACE.finditer(text))
    return [name for name in names if not values.get(name)]
