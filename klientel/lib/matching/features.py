"""What of a record is compared, and how: each feature reads some fields, gives keys under which twins meet, and weighs
two values. A record type declares a tuple of features; a matching is the whole of them.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol

from klientel.lib.matching import contacts, organisations, people, places
from klientel.lib.matching.commonness import SHIPPED, Commonness
from klientel.lib.matching.evidence import USUAL, Evidence, codes, summed
from klientel.lib.words import fold, koelner

MOST_KEYS = 24
#: features that never give a key
_WITHOUT_KEYS = frozenset(("organisation", "salutation"))
Get = Callable[[str], Any]
#: what two records are compared by: a prepared value for each feature, none where the record says nothing
Profile = list[Any]


class Feature(Protocol):
    """One thing by which two records are compared."""

    @property
    def key(self) -> str:
        """Its short name: name, email, phone …"""
        ...

    @property
    def fields(self) -> tuple[str, ...]:
        """The fields it reads; who may not see all of them is not told of it."""
        ...

    def read(self, get: Get) -> Any:
        """The prepared value, falsy where the record says nothing; ``get`` gives a field's canonical value."""
        ...

    def keys(self, value: Any) -> list[str]:
        """Keys under which twins meet by this alone."""
        ...

    def compare(self, left: Any, right: Any, common: Commonness) -> list[Evidence]:
        """What two prepared values say."""
        ...


def _values(entries: Any) -> list[str]:
    if isinstance(entries, list) and len(entries) == 1 and isinstance(entries[0], dict):
        return [entries[0]["value"]]
    if isinstance(entries, str):
        return [entries]
    return [e["value"] if isinstance(e, dict) else str(e) for e in entries or ()]


@dataclass(frozen=True)
class PersonName:
    """First and last name."""

    first: str
    last: str
    key: ClassVar[str] = "name"

    @property
    def fields(self) -> tuple[str, ...]:
        return self.first, self.last

    def read(self, get: Get) -> Any:
        first, last = get(self.first) or "", get(self.last) or ""
        return people.read_name(first, last) if first or last else None

    def keys(self, value: Any) -> list[str]:
        return people.name_keys(value)

    def compare(self, left: Any, right: Any, common: Commonness) -> list[Evidence]:
        return people.compare_names(left, right, common)


@dataclass(frozen=True)
class FirmName:
    """The name of an organisation, with its legal form."""

    name: str
    form: str = ""
    key: ClassVar[str] = "name"

    @property
    def fields(self) -> tuple[str, ...]:
        return (self.name, self.form) if self.form else (self.name,)

    def read(self, get: Get) -> Any:
        name = get(self.name) or ""
        return organisations.read_firm(name, (get(self.form) or "") if self.form else "") if name else None

    def keys(self, value: Any) -> list[str]:
        return organisations.firm_keys(value)

    def compare(self, left: Any, right: Any, common: Commonness) -> list[Evidence]:
        return organisations.compare_firms(left, right)


@dataclass(frozen=True)
class Emails:
    """Mail addresses."""

    field: str
    person: bool = True
    key: ClassVar[str] = "email"

    @property
    def fields(self) -> tuple[str, ...]:
        return (self.field,)

    def read(self, get: Get) -> Any:
        found = get(self.field)
        return contacts.read_emails(_values(found)) if found else None

    def keys(self, value: Any) -> list[str]:
        return [f"e:{one}" for one in sorted(value)] + contacts.email_sounds(value) * self.person

    def compare(self, left: Any, right: Any, common: Commonness) -> list[Evidence]:
        found = contacts.compare_emails(left, right, person=self.person)
        return [found] if found else []


@dataclass(frozen=True)
class Phones:
    """Telephone numbers."""

    field: str
    person: bool = True
    key: ClassVar[str] = "phone"

    @property
    def fields(self) -> tuple[str, ...]:
        return (self.field,)

    def read(self, get: Get) -> Any:
        found = get(self.field)
        return contacts.read_phones(_values(found)) if found else None

    def keys(self, value: Any) -> list[str]:
        return [f"p:{one}" for one in sorted(value)]

    def compare(self, left: Any, right: Any, common: Commonness) -> list[Evidence]:
        found = contacts.compare_phones(left, right, person=self.person)
        return [found] if found else []


