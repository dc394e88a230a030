"""Taking merged records apart again, later and even after further changes. One transaction, sets of rows."""

from __future__ import annotations

from collections import defaultdict
from typing import Annotated, Any
from uuid import UUID

from django.db import connection
from django.utils.translation import gettext_lazy as _

from klientel.kernel import writing
from klientel.kernel.access.reading import types_of, visible_ids
from klientel.kernel.actions.declaring import basic
from klientel.kernel.actions.step import Step
from klientel.kernel.errors import Conflict, Forbidden, Missing, Refused
from klientel.kernel.kinds import Json, Link, Links
from klientel.kernel.merge import leading, ledger, ties
from klientel.kernel.merge.deciding import mergeable
from klientel.kernel.merge.giving_back import Apart, concerns, ledger_after, link_back, values_back
from klientel.kernel.merge.models import Alias, Merge, Moved
from klientel.kernel.records import RecordType, type_of
from klientel.kernel.sql import TRUE, Sql, both, dumps, either
from klientel.kernel.tenancy import PRIVACY, current, inside

_ENDED = """
WITH links AS (DELETE FROM kernel_moved WHERE tenant_id = %(tenant)s AND merge_id = ANY(%(ids)s))
DELETE FROM kernel_merge WHERE tenant_id = %(tenant)s AND id = ANY(%(ids)s)
"""
BEFORE = "before"
MOST_TOLD = 100  # links that an event names because they could not go back


@basic("unmerge", _("Take apart"), said=_("took apart"), needs="merge", icon="split", also="records", undoable=False)
def unmerge(
    step: Step,
    record: Any,
    *,
    records: Annotated[list[UUID], Links("*", _("records that stand on their own again"))],
    restore: Annotated[dict[str, Any], Json(_("fields that go back although they changed since"))] = {},  # noqa: B006
    give: Annotated[dict[str, Any], Json(_("what was added since, and who gets it"))] = {},  # noqa: B006
) -> None:
    """Give merged records back what they had. What was added since stays, unless it is given to one of them.

    A value that changed since stays too, unless ``restore`` names its field; what stays so is told in the event.
    """
    rtype, old = type_of(record), ledger.below(record.id)
    losers = _losers(step, record.id, records, old)
    out = tuple(r.id for r in losers)
    apart = Apart(record.id, out, frozenset(a.old_id for a in old if a.survivor == record.id) - set(out))
    merges = list(Merge.objects.filter(pk__in={a.merge_id for a in old}, survivor=record.id).order_by("at", "pk"))
    ending = [m for m in merges if set(m.losers) & set(apart.out)]
    with inside(current(), purpose=PRIVACY):
        step.settle_all()
        _give(step, rtype, record.id, give, apart)
        standing = next((m.pk for m in merges if set(m.losers) & apart.inside), None)
        left = _links_back(step, ending, standing, apart)
        step.write_now()
    step.mark(record)
    kept = _values_back(step, rtype, record, merges, apart, restore)
    for loser in losers:
        step.restore(loser)
    step.keep(left=left[:MOST_TOLD], left_count=len(left), kept=kept)
    _forget(step, record.id, merges, apart)


def _losers(step: Step, survivor: UUID, ids: list[UUID], old: list[Alias]) -> list[Any]:
    """The records that leave, all part of this one, all allowed."""
    if not ids:
        raise Refused("nothing_to_unmerge", _("Please choose at least one record."), "records")
    by_way = {a.old_id: a.survivor for a in old}
    found = []
    for record_id in ids:
        one = step.locked.get(record_id)
        if record_id not in by_way:
            raise Refused("not_part_of_it", _("This is not part of the record any more."), "records")
        if by_way[record_id] != survivor:
            raise Conflict(
                "merged_by_way",
                _("This became part of another record first: please take that one out before."),
                "records",
                details={"first": str(by_way[record_id])},
            )
        if one is None:
            raise Missing("missing", _("There is no such record, or you may not see it."), "records")
        if not one.may:
            raise Forbidden("forbidden", _("You may not do this here."), "records")
        found.append(one)
    return found


