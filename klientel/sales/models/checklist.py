"""What is to be done while a deal is in a stage, and what of it is done."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from klientel.kernel.errors import filled
from klientel.kernel.kinds import Json
from klientel.lib import words

MOST = 30
LONGEST = 200
REQUIRED = "*"


class Checklist(Json):
    """Things to do, each ``{key, text, required}``. People write a line for each; a star before it says: required."""

    widget = "lines"

    def __init__(self, label: Any = "", **kwargs: Any) -> None:
        super().__init__(label, **{"empty": []} | kwargs)

    def take(self, value: Any) -> Any:
        if isinstance(value, str):
            value = [self._line(line) for line in value.splitlines() if line.strip()]
        given = super().take(value)
        if len(given) > MOST:
            raise self.refuse("too_many", filled(_("At most %(n)d lines are possible."), {"n": MOST}))
        made: dict[str, dict[str, Any]] = {}
        for one in given:
            item = self._item(one)
            if item["key"] in made:
                raise self.refuse("twice", filled(_("“%(what)s” stands here twice."), {"what": item["text"]}))
            made[item["key"]] = item
        return list(made.values())

    @staticmethod
    def _line(line: str) -> dict[str, Any]:
        key, equals, rest = line.partition(" = ")
        text = (rest if equals else line).strip()
        required = text.startswith(REQUIRED)
        found = {"text": text.removeprefix(REQUIRED).strip(), "required": required}
        return found | ({"key": key.strip()} if equals else {})

    def _item(self, one: Any) -> dict[str, Any]:
        if not isinstance(one, dict) or set(one) - {"key", "text", "required"}:
            raise self.refuse("wrong_shape", _("This value has the wrong shape."))
        text, key = one.get("text"), one.get("key") or ""
        if not isinstance(text, str) or not isinstance(key, str) or "\x00" in text + key:
            raise self.refuse("wrong_shape", _("This value has the wrong shape."))
        text = text.strip()
        if not text or max(len(text), len(key)) > LONGEST:
            raise self.refuse(
                "too_long", filled(_("Each line needs a text of at most %(n)d characters."), {"n": LONGEST})
            )
        return {"key": key or _key(text), "text": text, "required": bool(one.get("required"))}

    def write(self, value: Any) -> str:
        """A line for each; its key only where the text does not make it."""
        lines = []
        for one in value or []:
            key = "" if one["key"] == _key(one["text"]) else f"{one['key']} = "
            lines.append(f"{key}{REQUIRED + ' ' if one['required'] else ''}{one['text']}")
        return "\n".join(lines)

    def read(self, text: str) -> Any:
        return self.accept(text)

    def show(self, value: Any) -> str:
        return ", ".join(f"{one['text']}{' ' + REQUIRED if one['required'] else ''}" for one in value or [])

    def schema(self) -> dict[str, Any]:
        properties = {"key": {"type": "string"}, "text": {"type": "string"}, "required": {"type": "boolean"}}
        item = {"type": "object", "properties": properties, "required": ["text"], "additionalProperties": False}
        return {"type": "array", "maxItems": MOST, "items": item}

    def sample(self, n: int) -> Any:
        return [{"key": f"step_{n}", "text": f"Step {n}", "required": n % 2 == 1}]


def _key(text: str) -> str:
    return words.fold(text).replace(" ", "_")[:60]


class Ticks(Json):
    """What is ticked off on one deal: ``{stage, item, by, name, at}`` each, in the order in which it was done."""

    def __init__(self, label: Any = "", **kwargs: Any) -> None:
        super().__init__(label, **{"empty": []} | kwargs)

    def show(self, value: Any) -> str:
        n = len(value or ())
        return ngettext("%(n)d item ticked", "%(n)d items ticked", n) % {"n": n} if n else ""


def ticked(ticks: Iterable[dict[str, Any]], stage: Any) -> dict[str, dict[str, Any]]:
    """What is ticked of one stage's list, by the key of the item."""
    return {one["item"]: one for one in ticks or () if one["stage"] == str(stage)}


def missing(stage: Any, ticks: Iterable[dict[str, Any]]) -> list[str]:
    """The required items of a stage that are not ticked, as people call them."""
    done = ticked(ticks, stage.pk)
    return [one["text"] for one in stage.checklist or () if one["required"] and one["key"] not in done]