@dataclass(frozen=True)
class Domains:
    """Web domain, and the domain of mail addresses; free providers do not count."""

    url: str
    email: str
    person: bool = False
    key: ClassVar[str] = "domain"

    @property
    def fields(self) -> tuple[str, ...]:
        return tuple(name for name in (self.url, self.email) if name)

    def read(self, get: Get) -> Any:
        urls, mails = (get(self.url) if self.url else None), (get(self.email) if self.email else None)
        return contacts.read_domains(_values(urls), _values(mails)) if urls or mails else None

    def keys(self, value: Any) -> list[str]:
        return [] if self.person else [f"d:{one}" for one in sorted(value)]

    def compare(self, left: Any, right: Any, common: Commonness) -> list[Evidence]:
        found = contacts.compare_domains(left, right, person=self.person)
        return [found] if found else []


@dataclass(frozen=True)
class Day:
    """A birthday."""

    field: str
    key: ClassVar[str] = "birthday"

    @property
    def fields(self) -> tuple[str, ...]:
        return (self.field,)

    def read(self, get: Get) -> Any:
        found = get(self.field)
        return (found if isinstance(found, str) else found.isoformat()) if found else None

    def keys(self, value: Any) -> list[str]:
        return []

    def compare(self, left: Any, right: Any, common: Commonness) -> list[Evidence]:
        found = contacts.compare_days(left, right)
        return [found] if found else []


@dataclass(frozen=True)
class Places:
    """Postal addresses."""

    field: str
    key: ClassVar[str] = "address"

    @property
    def fields(self) -> tuple[str, ...]:
        return (self.field,)

    def read(self, get: Get) -> Any:
        found = get(self.field)
        if not found:
            return None
        return (_place(found[0]),) if len(found) == 1 else tuple(_place(one) for one in found[:5])

    def keys(self, value: Any) -> list[str]:
        return [f"a:{key}" for one in value[:2] for key in places.place_keys(one)]

    def compare(self, left: Any, right: Any, common: Commonness) -> list[Evidence]:
        return places.compare_places(left, right)


def _place(entry: dict[str, Any]) -> places.Place:
    get = entry.get
    return places.read_place(
        get("street") or "", get("postcode") or "", get("city") or "", get("region") or "", get("extra") or ""
    )


@dataclass(frozen=True)
class Number:
    """A number or word that belongs to one record only: VAT ID, customer number, a field of the tenant's own."""

    field: str
    key: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "key", self.key or self.field)

    @property
    def fields(self) -> tuple[str, ...]:
        return (self.field,)

    def read(self, get: Get) -> Any:
        found = get(self.field)
        plain = fold(str(found)).replace(" ", "") if found not in (None, "") else ""
        return frozenset((plain,)) if plain else None

    def keys(self, value: Any) -> list[str]:
        return [f"v:{self.field}:{one}"[:200] for one in value]

    def compare(self, left: Any, right: Any, common: Commonness) -> list[Evidence]:
        found = contacts.compare_numbers(left, right, self.key)
        return [found] if found else []


@dataclass(frozen=True)
class Same:
    """A link or choice that twins share more often than strangers do, such as the organisation they work for."""

    field: str
    key: str
    same: float = 5.0
    other: float = -1.0

    @property
    def fields(self) -> tuple[str, ...]:
        return (self.field,)

    def read(self, get: Get) -> Any:
        return get(self.field)

    def keys(self, value: Any) -> list[str]:
        return []

    def compare(self, left: Any, right: Any, common: Commonness) -> list[Evidence]:
        if left == right:
            return [Evidence(self.key, f"same_{self.key}", self.same)] if self.same else []
        return [Evidence(self.key, f"other_{self.key}", self.other)]