def _links_back(step: Step, ending: list[Merge], standing: UUID | None, apart: Apart) -> list[dict[str, str]]:
    """Let every link that the merges moved lead back; tells those that were changed since and so stay."""
    about: dict[str, dict[UUID, list[Moved]]] = defaultdict(lambda: defaultdict(list))
    for row in ledger.moved_to(apart.survivor):
        about[row.record_type][row.record_id].append(row)
    sets, undone = {m.pk for m in ending}, _events_of(ending)
    left: list[dict[str, str]] = []
    rewritten: list[Moved] = []
    ties_back: dict[str, list[Any]] = defaultdict(list)
    for key, records in sorted(about.items()):
        ids = sorted(i for i, rows in records.items() if any(r.merge_id in sets and concerns(r, apart) for r in rows))
        for some in leading.locked(key, ids):
            for one in (step.locked.get(r.id, r) for r in some):
                known, tie = _ties_apart(records[one.id], sets, apart)
                ties_back[key] += [one] if tie else []
                left += _one_back(step, one, known, sets, apart, undone.get(one.id), rewritten)
            if len(ids) > leading.CHUNK:
                step.write_now()
    for key, some in ties_back.items():
        needed = _needed(step, type_of(key), some, apart) if some else set()
        for one in some:
            known = [row for row in about[key][one.id] if row.field == "archived_at"]
            if one.id in needed:
                left += _one_back(step, one, known, sets, apart, undone.get(one.id), rewritten)
            else:
                rewritten += _passed_on(known, ending, standing, apart)
    ledger.rewrite(rewritten)
    return left


def _ties_apart(known: list[Moved], sets: set[UUID], apart: Apart) -> tuple[list[Moved], bool]:
    """Of what is known of a record: its links, and whether a merge that is taken back in part trashed it as a tie that
    said nothing of its own; whether that is still so is asked when all links lead back."""
    tie = bool(apart.inside) and any(row.field == "archived_at" and row.merge_id in sets for row in known)
    return [row for row in known if row.field != "archived_at"] if tie else known, tie


def _passed_on(known: list[Moved], ending: list[Merge], standing: UUID | None, apart: Apart) -> list[Moved]:
    """Rows about a tie that stays in the trash, whose merge ends: another one remembers it from now on."""
    over = {m.pk for m in ending if not set(m.losers) & apart.inside}
    if standing is None:
        return []
    rows = [row for row in known if row.merge_id in over]
    for row in rows:
        row.merge_id = standing
    return rows


def _needed(step: Step, source: RecordType, trashed: list[Any], apart: Apart) -> set[UUID]:
    """Those ties that say something of their own again."""
    step.write_now()
    alive, since = _about(source, [apart.survivor, *apart.out]), {one.id: one.archived_at for one in trashed}
    for one in trashed:
        one.archived_at = None
    others = [row for some in leading.locked(source.key, sorted(alive - since.keys())) for row in some]
    useless = {id(row) for row in ties.superfluous(source, [*others, *trashed], apart.survivor)}
    for one in trashed:
        one.archived_at = since[one.id]
    return {one.id for one in trashed if id(one) not in useless}


def _about(source: RecordType, ids: list[UUID]) -> set[UUID]:
    """The living ties of a kind that lead to one of these."""
    tests = [leading.holds(k, "t", ids) for k in source.static.values() if isinstance(k, Link | Links) and k.required]
    mine = both(
        [Sql("t.tenant_id = %s AND t.archived_at IS NULL", (current(),)), source.base("t") or TRUE, either(tests)]
    )
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT t.id FROM {source.table} t WHERE {mine.text}", mine.params)
        return {row[0] for row in cursor.fetchall()}


def _one_back(
    step: Step,
    one: Any,
    known: list[Moved],
    sets: set[UUID],
    apart: Apart,
    undoes: UUID | None,
    rewritten: list[Moved],
) -> list[dict[str, str]]:
    """The links of one record; tells its fields that were changed since."""
    source, left = type_of(one), []
    for name in dict.fromkeys(row.field for row in known):
        kind, rows = source.fields.get(name), [row for row in known if row.field == name]
        mine = [r for r in rows if r.merge_id in sets and concerns(r, apart)]
        if kind is None or not mine:
            continue
        before = source.value(one, name)
        goes, after = link_back(kind, before, rows, mine, apart)
        if not goes:
            left.append({"record_type": source.key, "record_id": str(one.id), "field": name})
            continue
        step.follow(one, undoes=undoes, **{name: after})
        ending = {m.merge_id for m in rows if m.merge_id in sets} if not apart.inside else set()
        changed = ledger_after(kind, rows, kind.plain(before), kind.plain(after), apart)
        rewritten += [row for row in changed if row.merge_id not in ending]
    return left


