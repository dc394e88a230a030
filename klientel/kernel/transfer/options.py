"""What one may choose for an import."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from klientel.kernel.errors import Refused, together

POLICIES = (
    ("skip", _("leave out what is there already")),
    ("update", _("complete what is there already")),
    ("create", _("create a new record all the same")),
)
UPDATES = (("fill", _("fill empty fields only")), ("overwrite", _("the file wins")))


@dataclass(frozen=True)
class Options:
    """How an import treats its rows."""

    on_duplicate: str = "skip"
    threshold: float | None = None  # likeness from which a row counts as a duplicate; none: the workspace's rule says
    update: str = "fill"
    strict: bool = False  # refuse a row with any wrong value, instead of leaving that value out
    create_links: bool = True  # make organisations that are not known yet
    create_tags: bool = True
    owner: UUID | None = None  # of rows that name none
    tags: tuple[UUID, ...] = field(default_factory=tuple)  # put on every record
    date_order: str = ""  # "dmy" or "mdy" for dates that can be read both ways; empty: as the file's other dates
    mute: bool = False  # automation does not react to what the import does
    keys: tuple[str, ...] = field(default_factory=tuple)  # paths of the fields that say which record a row means
    means: Mapping[str, Mapping[str, UUID]] = field(default_factory=dict)  # link -> what words of the file mean there
    sheet: str = ""
    header: bool | None = None

    @classmethod
    def of(cls, given: Mapping[str, Any] | Options | None) -> Options:
        """From JSON or a form; :class:`Refused` where something is not possible."""
        if isinstance(given, Options):
            return given
        wrong: list[Refused] = []
        known: dict[str, Any] = {}
        for name, value in (given or {}).items():
            read = _READERS.get(name)
            if read is None:
                wrong.append(Refused("unknown_field", _("There is no such field."), name))
                continue
            try:
                known[name] = read(value)
            except (ValueError, TypeError, AttributeError, KeyError):
                wrong.append(Refused("invalid", _("Please choose one of the given values."), name))
        if wrong:
            raise together(wrong)
        return cls(**known)

    def plain(self) -> dict[str, Any]:
        """As JSON; ``of`` reads it back."""
        return {k: _json(v) for k, v in vars(self).items()}


def _json(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {k: _json(v) for k, v in value.items()}
    if isinstance(value, tuple):
        return [str(v) for v in value]
    return str(value) if isinstance(value, UUID) else value


def _one_of(*allowed: str) -> Any:
    def read(value: Any) -> str:
        if value not in allowed:
            raise ValueError(value)
        return str(value)

    return read


def _share(value: Any) -> float | None:
    if value in (None, ""):
        return None
    number = float(value)
    if not 0.3 <= number <= 1:
        raise ValueError(value)
    return number


def _flag(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    return {"": False, "0": False, "false": False, "off": False, "1": True, "true": True, "on": True}[
        str(value).lower()
    ]


def _maybe(value: Any) -> bool | None:
    return None if value in (None, "") else _flag(value)


def _id(value: Any) -> UUID | None:
    return None if value in (None, "") else UUID(str(value))


def _ids(value: Any) -> tuple[UUID, ...]:
    return tuple(UUID(str(v)) for v in ([value] if isinstance(value, str) else value or ()) if v)


def _meanings(value: Any) -> dict[str, dict[str, UUID]]:
    return {
        str(name)[:80]: {str(text)[:200]: UUID(str(one)) for text, one in list(some.items())[:500]}
        for name, some in (value or {}).items()
    }


def _paths(value: Any) -> tuple[str, ...]:
    return tuple(dict.fromkeys(str(v)[:200] for v in ([value] if isinstance(value, str) else value or ()) if v))


def _sheet(value: Any) -> str:
    return str(value or "")[:200].replace("\x00", "")


_READERS: dict[str, Any] = {
    "on_duplicate": _one_of(*(k for k, _l in POLICIES)),
    "threshold": _share,
    "update": _one_of(*(k for k, _l in UPDATES)),
    "strict": _flag,
    "create_links": _flag,
    "create_tags": _flag,
    "owner": _id,
    "tags": _ids,
    "date_order": _one_of("", "dmy", "mdy"),
    "mute": _flag,
    "keys": _paths,
    "means": _meanings,
    "sheet": _sheet,
    "header": _maybe,
}