@dataclass(frozen=True)
class Matching:
    """How records of one type are recognised as the same."""

    features: tuple[Feature, ...]
    ignored: frozenset[str] = frozenset()  # features that give keys and are not compared
    fields: frozenset[str] = field(init=False, default=frozenset())  # what all features read
    _names: tuple[int, ...] = field(init=False, default=())

    def __post_init__(self) -> None:
        object.__setattr__(self, "fields", frozenset(name for one in self.features for name in one.fields))
        object.__setattr__(self, "_names", tuple(n for n, f in enumerate(self.features) if f.key == "name"))

    def profile(self, get: Get, visible: Collection[str] | None = None) -> Profile:
        """The prepared values of a record; of features with a field outside ``visible`` nothing."""
        if visible is None or self.fields.issubset(visible):
            return [one.read(get) for one in self.features]
        return [one.read(get) if all(f in visible for f in one.fields) else None for one in self.features]

    def keys_of(self, get: Get) -> list[str]:
        """The keys of a record; as :meth:`keys`, without reading what gives none."""
        return self.keys([None if one.key in _WITHOUT_KEYS else one.read(get) for one in self.features])

    def keys(self, profile: Profile) -> list[str]:
        """The keys under which twins of this record meet, the most telling first."""
        found: list[str] = []
        for n, value in enumerate(profile):
            if value and n not in self._names:
                found += self.features[n].keys(value)
        for n in self._names:
            if name := profile[n]:
                found += self.features[n].keys(name)
                if isinstance(name, people.Name) and self._anchors(profile):
                    found += self._anchored(name, profile)
        return list(dict.fromkeys(found))[:MOST_KEYS]

    def _anchors(self, profile: Profile) -> bool:
        return any(v and f.key in ("birthday", "address") for f, v in zip(self.features, profile, strict=True))

    def _anchored(self, name: people.Name, profile: Profile) -> Iterable[str]:
        """A name narrows a day or a place, and the other way round."""
        sound = koelner("".join(name.family or name.given))
        for one, value in zip(self.features, profile, strict=True):
            if not value:
                continue
            if one.key == "birthday":
                yield from (f"b:{value}{letter}" for letter in people.anchors(name))
            elif one.key == "address":
                yield from (f"a:{place.postcode}.{sound}" for place in value[:2] if place.postcode and sound)
                yield from (f"a:{sound}.{place.number}" for place in value[:2] if place.number and sound)

    def compare(self, left: Profile, right: Profile, common: Commonness = SHIPPED) -> list[Evidence]:
        """Everything that speaks for and against two records being one."""
        found: list[Evidence] = []
        for one, a, b in zip(self.features, left, right, strict=True):
            if a and b and one.key not in self.ignored:
                found += one.compare(a, b, common)
        if any(e.code == "similar_email" for e in found):
            found = self._beyond_name(found, left, right)
        return _once(found)

    def _beyond_name(self, found: list[Evidence], left: Profile, right: Profile) -> list[Evidence]:
        """Similar addresses that are made of the name weigh only what they say besides."""
        family = [p.family for p in (left[n] for n in self._names) if isinstance(p, people.Name)]
        mails = [(a, b) for f, a, b in zip(self.features, left, right, strict=True) if f.key == "email" and a and b]
        if not family or not family[0] or not mails:
            return found
        bits = contacts.beyond_name(*mails[0], family[0])
        told = Evidence("email", "similar_email", bits) if bits else Evidence("email", "other_email", -1.0)
        return [told if e.code == "similar_email" else e for e in found]

    def score(
        self, left: Profile, right: Profile, common: Commonness = SHIPPED, size: int = USUAL
    ) -> tuple[float, list[str]]:
        """How likely two records are one (0 to 1), and the codes of what speaks for and against."""
        found = self.compare(left, right, common)
        return round(summed(found, size), 4), codes(found)


def _once(found: list[Evidence]) -> list[Evidence]:
    """Evidence that follows from other evidence counts once: an equal mail address has an equal domain."""
    if len(found) < 2:
        return found
    by_code = {one.code for one in found}
    if "same_domain" in by_code and ("same_email" in by_code or "same_office_email" in by_code):
        return [one for one in found if one.code != "same_domain"]
    return found
