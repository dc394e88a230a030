"""Names of other records in a file become links: found by id, name, mail or likeness, made where that is wanted."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db import connection
from django.utils.translation import gettext_lazy as _

from klientel.kernel.access import reading
from klientel.kernel.access.granting import ActorScope
from klientel.kernel.actions import Item, run_many
from klientel.kernel.errors import Refused, filled
from klientel.kernel.identity.actor import Actor
from klientel.kernel.kinds import Kind, Link, Links
from klientel.kernel.records import RecordType, type_of
from klientel.kernel.records.aliases import survivors
from klientel.kernel.sql import Sql, both
from klientel.kernel.tenancy import current
from klientel.kernel.transfer.branch import Branch, stand_in, stands_in
from klientel.kernel.transfer.duplicates import sharing
from klientel.kernel.transfer.options import Options
from klientel.kernel.transfer.taking import Fault, Taken, id_in
from klientel.kernel.transfer.targets import Guide, name_field, preset_of
from klientel.kernel.twins.profiles import profiles_of
from klientel.lib.matching import Profile
from klientel.lib.words import fold

_ALIKE = 0.7  # from which likeness a name means a record that is spelt a little differently
_CROWD = 50  # records that share a key are so many that it leads to none of them
_READ_AT_ONCE = 2000
_MOST_REMEMBERED = 20_000
TAG = "kernel.tag"


@dataclass
class Resolver:
    """Finds the records that a file names. Remembers what it found; made once for an import."""

    actor: Actor
    scope: ActorScope
    rtype: RecordType
    options: Options
    change_set: UUID
    fields: dict[str, Kind]
    made: dict[str, int] = field(default_factory=dict)  # type -> how many were made on the way
    branch: Branch | None = None  # then nothing is made on the way, ids stand in for it
    _known: dict[str, dict[str, UUID | Refused]] = field(default_factory=dict)
    _counted: set[int] = field(default_factory=set)  # stand-ins told so far

    def resolve(self, rows: list[Taken]) -> None:
        """Put ids into the values of these rows; a name that leads nowhere is a fault of its row."""
        self._lead(rows)
        guides = preset_of(self.rtype).guides
        self._look_up(rows, self.fields.keys() - guides.keys())
        if guides:
            self._guide(rows, guides)
            self._look_up(rows, guides.keys())
        for row in rows:
            self._defaults(row)

    def _guide(self, rows: list[Taken], guides: Mapping[str, Guide]) -> None:
        """Put the records that a person chose for texts, else those that a guide takes them for."""
        for name, guide in guides.items():
            some = [row for row in rows if name in row.links]
            said = self.options.means.get(name, {})
            for row, found in zip(some, guide(self.scope, [(r.links[name], r.values) for r in some]), strict=True):
                if (meant := said.get(row.links[name][:200], found)) is not None:
                    row.put(self.fields[name], meant)
                    row.links.pop(name)

    def _look_up(self, rows: list[Taken], fields: Set[str]) -> None:
        """Put the records that texts of these fields name."""
        wanted: dict[str, list[str]] = {}
        for row in rows:
            for name, text in row.links.items():
                if name in fields:
                    wanted.setdefault(name, []).extend(named(self.fields[name], text))
        for name, texts in wanted.items():
            self._learn(name, list(dict.fromkeys(texts)))
        for row in rows:
            for name, text in row.links.items():
                if name in wanted:
                    self._put(row, self.fields[name], named(self.fields[name], text))

    def _lead(self, rows: list[Taken]) -> None:
        """Where the file has the ids themselves, these count and names are not asked, as far as they may be seen."""
        wanted: dict[str, set[UUID]] = {}
        for row in rows:
            for name, own in row.leads.items():
                wanted.setdefault(name, set()).update(own)
        for name, ids in wanted.items():
            kind = self.fields[name]
            assert isinstance(kind, Link | Links)
            old = survivors(ids)
            seen = set(reading.names(self.scope, {*ids, *old.values()}, kind.to))
            for row in rows:
                own = [old.get(i, i) for i in row.leads.get(name, [])]
                if own and all(i in seen for i in own):
                    row.put(kind, own if isinstance(kind, Links) else own[0])
                    row.links.pop(name, None)

    def settle(self) -> None:
        """After a chunk: too much is forgotten."""
        for known in self._known.values():
            if len(known) > _MOST_REMEMBERED:
                known.clear()

    def without_stand_ins(self, values: dict[str, Any]) -> dict[str, Any] | None:
        """These values without what would only be made on the way; ``None`` where that changes nothing."""
        found: dict[str, Any] = {}
        changed = False
        for name, value in values.items():
            if isinstance(value, UUID) and stands_in(value):
                changed = True
            elif isinstance(value, list) and any(map(stands_in, value)):
                changed, found[name] = True, [v for v in value if not stands_in(v)]
            else:
                found[name] = value
        return found if changed else None

    def _put(self, row: Taken, kind: Kind, texts: list[str]) -> None:
        known, ids = self._known.get(kind.name, {}), []
        for text in texts:
            found = known.get(text)
            if isinstance(found, UUID):
                ids.append(found)
            elif found is not None:
                hard = self.options.strict or kind.required
                state, column = "error" if hard else "warning", row.columns.get(kind.name, "")
                row.faults.append(Fault(state, found.code, found.message, kind.name, column, text[:200]))
        if ids:
            row.put(kind, list(dict.fromkeys(ids)) if isinstance(kind, Links) else ids[0])

    def _defaults(self, row: Taken) -> None:
        if self.options.owner is not None and "owner" in self.fields and "owner" not in row.values:
            row.put(self.fields["owner"], self.options.owner)
        if self.options.tags and "tags" in self.fields:
            row.put(self.fields["tags"], list(dict.fromkeys([*row.values.get("tags", ()), *self.options.tags])))

    # -- looking up -----------------------------------------------------------------------------------------------

    def _learn(self, name: str, texts: list[str]) -> None:
        kind, known = self.fields[name], self._known.setdefault(name, {})
        assert isinstance(kind, Link | Links)
        texts = [t for t in texts if t not in known]
        if not texts:
            return
        if kind.to == "*":
            found: dict[str, UUID | Refused] = dict(_anything(self.scope, texts))
        else:
            target = type_of(kind.to)
            found = dict(_existing(self.scope, target, texts))
            missing = [t for t in texts if t not in found and id_in(t) is None]  # an id is nothing's name
            if missing and self._may_make(name, target):
                stand_ins = self.branch is not None and not kind.required
                found |= self._stand_ins(target, missing) if stand_ins else self._make(target, missing)
        nowhere = Refused("not_found", "")
        for text in texts:
            result = found.get(text, nowhere)
            known[text] = _nothing_called(text) if result is nowhere else result

    def _may_make(self, name: str, target: RecordType) -> bool:
        wanted = (
            self.options.create_tags
            if target.key == TAG
            else (self.options.create_links and name in preset_of(self.rtype).creates)
        )
        return wanted and self.scope.may(target, "create")

    def _stand_ins(self, target: RecordType, texts: list[str]) -> dict[str, UUID | Refused]:
        """Ids for records that would be made, while rows are tried out."""
        assert self.branch is not None
        found: dict[str, UUID | Refused] = {text: stand_in(self.branch.run, target.key, text) for text in texts}
        for one in found.values():
            place = hash(one)
            if place not in self._counted:
                self._counted.add(place)
                self.made[target.key] = self.made.get(target.key, 0) + 1
        return found

    def _make(self, target: RecordType, texts: list[str]) -> dict[str, UUID | Refused]:
        """New records of these names, one for all the spellings of a name."""
        name, drafts = name_field(target), _Alike(target)
        new: list[str] = []
        leader: dict[str, str] = {}
        for text in texts:
            twin = drafts.twin(text)
            leader[text] = twin or text
            if twin is None:
                new.append(text)
        items = [Item(params={name: text} | self._owner(target)) for text in new]
        outcomes = run_many(
            self.actor,
            f"{target.key}.create",
            items,
            change_set=self.change_set,
            scope=self.scope,
            muted=self.options.mute,
        )
        made: dict[str, UUID | Refused] = {}
        for text, outcome in zip(new, outcomes, strict=True):
            made[text] = outcome.refused if outcome.refused is not None else outcome.record.id
            if outcome.refused is None:
                self.made[target.key] = self.made.get(target.key, 0) + 1
        return {text: made[leader[text]] for text in texts}

    def _owner(self, target: RecordType) -> dict[str, Any]:
        if self.options.owner is None or target.key == TAG or "owner" not in self.scope.writable(target):
            return {}
        return {"owner": self.options.owner}


def named(kind: Kind, text: str) -> list[str]:
    """The names in a cell that leads to one record, or to several."""
    if not isinstance(kind, Links):
        return [text]
    return [part.strip() for part in text.replace(";", ",").replace("\n", ",").split(",") if part.strip()]


def _nothing_called(text: str) -> Refused:
    return Refused("not_found", filled(_("There is no record called “%(name)s”."), {"name": text[:80]}))


def draft(rtype: RecordType, text: str) -> Any:
    """A record in memory of which only the name is known."""
    record = rtype.model(tenant_id=current())
    values: dict[str, Any] = {}
    for part in preset_of(rtype).parts:
        if part.path == "full_name":
            part.read(text, values)
    for name, value in (values or {name_field(rtype): text}).items():
        rtype.put(record, name, value)
    return record


class _Alike:
    """Names of one file that mean the same record: equal when folded, or alike for the type's own matching."""

    def __init__(self, rtype: RecordType) -> None:
        self._rtype, self._matching = rtype, rtype.matching
        self._folded: dict[str, str] = {}
        self._by_key: dict[str, list[tuple[str, Profile]]] = {}

    def twin(self, text: str) -> str | None:
        """The name given before that means the same, or ``None``, and this one is remembered."""
        found = self._folded.get(fold(text))
        if found is None and self._matching is not None:
            mine = self._rtype.profile(draft(self._rtype, text))
            keys = self._matching.keys(mine)
            for key in keys:
                for other_text, other in self._by_key.get(key, ()):
                    if self._matching.score(mine, other)[0] >= _ALIKE:
                        return other_text
            for key in keys:
                self._by_key.setdefault(key, []).append((text, mine))
        if found is None:
            self._folded[fold(text)] = text
        return found


