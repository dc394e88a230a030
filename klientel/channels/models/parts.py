"""What a form asks: a document within the form, so that it is changed, published and shown as a whole."""

from __future__ import annotations

import re
from typing import Any
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from klientel.kernel.errors import Missing, Refused, filled, together
from klientel.kernel.kinds import Json, Kind
from klientel.kernel.records import RecordType, type_of

FIELD, CONSENT, HIDDEN, WORDS = "field", "consent", "hidden", "words"
ROLES = (
    (FIELD, _("field")),
    (CONSENT, _("consent")),
    (HIDDEN, _("hidden value")),
    (WORDS, _("text between")),
)
MOST = 60
#: whose fields a form may ask for, by the first word of a path such as ``person.first_name``
TARGETS = {"person": "contacts.person", "organisation": "contacts.organisation", "lead": "sales.lead"}
#: kinds that a stranger can fill in: nothing that leads to records of ours, no files
ASKED = frozenset(
    ("text", "long_text", "email", "phone", "url", "choice", "choices", "whole", "decimal", "date", "yes_no",
     "country", "language", "emails", "phones", "addresses")
)  # fmt: skip
#: what the house says of a record itself, and no visitor
OURS = frozenset(("stage", "status", "owner", "tags", "source", "campaign", "customer_number"))
_TEXTS = {"label": 200, "help": 300, "value": 300, "text": 2000}
_KEYS = {"role", "field", "wording", "required", *_TEXTS}
_PATH = re.compile(r"(person|organisation|lead)\.[a-z][a-z0-9_]{0,62}\Z")


def askable(kind: Kind) -> bool:
    """Whether a form may ask for it."""
    return kind.key in ASKED and not kind.readonly and not kind.computed


def target_of(path: str) -> tuple[RecordType, str]:
    """The type and the name of the field that a path leads to."""
    first, _dot, name = path.partition(".")
    return type_of(TARGETS[first]), name


def kind_at(path: str) -> Kind | None:
    """The field at a path, where there is one that a form may ask for or fill."""
    try:
        rtype, name = target_of(path)
    except (KeyError, Missing):
        return None
    kind = rtype.fields.get(name)
    return kind if kind is not None and askable(kind) else None


def all_paths() -> dict[str, Kind]:
    """Every field that a form of the current tenant can ask for, by its path."""
    return {
        f"{first}.{name}": kind
        for first, key in TARGETS.items()
        for name, kind in type_of(key).fields.items()
        if askable(kind) and name not in OURS
    }


class Parts(Json):
    """Parts in order, each ``{role, field, label, help, required, wording, value, text}`` as its role needs.

    ``role`` is one of `ROLES`; a field has a path such as ``person.first_name``, a consent a text
    (``wording``). A refusal names its field ``parts.3.field``, the part counted from 0.
    """

    def __init__(self, label: Any = "", **kwargs: Any) -> None:
        super().__init__(label, **{"empty": []} | kwargs)

    def take(self, value: Any) -> list[dict[str, Any]]:
        parts = super().take(value)
        if len(parts) > MOST:
            raise self.refuse("too_many", filled(_("At most %(n)d parts are possible."), {"n": MOST}))
        taken: list[dict[str, Any]] = []
        refusals: list[Refused] = []
        seen = set[str]()
        for place, one in enumerate(parts):
            try:
                part = self._part(one, place)
                key = part.get("field") or part.get("wording") or ""
                if key and key in seen:
                    raise refused(place, "field", "twice", _("This stands in the form already."))
                seen.add(key)
                taken.append(part)
            except Refused as no:
                refusals += no.all()
        if refusals:
            raise together(refusals)
        return taken

    def _part(self, one: Any, place: int) -> dict[str, Any]:
        if not isinstance(one, dict) or set(one) - _KEYS:
            raise refused(place, "role", "wrong_shape", _("This part has the wrong shape."))
        role = one.get("role") or FIELD
        if role not in dict(ROLES):
            raise refused(place, "role", "no_such_choice", _("Please choose one of the values."))
        found: dict[str, Any] = {name: _text(one, name, place) for name in _TEXTS} | {"role": role}
        if role in (FIELD, HIDDEN):
            found["field"] = one.get("field")
            if not isinstance(found["field"], str) or not _PATH.match(found["field"]):
                raise refused(place, "field", "no_such_field", _("There is no such field."))
        if role == CONSENT:
            found["wording"] = _id(one.get("wording"), place)
        if role == WORDS and not found["text"]:
            raise refused(place, "text", "required", _("Please fill in this field."))
        if role == HIDDEN and not found["value"]:
            raise refused(place, "value", "required", _("Please fill in this field."))
        found["required"] = role in (FIELD, CONSENT) and one.get("required") is True
        return {name: value for name, value in found.items() if value not in ("", False)}

    def write(self, value: Any) -> str:
        return ""

    def show(self, value: Any) -> str:
        return str(len(value or ()))

    def schema(self) -> dict[str, Any]:
        text = {"type": ["string", "null"]}
        properties: dict[str, Any] = {name: {**text, "maxLength": most} for name, most in _TEXTS.items()}
        properties |= {"role": {"type": "string", "enum": [key for key, _label in ROLES]}}
        properties |= {"field": text, "wording": text, "required": {"type": "boolean"}}
        part = {"type": "object", "properties": properties, "required": ["role"], "additionalProperties": False}
        return {"type": "array", "maxItems": MOST, "items": part}

    def sample(self, n: int) -> Any:
        return [{"role": FIELD, "field": "person.last_name", "required": True, "label": f"{n}"}]


def _text(one: dict[str, Any], name: str, place: int) -> str:
    value = one.get(name)
    text = "" if value is None else value.strip() if isinstance(value, str) else None
    if text is None or "\x00" in text or len(text) > _TEXTS[name]:
        raise refused(place, name, "too_long", _("This text is too long."))
    return text


def _id(value: Any, place: int) -> str:
    try:
        return str(UUID(str(value)))
    except ValueError:
        raise refused(place, "wording", "not_a_record", _("Please choose a consent text.")) from None


def refused(place: int, part: str, code: str, message: Any) -> Refused:
    """A refusal at one part; its sentence says which one."""
    text = filled(_("Part %(n)d: %(what)s"), {"n": place + 1, "what": message})
    return Refused(code, text, f"parts.{place}.{part}", details={"part": place + 1})
