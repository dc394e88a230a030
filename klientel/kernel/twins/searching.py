"""The search for twins in a whole base: in chunks that commit by themselves, resumable at any of them.

A full search goes through all records in the order of their ids and compares each with those before it that share a
key; an incremental one goes through what changed since and compares with all. Keys that too many records share are
left out: what only such a key joins is not likely to be one; which these are is noticed on the way. Before a full
search the base is counted: its size is the prior, the frequency of its names weighs agreement on them.
"""

from __future__ import annotations

import datetime as dt
import time
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db import connection
from django.utils import timezone

from klientel.kernel import tenancy, writing
from klientel.kernel.records import RecordType
from klientel.kernel.records.models import schema_changed
from klientel.kernel.sql import Sql, both
from klientel.kernel.tenancy import current
from klientel.kernel.twins.models import TwinSearch
from klientel.kernel.twins.profiles import profile_of, profiles_of, read
from klientel.kernel.twins.regrouping import regroup
from klientel.kernel.twins.rules import bits_of, fingerprint, rule_of
from klientel.lib.ids import uuid7
from klientel.lib.matching import ENOUGH, Profile, prior

CHUNK = 100  # records of a transaction, ten times as many where keys are made; fewer where it was longer than
LONG = 0.5  # seconds, as on a slow disk or beside others
LEAST = 0.1  # of a chunk
TOO_MANY = 50  # a key that more records share is not searched by
GROWN = 1.1  # so much larger, what was noticed of them is kept for the next turn
SAMPLE = 30_000  # records of which names are counted
SLICE = 2_000  # of these in one transaction
FREQUENT = 10  # a name counts as frequent from so many in the sample
OVERLAP = dt.timedelta(minutes=15)  # a change may be committed after its time stamp
REMEMBERED = 100_000  # profiles kept between chunks
GROUPS = 200  # records around which groups are made in one transaction

_UPSERT = """
INSERT INTO kernel_twinpair (id, tenant_id, record_type, one, two, bits, found_at)
SELECT u.id, %s, %s, u.one, u.two, u.bits, %s FROM unnest(%s::uuid[], %s::uuid[], %s::uuid[], %s::float8[])
    u(id, one, two, bits)
ON CONFLICT (tenant_id, one, two) DO UPDATE SET bits = excluded.bits, found_at = excluded.found_at
"""


@dataclass(frozen=True)
class _Met:
    """Records of one chunk, compared with whom they meet; ``place`` is where the search stood, ``cursor`` the next."""

    place: tuple[dt.datetime | None, str]
    cursor: str
    rows: list[dict[str, Any]]
    found: list[tuple[UUID, UUID, float]] = field(default_factory=list)
    compared: int = 0