def _existing(scope: ActorScope, rtype: RecordType, texts: list[str]) -> dict[str, UUID]:
    found = _by_id(scope, rtype, texts)
    for look in (_by_name, _by_number, _by_mail, _by_likeness, _by_old_number):
        rest = [t for t in texts if t not in found]
        if rest:
            found |= look(scope, rtype, rest)
    return found


def _by_id(scope: ActorScope, rtype: RecordType, texts: list[str]) -> dict[str, UUID]:
    ids = {t: i for t in texts if (i := id_in(t)) is not None}
    old = survivors(ids.values())
    ids = {t: old.get(i, i) for t, i in ids.items()}
    seen = reading.visible_ids(scope, rtype, ids.values()) if ids else set()
    return {t: i for t, i in ids.items() if i in seen}


def _query(scope: ActorScope, rtype: RecordType, columns: str, where: Sql) -> list[tuple[Any, ...]]:
    inside = both([reading.which(scope, rtype), where])
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT t.id, {columns} FROM {rtype.table} t WHERE {inside.text} ORDER BY t.id DESC", inside.params
        )
        found: list[tuple[Any, ...]] = cursor.fetchall()
        return found


def _by_name(scope: ActorScope, rtype: RecordType, texts: list[str]) -> dict[str, UUID]:
    """Equal names when folded; of several the oldest."""
    keys: dict[str, list[str]] = {}
    for text in texts:
        for key in dict.fromkeys((fold(text)[:200], rtype.sort_of(draft(rtype, text), text))):
            keys.setdefault(key, []).append(text)
    rows = _query(scope, rtype, "t.sort_key", Sql("t.sort_key = ANY(%s)", ([k for k in keys if k],)))
    return {text: record_id for record_id, key in rows for text in keys.get(key, ())}


