"""How the parts of a form are drawn for visitors, and how what their browser sends becomes answers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from klientel.channels.models.parts import CONSENT, FIELD, WORDS, kind_at, target_of
from klientel.channels.models.response import TOUCH
from klientel.channels.queries.forms import CONSENTS
from klientel.kernel.errors import Refused
from klientel.kernel.kinds import Entries, Kind
from klientel.kernel.web.fields import PART_LABELS, as_sent, label_of
from klientel.kernel.web.speech import large

#: what a browser may fill in by itself (HTML, autofill)
AUTOFILL = {
    "person.first_name": "given-name", "person.last_name": "family-name", "person.academic_title": "honorific-prefix",
    "person.emails": "email", "person.phones": "tel", "person.position": "organization-title",
    "organisation.name": "organization", "person.website": "url",
    "street": "street-address", "postcode": "postal-code", "city": "address-level2", "country": "country",
}  # fmt: skip
TYPES = {"email": "email", "emails": "email", "phone": "tel", "phones": "tel", "date": "date", "url": "url"}
MODES = {"whole": "numeric", "decimal": "decimal"}


@dataclass
class Part:
    """One part as its template draws it."""

    role: str
    name: str = ""
    label: str = ""
    help: str = ""
    required: bool = False
    widget: str = "line"
    type: str = "text"
    mode: str = ""
    longest: int | None = None
    autofill: str = "off"
    value: Any = ""
    options: list[tuple[str, str]] = field(default_factory=list)
    inputs: list[tuple[str, str, str, str]] = field(default_factory=list)  # name, label, value, autofill
    error: str = ""

    @property
    def id(self) -> str:
        """The id of its first control."""
        return f"q-{self.name.replace('.', '-')}"


def parts(content: dict[str, Any], values: dict[str, Any], refused: Refused | None) -> list[Part]:
    """The parts in order, with the values and a sentence where one is wrong."""
    errors: dict[str, str] = {}
    for one in refused.all() if refused else ():
        errors.setdefault(one.field or "", str(one.message))
    made = []
    for one in content["parts"]:
        if one["role"] == WORDS:
            made.append(Part(WORDS, label=one["text"]))
        elif one["role"] == CONSENT:
            name = one["wording"]
            ticked = name in (values.get(CONSENTS) or ())
            made.append(
                Part(CONSENT, name, one["text"], one.get("help", ""), bool(one.get("required")), value=ticked,
                     error=errors.get(name, ""))
            )  # fmt: skip
        elif one["role"] == FIELD and (kind := kind_at(one["field"])) is not None:
            made.append(_field(one, kind, values.get(one["field"]), errors.get(one["field"], "")))
    return made


def _field(one: dict[str, Any], kind: Kind, value: Any, error: str) -> Part:
    path = one["field"]
    made = Part(FIELD, path, one.get("label") or label_at(path, kind), one.get("help", ""), bool(one.get("required")))
    made.error, made.value, made.longest = error, as_sent(kind, value), getattr(kind, "max_length", None)
    made.type, made.mode = TYPES.get(kind.key, "text"), MODES.get(kind.key, "")
    made.autofill = AUTOFILL.get(path, "off")
    if kind.key == "addresses":
        row = (value or [{}])[0]
        made.widget, made.inputs = "several", [
            (f"{path}.{part}", str(PART_LABELS.get(part, part)), row.get(part, ""), AUTOFILL.get(part, "off"))
            for part in ("street", "postcode", "city")
        ]  # fmt: skip
    elif isinstance(kind, Entries):
        made.value = next((e.get("value", "") for e in value or ()), "")
        made.longest = 250
    elif kind.widget in ("select", "country", "language", "multiselect"):
        made.widget = "ticks" if kind.widget == "multiselect" else "choice"
        made.options = [(key, str(text)) for key, text in kind.options() if key not in getattr(kind, "retired", ())]
    elif kind.widget in ("textarea", "checkbox"):
        made.widget = kind.widget
    return made


def label_at(path: str, kind: Kind) -> str:
    """What a field is called for strangers: the name of an organisation is the organisation."""
    return large(str(target_of(path)[0].label)) if path == "organisation.name" else label_of(kind)


def first_values(content: dict[str, Any], query: Any) -> dict[str, Any]:
    """Values that the address of the page brings, such as ``?person.first_name=Eva``; consents never come ticked."""
    found = {one["field"]: query[one["field"]] for one in content["parts"] if one.get("field") in query}
    return {path: value for path, value in found.items() if (kind := kind_at(path)) and not isinstance(kind, Entries)}


def sent(content: dict[str, Any], data: Any) -> dict[str, Any]:
    """What a browser sent as answers by path, JSON-like; checking them is the form's business."""
    found: dict[str, Any] = {}
    for one in content["parts"]:
        if one["role"] == FIELD and (kind := kind_at(one["field"])) is not None:
            found[one["field"]] = _value(kind, one["field"], data)
    return found | {CONSENTS: [one["wording"] for one in content["parts"] if one.get("wording") in data]}


def _value(kind: Kind, path: str, data: Any) -> Any:
    text = str(data.get(path, "")).replace("\r\n", "\n").strip()
    if kind.key == "addresses":
        row = {part: str(data.get(f"{path}.{part}", "")).strip() for part in ("street", "postcode", "city")}
        return [row] if any(row.values()) else []
    if isinstance(kind, Entries):
        return [{"value": text}] if text else []
    if kind.widget == "multiselect":
        return [one for one in data.getlist(path) if one]
    if kind.widget == "checkbox":
        return text not in ("", "0", "off", "false")
    return text or None


def touch_of(request: Any) -> dict[str, str]:
    """Where the visitor comes from: as the page was told, else as its own address says."""
    given = request.POST if request.method == "POST" else request.GET
    found = {name: given.get(name, "")[:120] for name in TOUCH}
    referrer = given.get("referrer", "") or (request.headers.get("Referer", "") if request.method == "GET" else "")
    return found | {"referrer": referrer[:500], "page": given.get("page", "")[:500]}