@dataclass
class Searcher:
    """Works on one search; keeps profiles from chunk to chunk."""

    rtype: RecordType
    known: dict[UUID, Profile] = field(default_factory=dict)
    _frequent: tuple[dt.datetime | None, set[str]] = (None, set())
    _kept: int = 0  # of these, so many are stored
    wrote: float = 0.0  # seconds that the last transaction that writes was open
    _pace: float = 1.0  # share of a chunk that is done in one transaction

    def step(self) -> bool:
        """Do the next chunk and commit it; whether there is more to do.

        What reads and compares has ended before the transaction that writes begins: that one is short however busy the
        machine is, so it holds up nobody who reads events.
        """
        begun = time.monotonic()
        with tenancy.reading():
            stands = _states().filter(record_type=self.rtype.key).first()
            met = self._meet(stands) if stands is not None and stands.phase == "search" else None
        with tenancy.writing():
            search, opened = locked(self.rtype), time.monotonic()
            if not search.phase:
                return False
            if search.phase != "search":
                {"keys": self._keys, "count": self._count, "group": self._group}[search.phase](search)
            elif met is not None and met.place == (search.started_at, search.cursor):
                self._search(search, met)
            with writing.door():
                search.save()
            self.wrote = time.monotonic() - opened
        wanted = self._pace * min(2.0, LONG / max(0.001, time.monotonic() - begun))
        self._pace = min(1.0, max(LEAST, wanted))
        return bool(search.phase)

    def _share(self, most: int) -> int:
        return max(1, round(most * self._pace))

    # -- keys and counts ------------------------------------------------------------------------------------------

    def _keys(self, search: TwinSearch) -> None:
        """Make the keys of all records anew, because the rules by which they are made are new."""
        rows = self._rows("t.id > %s", [search.cursor or str(UUID(int=0))], "t.id", self._share(CHUNK * 10))
        matching = self.rtype.matching
        assert matching is not None
        changed = []
        for row in rows:
            keys = matching.keys(profile_of(self.rtype, row))
            if keys != row["match_keys"]:
                changed.append((row["id"], keys))
        with writing.door(), connection.cursor() as cursor:
            for record_id, keys in changed:
                cursor.execute(
                    f"UPDATE {self.rtype.table} SET match_keys = %s WHERE tenant_id = %s AND id = %s",
                    [keys, current(), record_id],
                )
        if rows:
            search.cursor = str(rows[-1]["id"])
        else:
            search.phase, search.cursor, search.fingerprint = "count", "", fingerprint(self.rtype)

    def _count(self, search: TwinSearch) -> None:
        """How large the base is, and how frequent its names are: counted in a sample, a slice at a time."""
        if not search.cursor:
            where = _alive(self.rtype)
            with connection.cursor() as cursor:
                cursor.execute(f"SELECT count(*) FROM {self.rtype.table} t WHERE {where.text}", where.params)
                search.total = cursor.fetchone()[0]
            search.counts, search.cursor = {"sampled": 0, "family": {}, "given": {}}, str(UUID(int=0))
        every = max(1, search.total // SAMPLE)
        sampled = f"t.id > %s AND hashtext(t.id::text) %% {every} = 0"
        rows = self._rows(sampled, [search.cursor], "t.id", self._share(SLICE)) if search.total >= ENOUGH else []
        counts = {feature: Counter(search.counts[feature]) for feature in ("family", "given")}
        for row in rows:
            for value in profile_of(self.rtype, row):
                if value is not None and hasattr(value, "family"):
                    counts["family"].update(value.family[-1:])
                    counts["given"].update(value.given[:1])
        sample = search.counts["sampled"] + len(rows)
        if rows:
            search.cursor, search.counts = str(rows[-1]["id"]), {"sampled": sample, **counts}
            return
        scale = search.total / max(1, sample)
        search.names = {
            feature: {name: round(n * scale) for name, n in some.items() if n >= FREQUENT}
            for feature, some in counts.items()
            if some
        }
        search.phase, search.cursor, search.counts, search.frequent = "search", "", {}, []
        schema_changed(())  # what other processes remember of the base is stale

    # -- pairs ----------------------------------------------------------------------------------------------------

    def _meet(self, search: TwinSearch) -> _Met:
        rows, cursor = self._next(search)
        found, compared = self._pairs(search, rows)
        return _Met((search.started_at, search.cursor), cursor, rows, found, compared)

    def _search(self, search: TwinSearch, met: _Met) -> None:
        if not met.rows:
            self._forget_old(search)
            search.phase, search.cursor = "group", ""
            return
        self._store(search, met.rows, met.found)
        new = {"records": len(met.rows), "compared": met.compared, "found": len(met.found)}
        search.counts = {name: search.counts.get(name, 0) + n for name, n in new.items()}
        search.cursor, frequent = met.cursor, self._frequent[1]
        if len(frequent) > GROWN * self._kept:
            search.frequent, self._kept = sorted(frequent), len(frequent)

    def _next(self, search: TwinSearch) -> tuple[list[dict[str, Any]], str]:
        """The records of the next chunk, and where the search stands after them."""
        if search.full:
            rows = self._rows("t.id > %s", [search.cursor or str(UUID(int=0))], "t.id", self._share(CHUNK))
            return rows, str(rows[-1]["id"]) if rows else ""
        at, _blank, last = search.cursor.partition(" ")
        since = at or (search.since or timezone.now() - dt.timedelta(days=3650)).isoformat()
        rows = self._rows(
            "(t.changed_at, t.id) > (%s::timestamptz, %s::uuid)", [since, last or str(UUID(int=0))],
            "t.changed_at, t.id", self._share(CHUNK),
        )  # fmt: skip
        return rows, f"{rows[-1]['changed_at'].isoformat()} {rows[-1]['id']}" if rows else ""

    def _rows(self, where: str, params: list[Any], order: str, limit: int) -> list[dict[str, Any]]:
        """Records with what matching reads, their keys and the moment of their last change."""
        alive = _alive(self.rtype)
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT t.id FROM {self.rtype.table} t WHERE {alive.text} AND {where} ORDER BY {order} LIMIT {limit}",
                [*alive.params, *params],
            )
            ids = [row[0] for row in cursor.fetchall()]
        by_id = {row["id"]: row for row in read(self.rtype, ids, "changed_at", "match_keys")}
        return [by_id[i] for i in ids if i in by_id]

    def _pairs(self, search: TwinSearch, rows: list[dict[str, Any]]) -> tuple[list[tuple[UUID, UUID, float]], int]:
        candidates = self._candidates(search, rows)
        self._learn(rows, {i for some in candidates.values() for i in some})
        rule, matching = rule_of(self.rtype), self.rtype.matching
        assert matching is not None
        start, least = prior(max(rule.size, search.total)), bits_of(rule.propose)
        found, compared = [], 0
        for one, others in candidates.items():
            mine = self.known.get(one)
            for other in others:
                theirs = self.known.get(other)
                if mine is None or theirs is None:
                    continue
                compared += 1
                bits = start + sum(e.bits for e in matching.compare(mine, theirs, rule.common))
                if bits >= least:
                    found.append((min(one, other), max(one, other), bits))
        return found, compared

    def _candidates(self, search: TwinSearch, rows: list[dict[str, Any]]) -> dict[UUID, set[UUID]]:
        """Who shares a key with each of these records: one look into the index for each key."""
        frequent, by_key = self._frequent_of(search), defaultdict(list)
        for row in rows:
            for key in row["match_keys"]:
                if key not in frequent:
                    by_key[key].append(row["id"])
        alive = both([_alive(self.rtype), Sql("t.match_keys && ARRAY[k.key]")])
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT k.key, c.ids FROM unnest(%s::text[]) k(key) CROSS JOIN LATERAL (SELECT array_agg(f.id) ids FROM"
                f" (SELECT t.id FROM {self.rtype.table} t WHERE {alive.text} LIMIT {TOO_MANY + 1}) f) c"
                " WHERE cardinality(c.ids) > 1",
                [list(by_key), *alive.params],
            )
            shared = cursor.fetchall()
        found: dict[UUID, set[UUID]] = defaultdict(set)
        for key, ids in shared:
            if len(ids) > TOO_MANY:
                frequent.add(key)
                continue
            for one in by_key[key]:
                found[one].update(i for i in ids if (i < one if search.full else i != one))
        return found

    def _frequent_of(self, search: TwinSearch) -> set[str]:
        """The keys that too many share, as far as this search met them."""
        if self._frequent[0] != search.started_at:
            self._frequent, self._kept = (search.started_at, set(search.frequent)), len(search.frequent)
        return self._frequent[1]

    def _learn(self, rows: list[dict[str, Any]], ids: set[UUID]) -> None:
        if len(self.known) > REMEMBERED:
            self.known.clear()
        self.known |= {row["id"]: profile_of(self.rtype, row) for row in rows}
        if missing := [i for i in ids if i not in self.known]:
            self.known |= profiles_of(self.rtype, missing)

    def _store(self, search: TwinSearch, rows: list[dict[str, Any]], found: list[tuple[UUID, UUID, float]]) -> None:
        now = timezone.now()
        best = {(one, two): bits for one, two, bits in found}
        loose: set[UUID] = set()
        with writing.door(), connection.cursor() as cursor:
            if not search.full:
                ids = [row["id"] for row in rows]
                cursor.execute(
                    "DELETE FROM kernel_twinpair WHERE tenant_id = %s AND record_type = %s"
                    " AND (one = ANY(%s) OR two = ANY(%s)) RETURNING one, two",
                    [current(), self.rtype.key, ids, ids],
                )
                loose = {i for pair in cursor.fetchall() for i in pair}
            if best:
                pairs = sorted(best)
                cursor.execute(
                    _UPSERT,
                    [
                        current(), self.rtype.key, now, [uuid7() for _ in pairs], [p[0] for p in pairs],
                        [p[1] for p in pairs], [best[p] for p in pairs],
                    ],
                )  # fmt: skip
        if loose:
            regroup(self.rtype, loose)

    def _forget_old(self, search: TwinSearch) -> None:
        """Pairs that a full search did not find again are none any more."""
        if not search.full:
            return
        with writing.door(), connection.cursor() as cursor:
            cursor.execute(
                "DELETE FROM kernel_twinpair WHERE tenant_id = %s AND record_type = %s AND found_at < %s",
                [current(), self.rtype.key, search.started_at],
            )
            cursor.execute(
                "DELETE FROM kernel_twinmember m WHERE tenant_id = %s AND record_type = %s AND NOT EXISTS (SELECT 1"
                " FROM kernel_twinpair p WHERE p.tenant_id = m.tenant_id AND p.one = m.record) AND NOT EXISTS"
                " (SELECT 1 FROM kernel_twinpair p WHERE p.tenant_id = m.tenant_id AND p.two = m.record)",
                [current(), self.rtype.key],
            )

    # -- groups ---------------------------------------------------------------------------------------------------

    def _group(self, search: TwinSearch) -> None:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT DISTINCT one FROM kernel_twinpair WHERE tenant_id = %s AND record_type = %s AND one > %s"
                f" AND found_at >= %s ORDER BY one LIMIT {self._share(GROUPS)}",
                [current(), self.rtype.key, search.cursor or str(UUID(int=0)), search.started_at],
            )
            ids = [row[0] for row in cursor.fetchall()]
        if ids:
            regroup(self.rtype, ids)
            search.cursor = str(ids[-1])
            return
        assert search.started_at is not None
        search.phase, search.cursor, search.finished_at = "", "", timezone.now()
        search.since = search.started_at - OVERLAP


