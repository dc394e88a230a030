"""The roles a new tenant begins with: records like any other, to be changed or thrown away."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from klientel.kernel.kinds import Link, Links
from klientel.kernel.records import RecordType, all_types, type_of

_OWN = {"field": "owner", "op": "is", "value": {"me": True}}
_OF_MY_TEAM = {"field": "owner.team", "op": "one_of", "value": [{"my_teams": True}]}
_NOBODYS = {"field": "owner", "op": "empty"}
_MINE_AND_TEAMS = {"any": [_OWN, _OF_MY_TEAM, _NOBODYS]}
_REACHES: dict[str, dict[str, Any]] = {"own": _OWN, "team": _OF_MY_TEAM, "reach": _MINE_AND_TEAMS}
_SALES = ("change", "archive", "assign", "merge", "send")


def reaches(key: str) -> dict[str, Any]:
    """A usual condition of grants by its name: ``own``, ``team`` (of the own teams), ``reach`` (both and nobody's)."""
    return _REACHES[key]


@dataclass(frozen=True)
class Preset:
    """One role to begin with."""

    key: str
    name: Any
    note: Any
    grants: list[dict[str, Any]]


def presets() -> list[Preset]:
    """The preset roles, from the types that are declared now."""
    return [
        Preset(
            "administration", _("Administration"), _("Everything, settings included."), [{"record": "*", "verb": "*"}]
        ),
        Preset("sales", _("Sales"), _("Own records and those of the own teams."), _sales()),
        Preset(
            "sales_own",
            _("Sales, own business"),
            _("As Sales, but sees deals, quotes and what belongs to them only of oneself and the own teams."),
            _sales(own=True),
        ),
        Preset(
            "reading",
            _("Read only"),
            _("Sees all business records, changes nothing."),
            [{"record": "*", "verb": "view"}],
        ),
        Preset(
            "privacy",
            _("Data protection"),
            _("Access reports, erasure and restriction of persons."),
            [
                {"record": "*", "verb": "view"},
                {"record": "*", "verb": "privacy"},
                {"record": "*", "verb": "export"},
            ],
        ),
    ]


def _sales(*, own: bool = False) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for rtype in all_types():
        if rtype.system or rtype.key == "kernel.comment":  # comments follow what they are about, for everybody
            continue
        for verb in ("create", "import"):
            found.append({"record": rtype.key, "verb": verb})
        for verb in _SALES:
            found.append({"record": rtype.key, "verb": verb, "where": _MINE_AND_TEAMS})
        seen = _seen(rtype, own=own)
        for verb in ("view", "export"):
            found.append({"record": rtype.key, "verb": verb} | ({"where": seen} if seen else {}))
    return found


def _seen(rtype: RecordType, *, own: bool) -> dict[str, Any] | None:
    """Persons of the own teams; what is about records one may see; everything that says nothing about a person.

    With ``own`` confidential business is seen as persons are, and what hangs on it with it.
    """
    follows = [n for n in rtype.concerns if isinstance(kind := rtype.fields[n], Link | Links) and kind.to == "*"]
    if follows:
        return {"any": [*_MINE_AND_TEAMS["any"], *({"seen": name} for name in follows)]}
    about = {n: kind.to for n in rtype.concerns if isinstance(kind := rtype.fields[n], Link) and kind.required}
    if any(type_of(to).personal for to in about.values()):  # a consent is seen by who sees the person
        return {"all": [{"seen": name} for name in about]}
    if own and not rtype.confidential and (led := [n for n, to in about.items() if type_of(to).confidential]):
        return {"all": [{"seen": name} for name in led]}
    return _MINE_AND_TEAMS if rtype.personal or (own and rtype.confidential) else None
