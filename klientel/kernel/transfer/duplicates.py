"""Likely twins of many records at once, in the base and within the file: one look into the index for a whole chunk.

Every row meets only those records that share a strong key (mail, phone, birthday, address, domain, VAT ID, both
names); of them the nearest are judged as a record that somebody creates is (`kernel.twins`): by fields that the actor
may see, under the workspace's rule. A key that hundreds share costs a few microseconds each and never a comparison.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import connection

from klientel.kernel.access import reading
from klientel.kernel.access.granting import ActorScope
from klientel.kernel.records import RecordType
from klientel.kernel.sql import Sql, both, dumps
from klientel.kernel.transfer.branch import Branch
from klientel.kernel.transfer.known import BOTH, KnownKeys
from klientel.kernel.twins.checking import Similar, draft
from klientel.kernel.twins.profiles import profiles_of
from klientel.kernel.twins.rules import rule_of
from klientel.lib.ids import uuid7
from klientel.lib.matching import Profile, codes, summed

_SCORED = 8  # of the candidates of a row, so many are compared
_NAMESAKES = 2  # a name that more have leads nobody who says more than a name; the search for twins sees all.
# A last name with its initial that more have at a place leads only together with the whole name
_PER_KEY = 20  # so many of those that share a key
ENOUGH = 2.0  # weight of shared keys from which comparing is worth while
_BEYOND = 10.0  # weight of a key that says more than a name
_WEIGHTS = {"v": 14.0, "e": 13.0, "o": 12.0, "p": 11.0, "b": 11.0, "d": 10.0, "m": 2.0}
_MOST_CROWDED = 50_000  # names that are remembered as crowded
_FIRST = 1000  # rows after which it is asked whether reading the keys of the base pays


@dataclass(slots=True)
class Match:
    """The record (or the earlier row of the file, by ``line``) that a row repeats, how likely and why.

    One that is not ``certain`` is likely enough to be told, and a new record all the same.
    """

    score: float
    reasons: list[str]
    record: Any = None
    line: int = 0
    certain: bool = True


def weight(key: str) -> float:
    """How much it says that two records share this key: a sound of the last name with an initial says little."""
    found = _WEIGHTS.get(key[:1])
    return found if found is not None else 2.0 if "+" in key else 1.0


def sharing(scope: ActorScope, rtype: RecordType, keys: list[str], most: int = 1000) -> list[tuple[int, UUID]]:
    """(position of a key from 1, visible record that has it), at most so many: one look into the index for each key.

    With all the keys in one array the planner would rather read the whole table.
    """
    if not keys:
        return []
    inside = both([reading.which(scope, rtype), Sql("t.match_keys @> string_to_array(k.key, chr(30))")])
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT k.n, c.id FROM json_array_elements_text(%s::json) WITH ORDINALITY k(key, n) CROSS JOIN LATERAL"
            f" (SELECT t.id FROM {rtype.table} t WHERE {inside.text} LIMIT {int(most)}) c",
            [dumps(keys), *inside.params],
        )
        found: list[tuple[int, UUID]] = cursor.fetchall()
        return found


class Finder:
    """Finds twins for chunk after chunk: in the base, ``within`` the chunk, and, where there is a branch, in what
    earlier rows made of it."""

    def __init__(
        self,
        scope: ActorScope,
        rtype: RecordType,
        threshold: float | None,
        *,
        change_set: UUID,
        branch: Branch | None = None,
        within: bool = True,
    ) -> None:
        self.scope, self.rtype = scope, rtype
        self._matching, self._rule, self._visible = rtype.matching, rule_of(rtype), scope.visible(rtype)
        self._certain = threshold or self._rule.certain
        self._likely = min(self._certain, self._rule.propose)
        self._profiles: dict[Any, Profile] = {}  # of the chunk at hand: of its rows by number, of records by id
        self._branch, self._change_set, self._within = branch, change_set, within
        self._found, self._asked_at = 0, _FIRST
        self._known: KnownKeys | None = None
        self._crowded: set[str] = set()
        self._self_made = False  # rows may make further records of the type, whose keys nobody tells

    def find(self, records: list[tuple[int, Any]]) -> dict[int, Match]:
        """Twins by position in ``records``, which are (line, record in memory with its ``match_keys``)."""
        if self._matching is None or not records:
            return {}
        self._profiles = {}
        owners: dict[str, list[int]] = defaultdict(list)
        for n, (_line, record) in enumerate(records):
            for key in record.match_keys:
                owners[key].append(n)
        bare = set(range(len(records))).difference(*(some for key, some in owners.items() if weight(key) >= _BEYOND))
        found = self._in_base(records, owners, bare)
        if self._within:
            self._in_file(records, owners, bare, found)
        self._found += len(records)
        if self._found >= self._asked_at and self._known is None and not self._self_made:
            self._known = KnownKeys.worth(self.rtype, self._change_set, self._found)
            self._asked_at *= 2
            if self._known is not None and self._branch is not None:
                for keys in self._branch.every_key():
                    self._known.add(keys)
        return found

    def learn(self, record: Any) -> None:
        """This record stands in the base from now on."""
        if self._known is not None:
            self._known.add(record.match_keys)

    def trust_nothing(self) -> None:
        """Other records of the type are made on the way: every key is looked up from now on."""
        self._self_made, self._known = True, None

    # -- in the base ----------------------------------------------------------------------------------------------

    def _in_base(
        self, records: list[tuple[int, Any]], owners: dict[str, list[int]], bare: Container[int]
    ) -> dict[int, Match]:
        nearest = self._nearest(owners, bare)
        ids = {i for some in nearest.values() for i in some}
        if not ids:
            return {}
        theirs = self._profiles_in_base(ids)
        found: dict[int, Match] = {}
        for n, some in nearest.items():
            mine = self._profile(n, records[n][1])
            for record_id in some:
                if record_id in theirs:
                    self._compare(found, n, mine, theirs[record_id], Match(0.0, [], record_id))
        others = self._records({match.record for match in found.values()}) if found else {}
        for match in found.values():
            match.record = others.get(match.record)
        return {n: match for n, match in found.items() if match.record is not None}

    def _profiles_in_base(self, ids: set[UUID]) -> dict[UUID, Profile]:
        """What these are compared by: of the base read without the rest of the records, most are not met."""
        if self._branch is None:
            return profiles_of(self.rtype, ids, self._visible)
        return {i: self.rtype.profile(r, self._visible) for i, r in self._records(ids).items()}

    def _records(self, ids: set[UUID]) -> dict[UUID, Any]:
        others = {r.pk: r for r in self.rtype.model.objects.filter(pk__in=ids)}
        return others if self._branch is None else self._branch.laid_over(others, ids)

    def _nearest(self, owners: dict[str, list[int]], bare: Container[int]) -> dict[int, list[UUID]]:
        """The records that share enough with each row; keys that say little alone are not looked up."""
        maybe = self._known.those(owners) if self._known is not None else list(owners)
        keys = [key for key in maybe if weight(key) >= ENOUGH]
        brief = dict.fromkeys(k for k in keys if weight(k) < _BEYOND and not any(n in bare for n in owners[k]))
        both = _together(owners, maybe)
        if self._known is not None:
            both = {k: both[k] for k in self._known.those(both, follow=False)}
            self._remember(*(k for k in brief if self._known.crowds(k)))
        near = self._sharing([k for k in keys if k not in brief], _PER_KEY)
        for key, some in self._sharing([k for k in (*brief, *both) if k not in self._crowded], _NAMESAKES + 1).items():
            if len(some) <= _NAMESAKES:
                near[key] = some
            else:
                self._remember(key)
        closer = {key for pair in both if pair in self._crowded for key in pair.split(BOTH)}
        whole = _together(owners, [k for k in maybe if k in closer or "+" in k], whole=True) if closer else {}
        near |= self._sharing(list(whole), _PER_KEY)
        owners = owners | both | whole
        shared: dict[int, dict[UUID, float]] = defaultdict(lambda: defaultdict(float))
        for key, some in near.items():
            worth = _BEYOND if BOTH in key else weight(key)
            for n in owners[key]:
                for record_id in some:
                    shared[n][record_id] += worth
        return {n: best for n, found in shared.items() if (best := _best(found, n in bare))}

    def _sharing(self, keys: list[str], most: int) -> dict[str, list[UUID]]:
        """The records, in the base and of earlier rows, that have each of these keys; at most so many of the base."""
        near = sharing(self.scope, self.rtype, keys, most)
        if self._branch is not None:
            near += self._branch.sharing(keys)
        found: dict[str, list[UUID]] = defaultdict(list)
        for position, record_id in near:
            found[keys[position - 1]].append(record_id)
        return found

    def _remember(self, *keys: str) -> None:
        """So many have these that they need not be looked up again."""
        if len(self._crowded) > _MOST_CROWDED:
            self._crowded.clear()
        self._crowded.update(keys)

    # -- within the file ------------------------------------------------------------------------------------------

    def _in_file(
        self,
        records: list[tuple[int, Any]],
        owners: dict[str, list[int]],
        bare: Container[int],
        found: dict[int, Match],
    ) -> None:
        near: dict[int, dict[int, float]] = defaultdict(lambda: defaultdict(float))
        for key, some in owners.items():
            if len(some) > 1:
                worth = weight(key)
                for at, n in enumerate(some[1:], 1):
                    mine = near[n]
                    for other in some[:at]:
                        mine[other] += worth
        for n in sorted(near):
            for other in _best(near[n], n in bare):
                line, twin = records[other]
                theirs = self._profile(other, twin)
                self._compare(found, n, self._profile(n, records[n][1]), theirs, Match(0.0, [], None, line))

    def _profile(self, key: int | UUID, record: Any) -> Profile:
        found = self._profiles.get(key)
        if found is None:
            found = self._profiles[key] = self.rtype.profile(record, self._visible)
        return found

    def _compare(self, found: dict[int, Match], n: int, mine: Profile, theirs: Profile, match: Match) -> None:
        assert self._matching is not None
        evidence = self._matching.compare(mine, theirs, self._rule.common)
        match.score = summed(evidence, self._rule.size)
        if match.score >= self._likely and (n not in found or match.score > found[n].score):
            match.reasons, match.certain = codes(evidence), match.score >= self._certain
            found[n] = match


def likely_among(scope: ActorScope, rtype: RecordType, many: Sequence[Mapping[str, Any]]) -> dict[int, Similar]:
    """Of records with these values, by position, which visible one each likely repeats; the surest, in a few statements
    for up to some thousand. They are not compared with each other."""
    if rtype.match is None:
        return {}
    drafts = [(n, draft(rtype, values)) for n, values in enumerate(many)]
    for _n, record in drafts:
        record.match_keys = rtype.match(record)
    found = Finder(scope, rtype, None, change_set=uuid7(), within=False).find(drafts)
    visible = scope.visible(rtype)
    return {
        n: Similar(one.record.pk, rtype.title_for(one.record, visible), round(one.score, 4), one.reasons,
                   certain=one.certain)
        for n, one in found.items()
    }  # fmt: skip


def _together(owners: dict[str, list[int]], keys: Iterable[str], *, whole: bool = False) -> dict[str, list[int]]:
    """Of these keys the pairs of a place and a last name with its initial, or a ``whole`` name, of the same rows."""
    found: dict[str, list[int]] = {}
    names: dict[int, str] = {}
    for key in keys:
        if key[:2] == "n:" and ("+" in key if whole else key[-2:-1] == "."):
            names.update(dict.fromkeys(owners[key], key))
    for key in keys:
        if key[:2] == "a:":
            for n in owners[key]:
                if n in names:
                    found.setdefault(f"{key}{BOTH}{names[n]}", []).append(n)
    return found


def _best(weights: dict[Any, float], bare: bool) -> list[Any]:
    """The candidates worth comparing, the nearest first."""
    enough = [c for c, w in weights.items() if w >= ENOUGH]
    if len(enough) > _NAMESAKES:
        enough.sort(key=lambda c: -weights[c])
        beyond = sum(1 for c in enough if weights[c] >= _BEYOND)
        del enough[_SCORED if bare else min(_SCORED, beyond + _NAMESAKES) :]
    return enough