def _alive(rtype: RecordType) -> Sql:
    """Records that may have twins: not in the trash; restricted ones (Art. 18) the database does not show at all."""
    parts = [Sql("t.tenant_id = %s AND t.archived_at IS NULL", (current(),))]
    if (base := rtype.base("t")) is not None:
        parts.append(base)
    return both(parts)


def _states() -> Any:
    """How far searches are, without what is large and seldom needed."""
    return TwinSearch.objects.defer("names", "frequent")


def locked(rtype: RecordType) -> TwinSearch:
    """The state of the search of a type, locked until the transaction ends."""
    found: TwinSearch | None = _states().select_for_update().filter(record_type=rtype.key).first()
    if found is not None:
        return found
    with writing.door():
        TwinSearch.objects.bulk_create([TwinSearch(id=uuid7(), record_type=rtype.key)], ignore_conflicts=True)
    made: TwinSearch = TwinSearch.objects.select_for_update().get(record_type=rtype.key)
    return made


def begin(rtype: RecordType, *, full: bool = False) -> TwinSearch:
    """Have a search of a type begin; one that runs goes on. The first, and one under new rules, goes through all."""
    search = locked(rtype)
    if search.phase:
        return search
    renewed = search.fingerprint != fingerprint(rtype)
    search.full = full or renewed or search.since is None
    search.phase = "keys" if renewed else "count" if search.full else "search"
    search.cursor, search.counts, search.started_at, search.finished_at = "", {}, timezone.now(), None
    search.identified_by = list(rule_of(rtype).wished)
    with writing.door():
        search.save()
    if renewed:
        schema_changed(())
    return search