def _events_of(ending: list[Merge]) -> dict[UUID, UUID]:
    """The events of these merges, by the record that each is about."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT record_id, id FROM kernel_event WHERE tenant_id = %s AND change_set = ANY(%s) ORDER BY id",
            [current(), [m.change_set for m in ending]],
        )
        return dict(cursor.fetchall())


def _give(step: Step, rtype: RecordType, survivor: UUID, give: dict[str, Any], apart: Apart) -> None:
    """Let what was added since lead to those whom it is given to."""
    wanted: dict[UUID, UUID] = {}
    for text, to in give.items():
        try:
            wanted[UUID(text)] = UUID(str(to))
        except ValueError:
            raise Refused("not_a_record", _("There is no such record."), "give") from None
    if set(wanted.values()) - set(apart.out):
        raise Refused("not_part_of_it", _("This is not part of the record any more."), "give")
    by_type: dict[str, list[UUID]] = defaultdict(list)
    for item, key in types_of(wanted).items():
        by_type[key].append(item)
    for key, ids in sorted(by_type.items()):
        source = type_of(key)
        if set(ids) - visible_ids(step.scope, source, ids, "change"):
            raise Forbidden("forbidden", _("You may not do this here."), "give")
        for some in leading.locked(key, sorted(ids)):
            for one in (step.locked.get(r.id, r) for r in some):
                for name, kind in leading.ways(source, rtype).items():
                    before = source.value(one, name)
                    after = leading.replaced(kind, before, [survivor], wanted[one.id])
                    if after != before:
                        step.follow(one, **{name: after})


def _values_back(
    step: Step, rtype: RecordType, record: Any, merges: list[Merge], apart: Apart, restore: dict[str, Any]
) -> list[str]:
    """Give the survivor's fields their former values; the names of those that changed since and stay."""
    kinds, kept = mergeable(rtype), []
    lists = {i: {n: rtype.value(one, n) for n in kinds} for i, one in _rows(step, rtype, apart).items()}
    writable = step.scope.writable(rtype)
    for n, merge in reversed(list(enumerate(merges))):
        if not set(merge.losers) & set(apart.out):
            continue
        now = {name: rtype.value(record, name) for name in kinds}
        found = values_back(kinds, now, merge, merges[n + 1 :], lists, apart)
        for name, told in found.conflicts.items():
            if BEFORE not in (restore.get(name), restore.get("*")):
                kept.append(name)
            elif name not in writable:
                raise Forbidden("read_only", _("You may not change this field."), name)
            else:
                found.back[name] = kinds[name].from_plain(told["before"])
        if found.back:
            step.stamp(record, **found.back)
    return kept


def _rows(step: Step, rtype: RecordType, apart: Apart) -> dict[UUID, Any]:
    """All records that are part of the survivor now, with what they held when they became so."""
    ids = [i for i in (*apart.out, *apart.inside) if i not in step.locked]
    found = {i: step.locked[i] for i in (*apart.out, *apart.inside) if i in step.locked}
    return found | ({r.pk: r for r in rtype.model.objects.filter(pk__in=ids)} if ids else {})


def _forget(step: Step, survivor: UUID, merges: list[Merge], apart: Apart) -> None:
    """Bring the ledger in line; what ended is deleted, its story stands in the events."""
    step.flushed_in_item = True
    ended = [m.pk for m in merges if not set(m.losers) & apart.inside]
    ledger.end(list(apart.out))
    ledger.forget(survivor)
    if apart.inside:
        ledger.learn(survivor)
    rest = [
        {"id": m.pk, "losers": [str(i) for i in m.losers if i not in apart.out], "values": m.values}
        for m in merges
        if m.pk not in ended
    ]
    with writing.door(), connection.cursor() as cursor:
        if ended:
            cursor.execute(_ENDED, {"tenant": current(), "ids": ended})
        if rest:
            cursor.execute(
                'UPDATE kernel_merge m SET losers = r.losers, "values" = r."values"'
                " FROM json_populate_recordset(NULL::kernel_merge, %s::json) r WHERE m.id = r.id AND m.tenant_id = %s",
                [dumps(rest), current()],
            )
