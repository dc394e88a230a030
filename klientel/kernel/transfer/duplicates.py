"""Likely twins of many records at once, in the base and within the file: one look into the index for a whole chunk.

Every row meets only those records that share a strong key (mail, phone, birthday, address, domain, VAT ID, both
names); of them the nearest are judged as a record that somebody creates is (`kernel.twins`): by fields that the actor
may see, under the workspace's rule. A key that hundreds share costs a few microseconds each and never a comparison.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import connection

from klientel.kernel.access import reading
from klientel.kernel.access.granting import ActorScope
from klientel.kernel.records import RecordType
from klientel.kernel.sql import Sql, both
from klientel.kernel.transfer.branch import Branch
from klientel.kernel.transfer.known import KnownKeys
from klientel.kernel.twins.rules import rule_of
from klientel.lib.matching import Profile, codes, summed

_SCORED = 8  # of the candidates of a row, so many are compared
ENOUGH = 2.0  # weight of shared keys from which comparing is worth while
_WEIGHTS = {"v": 6.0, "e": 5.0, "o": 4.0, "p": 3.0, "b": 3.0, "a": 2.0, "d": 2.0, "m": 2.0}
_FIRST = 1000  # rows after which it is asked whether reading the keys of the base pays


@dataclass(slots=True)
class Match:
    """The record (or the earlier row of the file, by ``line``) that a row repeats, how likely and why."""

    score: float
    reasons: list[str]
    record: Any = None
    line: int = 0


def weight(key: str) -> float:
    """How much it says that two records share this key: a sound of the last name with an initial says little."""
    found = _WEIGHTS.get(key[:1])
    return found if found is not None else 2.0 if "+" in key else 1.0


def sharing(scope: ActorScope, rtype: RecordType, keys: list[str]) -> list[tuple[int, UUID]]:
    """(position of a key from 1, visible record that has it): one look into the index for each key.

    With all the keys in one array the planner would rather read the whole table.
    """
    if not keys:
        return []
    inside = both([reading.which(scope, rtype), Sql("t.match_keys && ARRAY[k.key]")])
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT k.n, t.id FROM unnest(%s::text[]) WITH ORDINALITY k(key, n) JOIN {rtype.table} t ON {inside.text}",
            [keys, *inside.params],
        )
        found: list[tuple[int, UUID]] = cursor.fetchall()
        return found


class Finder:
    """Finds twins for chunk after chunk; in the base and, where there is a branch, in what earlier rows made of it."""

    def __init__(
        self,
        scope: ActorScope,
        rtype: RecordType,
        threshold: float | None,
        *,
        change_set: UUID,
        branch: Branch | None = None,
    ) -> None:
        self.scope, self.rtype = scope, rtype
        self._matching, self._rule, self._visible = rtype.matching, rule_of(rtype), scope.visible(rtype)
        self._threshold = threshold or self._rule.certain
        self._profiles: dict[Any, Profile] = {}  # of the chunk at hand: of its rows by number, of records by id
        self._branch, self._change_set = branch, change_set
        self._found, self._asked_at = 0, _FIRST
        self._known: KnownKeys | None = None
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
        found = self._in_base(records, owners)
        self._in_file(records, owners, found)
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

    def _in_base(self, records: list[tuple[int, Any]], owners: dict[str, list[int]]) -> dict[int, Match]:
        nearest = self._nearest(owners)
        ids = {i for some in nearest.values() for i in some}
        if not ids:
            return {}
        others = {r.pk: r for r in self.rtype.model.objects.filter(pk__in=ids)}
        if self._branch is not None:
            others = self._branch.laid_over(others, ids)
        found: dict[int, Match] = {}
        for n, some in nearest.items():
            for record_id in some:
                if (other := others.get(record_id)) is not None:
                    theirs = self._profile(record_id, other)
                    self._compare(found, n, self._profile(n, records[n][1]), theirs, Match(0.0, [], other))
        return found

    def _nearest(self, owners: dict[str, list[int]]) -> dict[int, list[UUID]]:
        """The records that share enough with each row; keys that say little alone are not looked up."""
        keys = [key for key in owners if weight(key) >= ENOUGH]
        if self._known is not None:
            keys = self._known.those(keys)
        shared: dict[int, dict[UUID, float]] = defaultdict(lambda: defaultdict(float))
        near = sharing(self.scope, self.rtype, keys)
        if self._branch is not None:
            near += self._branch.sharing(keys)
        for position, record_id in near:
            key = keys[position - 1]
            for n in owners[key]:
                shared[n][record_id] += weight(key)
        return {n: best for n, some in shared.items() if (best := _best(some))}

    # -- within the file ------------------------------------------------------------------------------------------

    def _in_file(self, records: list[tuple[int, Any]], owners: dict[str, list[int]], found: dict[int, Match]) -> None:
        near: dict[int, dict[int, float]] = defaultdict(lambda: defaultdict(float))
        for key, some in owners.items():
            if len(some) > 1:
                worth = weight(key)
                for at, n in enumerate(some[1:], 1):
                    mine = near[n]
                    for other in some[:at]:
                        mine[other] += worth
        for n in sorted(near):
            for other in _best(near[n]):
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
        if match.score >= self._threshold and (n not in found or match.score > found[n].score):
            match.reasons = codes(evidence)
            found[n] = match


def _best(weights: dict[Any, float]) -> list[Any]:
    """The candidates worth comparing, the nearest first."""
    enough = [c for c, w in weights.items() if w >= ENOUGH]
    if len(enough) > _SCORED:
        enough.sort(key=lambda c: -weights[c])
        del enough[_SCORED:]
    return enough