def _by_number(scope: ActorScope, rtype: RecordType, texts: list[str]) -> dict[str, UUID]:
    """By fields that name a record elsewhere (`Preset.known_by`), without spaces and signs; of several the oldest."""
    plain = {t: _plain(t) for t in texts if any(c.isdigit() for c in t)}
    visible, found = scope.visible(rtype), dict[str, UUID]()
    for name in preset_of(rtype).known_by if plain else ():
        if name not in visible:
            continue
        bare = _bare(name)
        rows = _query(scope, rtype, bare, Sql(f"t.{name} <> '' AND {bare} = ANY(%s)", (list(plain.values()),)))
        known = {key: record_id for record_id, key in rows}
        found = {t: known[key] for t, key in plain.items() if key in known} | found
    return found


def _by_old_number(scope: ActorScope, rtype: RecordType, texts: list[str]) -> dict[str, UUID]:
    """By the number of a record that was merged: what it became."""
    plain = {t: bare for t in texts if any(c.isdigit() for c in t) and (bare := _plain(t))}
    visible, found = scope.visible(rtype), dict[str, UUID]()
    for name in preset_of(rtype).known_by if plain else ():
        if name in visible:
            bare = _bare(name)
            text = (
                f"SELECT {bare}, old.root FROM kernel_alias old JOIN {rtype.table} t ON t.tenant_id = old.tenant_id"
                f" AND t.id = old.old_id WHERE old.tenant_id = %s AND {bare} = ANY(%s) ORDER BY t.id DESC"
            )
            with connection.cursor() as cursor:
                cursor.execute(text, [current(), list(plain.values())])
                known = dict(cursor.fetchall())
            seen = reading.visible_ids(scope, rtype, known.values())
            found = {t: known[key] for t, key in plain.items() if known.get(key) in seen} | found
    return found


