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
    # of the quote that a mail brings
    "number": "",
    "title": "",
    "total": "",
    "valid_until": "",
    "link": "",
}
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


def gaps(text: str, values: Mapping[str, str]) -> list[str]:
    """The placeholders of a text for which nothing is known."""
    names = dict.fromkeys(found.group(1).strip() for found in _PLACE.finditer(text))
    return [name for name in names if not values.get(name)]
