"""Forms as visitors see them: what is published, and which answers there are to it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db import connection
from django.utils.translation import gettext_lazy as _

from klientel.channels.models import Form, FormVersion, Wording
from klientel.channels.models.parts import CONSENT, FIELD, HIDDEN, kind_at, refused, target_of
from klientel.kernel import writing
from klientel.kernel.errors import Refused
from klientel.kernel.kinds import Entries, today
from klientel.kernel.links import whole
from klientel.kernel.records import RecordType
from klientel.kernel.tenancy import current
from klientel.kernel.tenancy.models import Tenant
from klientel.lib.ids import uuid7

CONSENTS = "consents"  # the key of the answers that lists the consent texts that were ticked
#: consents that a mail to the address can confirm; it proves nothing about a phone number
BY_MAIL = ("mail", "tracking")
SIMPLE = ("name", "heading", "text", "button", "language", "thanks", "redirect")


def content_of(form: Form) -> dict[str, Any]:
    """All that visitors would see of a form now, the words of its consents included; JSON."""
    wordings = {str(one.pk): one for one in Wording.objects.filter(pk__in=_wordings(form), archived_at=None)}
    parts = []
    for place, one in enumerate(form.parts):
        if one["role"] == CONSENT:
            found = wordings.get(one["wording"])
            if found is None:
                raise refused(place, "wording", "not_a_record", _("Please choose a consent text."))
            one = one | {
                "version": found.version, "text": found.text, "name": found.name,
                "purpose": str(found.purpose), "channel": found.channel,
            }  # fmt: skip
        parts.append(one)
    shown: dict[str, Any] = {name: getattr(form, name) for name in SIMPLE}
    shown |= {name: str(getattr(form, name) or "") for name in ("picture", "file")}
    return shown | {"parts": parts}


def _wordings(form: Form) -> list[str]:
    return [one["wording"] for one in form.parts if one["role"] == CONSENT]


def published(form: Form, number: int | None = None) -> Any:
    """A published version: the one that visitors see, or an earlier one of this number; nothing where there is none."""
    return FormVersion.objects.filter(form_id=form.pk, number=number or form.published or 0).first()


def asks_consent(content: dict[str, Any]) -> bool:
    """Whether it asks for a consent that is confirmed by mail."""
    return any(one["role"] == CONSENT and one["channel"] in BY_MAIL for one in content["parts"])


def address_of(form: Form, name: str = "form_page") -> str:
    """The whole address of its page."""
    tenant = Tenant.objects.get(pk=current())
    return whole(name, tenant.slug, form.path)


@dataclass
class Answers:
    """What somebody said: values by the first word of their paths (``person``), and the consents they ticked."""

    values: dict[str, dict[str, Any]] = field(default_factory=dict)
    consents: list[dict[str, Any]] = field(default_factory=list)

    def of(self, target: str) -> dict[str, Any]:
        """The values of one target, such as ``person``."""
        return self.values.get(target, {})


def read(content: dict[str, Any], given: dict[str, Any]) -> Answers:
    """Check what was sent (JSON by path) against the version it answers; every refusal at once, each at its field."""
    found, refusals = Answers(), list[Refused]()
    said = given.get(CONSENTS)
    ticked = said if isinstance(said, list) else []
    for one in content["parts"]:
        if one["role"] in (FIELD, HIDDEN):
            _take(found, one, given, refusals)
        elif one["role"] == CONSENT:
            if one["wording"] in ticked:
                found.consents.append(one)
            elif one.get("required"):
                refusals.append(Refused("required", _("Please tick this box."), one["wording"]))
    if any(one["channel"] in BY_MAIL for one in found.consents) and not first_mail(found):
        refusals.append(Refused("required", _("Please give your e-mail address: we ask it to confirm."), MAIL))
    if refusals:
        raise together_once(refusals)
    return found


MAIL = "person.emails"


def first_mail(answers: Answers) -> str:
    """The first e-mail address that was given."""
    return next((str(e["value"]) for e in answers.of("person").get("emails") or () if e.get("value")), "")


def together_once(refusals: list[Refused]) -> Refused:
    """One refusal that holds all, one for each field."""
    by_field = {one.field: one for one in reversed(refusals)}
    first, *rest = [one for one in refusals if by_field[one.field] is one]
    return Refused(first.code, first.message, first.field, rest)


def _take(found: Answers, part: dict[str, Any], given: dict[str, Any], refusals: list[Refused]) -> None:
    path, kind = part["field"], kind_at(part["field"])
    if kind is None:  # a field of the tenant's own that is gone meanwhile
        return
    _rtype, name = target_of(path)
    try:
        said = given.get(path)
        if part["role"] == HIDDEN:
            value = kind.read(part["value"])
        else:  # what a form does not demand may stay empty, whatever the kind demands
            value = kind.blank_value() if said in (None, "", []) else kind.accept(said)
    except Refused as no:
        refusals.append(Refused(no.code, no.message, path))
        return
    if kind.is_empty(value):
        if part.get("required") and value is not True:
            refusals.append(Refused("required", _("Please fill in this field."), path))
        if value is not False:
            return
    if part.get("required") and value is False:
        refusals.append(Refused("required", _("Please tick this box."), path))
        return
    found.values.setdefault(path.partition(".")[0], {})[name] = kind.plain(value)


def differing(rtype: RecordType, record: Any, values: dict[str, Any]) -> dict[str, Any]:
    """Those values that a record does not have: of several entries the new ones, else what is different."""
    found = {}
    for name, value in values.items():
        kind = rtype.fields[name]
        held = kind.plain(rtype.value(record, name))
        if isinstance(kind, Entries):
            known = {_said(kind, one) for one in held or ()}
            if fresh := [one for one in value if _said(kind, one) not in known]:
                found[name] = fresh
        elif held != value and not kind.is_empty(value):
            found[name] = value
    return found


def _said(kind: Entries, entry: dict[str, Any]) -> tuple[str, ...]:
    return tuple(str(entry.get(part, "")).casefold() for part in kind.parts)


_SEEN = """
INSERT INTO channels_formday AS d (id, tenant_id, form_id, day, seen) VALUES (%s, %s, %s, %s, 1)
ON CONFLICT (tenant_id, form_id, day) DO UPDATE SET seen = d.seen + 1
"""


def note_seen(form: UUID) -> None:
    """Count that the page was seen; a number of the day, nothing of whoever saw it."""
    with writing.door(), connection.cursor() as cursor:
        cursor.execute(_SEEN, [uuid7(), current(), form, today()])


@dataclass(frozen=True)
class Counts:
    """How often a form was seen, sent, confirmed and held back."""

    seen: int
    sent: int
    confirmed: int
    suspected: int


_COUNTS = """
SELECT (SELECT coalesce(sum(seen), 0) FROM channels_formday WHERE tenant_id = %(t)s AND form_id = %(f)s),
       count(*) FILTER (WHERE state <> 'suspected'), count(*) FILTER (WHERE state = 'confirmed'),
       count(*) FILTER (WHERE state = 'suspected')
FROM channels_response WHERE tenant_id = %(t)s AND form = %(f)s AND archived_at IS NULL
"""


def counts(form: UUID) -> Counts:
    """Its counts since it was made."""
    with connection.cursor() as cursor:
        cursor.execute(_COUNTS, {"t": current(), "f": form})
        return Counts(*map(int, cursor.fetchone()))


def expires(now: dt.datetime) -> dt.datetime:
    """Until when a consent can be confirmed; after that it is gone."""
    return now + dt.timedelta(days=14)