def _plain(text: str) -> str:
    """A number without spaces and signs, as `_bare` says it in SQL."""
    return "".join(c for c in text.upper() if c.isalnum())


def _bare(name: str) -> str:
    return f"upper(regexp_replace(t.{name}, '[^[:alnum:]]', '', 'g'))"


def _by_mail(scope: ActorScope, rtype: RecordType, texts: list[str]) -> dict[str, UUID]:
    kind = scope.visible(rtype).get("email")
    wanted = {t.lower(): t for t in texts if "@" in t}
    if kind is None or kind.key != "email" or kind.custom or not wanted:
        return {}
    rows = _query(scope, rtype, "lower(t.email)", Sql("lower(t.email) = ANY(%s)", (list(wanted),)))
    return {wanted[mail]: record_id for record_id, mail in rows}


def _by_likeness(scope: ActorScope, rtype: RecordType, texts: list[str]) -> dict[str, UUID]:
    """By the type's own matching, among those that share a key with the name; one that crowds share says too little."""
    matching = rtype.matching
    if matching is None:
        return {}
    drafts = {t: rtype.profile(draft(rtype, t)) for t in texts}
    texts_of: dict[str, list[str]] = defaultdict(list)
    for text, mine in drafts.items():
        for key in matching.keys(mine):
            texts_of[key].append(text)
    keys = list(texts_of)
    shared = sharing(scope, rtype, keys, _CROWD)
    how_many = Counter(position for position, _id in shared)
    near: dict[UUID, dict[str, None]] = defaultdict(dict)
    for position, record_id in shared:
        if how_many[position] < _CROWD:
            near[record_id].update(dict.fromkeys(texts_of[keys[position - 1]]))
    best: dict[str, tuple[float, UUID]] = {}
    ids = list(near)
    for start in range(0, len(ids), _READ_AT_ONCE):
        for record_id, theirs in profiles_of(rtype, ids[start : start + _READ_AT_ONCE]).items():
            for text in near[record_id]:
                score = matching.score(drafts[text], theirs)[0]
                if score >= _ALIKE and score > best.get(text, (0.0,))[0]:
                    best[text] = (score, record_id)
    return {text: record_id for text, (_score, record_id) in best.items()}


def _anything(scope: ActorScope, texts: Iterable[str]) -> dict[str, UUID]:
    """Records of any type, by id or by a title that only one record has."""
    wanted = list(texts)
    by_title: dict[str, list[UUID]] = {}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT record_id, text FROM kernel_search WHERE tenant_id = %s AND field_class = 'A' AND alive"
            " AND searchable AND text = ANY(%s)",
            [current(), [f" {fold(t)}" for t in wanted]],
        )
        for record_id, text in cursor.fetchall():
            by_title.setdefault(text.strip(), []).append(record_id)
    ids = {t: i for t in wanted if (i := id_in(t)) is not None}
    ids |= {t: some[0] for t in wanted if len(some := by_title.get(fold(t), [])) == 1}
    seen = reading.names(scope, ids.values())
    return {t: i for t, i in ids.items() if i in seen}
