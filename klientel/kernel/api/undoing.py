"""Undo over the API, as on the page: looked at first, what changed since decided, any size in the background."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from klientel.kernel import actions, history, jobs
from klientel.kernel.api import strict
from klientel.kernel.api.call import Call, Reply
from klientel.kernel.errors import Forbidden, Missing, Refused
from klientel.kernel.events import Event
from klientel.kernel.history import Choices, previewing, runs
from klientel.kernel.history.jobs import run_changes
from klientel.kernel.history.models import ChangeRow, ChangeRun
from klientel.kernel.history.previewing import Foreseen, Preview
from klientel.kernel.history.undo import LAST, Undone
from klientel.kernel.records import type_of

PARAMETERS = ("choice", "choices", "background")
PAGE, MOST = 100, 500  # records that a run left, on a page


def preview(call: Call, change_set: str) -> Reply:
    """What an undo would do: what goes back in each record, and where something changed since, all three values."""
    query = strict.Query(call.request, "after")
    after = query.text("after")
    seen = previewing.preview(call.scope, strict.record_id(change_set), last=strict.record_id(after) if after else LAST)
    _in_scope(call, seen)
    return Reply({
        "change_set": str(seen.change_set), "at": seen.at.isoformat(), "kind": seen.first.kind,
        "actor": seen.first.actor, "actor_name": seen.first.actor_name, "events": seen.events, "undone": seen.undone,
        "shares": [{"record_type": s.rtype.key, "made": s.made, "changed": s.changed} for s in seen.shares],
        "conflicts": [_foreseen(call, one) for one in seen.conflicts], "more_conflicts": seen.more_conflicts,
        "items": [_foreseen(call, one) for one in seen.rows], "after": str(seen.rest) if seen.rest else None,
    })  # fmt: skip


def _foreseen(call: Call, one: Foreseen) -> dict[str, Any]:
    """What would become of one record; values of hidden fields are in none of it."""
    visible, verdict = call.scope.visible(one.rtype), one.verdict
    back = {} if verdict is None else verdict.back
    conflicts = [] if verdict is None else verdict.conflicts
    return {
        "record_type": one.rtype.key, "record_id": str(one.event.record_id), "title": one.title,
        "gone": verdict is None, "allowed": one.may, "to_trash": verdict is not None and verdict.made,
        "closed": verdict is not None and (verdict.hidden or bool(verdict.closed)),
        "back": {n: {"now": now, "old": old} for n, (now, old) in back.items() if n in visible},
        "conflicts": [c.told() for c in conflicts if c.field in visible],
    }  # fmt: skip


def _in_scope(call: Call, seen: Preview) -> None:
    """A token takes back only what it may change itself: in the background its member's own rights are at work."""
    for share in seen.shares:
        for verb in ("view", "change", "archive"):
            if not call.facts.permits(share.rtype.key, verb):
                raise Forbidden("out_of_scope", _("This token does not allow that."))
    key, _dot, _verb = seen.first.kind.rpartition(".")
    if not call.facts.permits(key, actions.get(seen.first.kind).needs):
        raise Forbidden("out_of_scope", _("This token does not allow that."))


def undo(call: Call, change_set: str) -> Reply:
    """Put back what one change set did; ``choice`` and ``choices`` say what happens to what changed since.

    At once where it is little; else, or where ``background`` asks for it, as a run that is told by its address.
    """
    strict.Query(call.request)
    found_id, sent = strict.record_id(change_set), call.sent(needed=False)
    for name in sent:
        if name not in PARAMETERS:
            raise Refused("unknown_field", _("There is no such field."), name[:80] if name.isprintable() else None)
    choices, background = _choices(sent), sent.get("background", False)
    if not isinstance(background, bool):
        raise Refused("wrong_type", _("Please say yes or no."), "background")
    if background or runs.large(found_id):
        return _in_background(call, found_id, choices)
    result = history.undo(call.actor, found_id, choices)
    if not result.records and result.refused:
        raise result.refused[0][1]
    return Reply(_done(call, result))


def _choices(sent: dict[str, Any]) -> Choices:
    one = sent.get("choices", {})
    if not isinstance(one, dict) or not isinstance(sent.get("choice", ""), str):
        raise Refused("wrong_type", _("Please say what happens to what changed since."), "choices")
    return Choices.from_plain({"one": one} | ({"all": sent["choice"]} if "choice" in sent else {}))


def _in_background(call: Call, change_set: UUID, choices: Choices) -> Reply:
    _in_scope(call, previewing.preview(call.scope, change_set, limit=1))
    run = runs.start_undo(call.actor, change_set, choices)
    jobs.defer(run_changes, tenant=call.tenant, run=run.pk, once=f"changes:{run.pk}")
    return Reply(_run(run), 202, {"Location": f"/api/v1/runs/{run.pk}"})


def _done(call: Call, result: Undone) -> dict[str, Any]:
    left = [(e, no) for e, no in result.refused if not isinstance(no, Missing)]
    return {
        "change_set": str(result.change_set), "records": result.records,
        "refused": [
            _of(e) | {"status": no.status, "code": no.code, "detail": str(no.message), "field": no.field,
                      "conflicts": no.details.get("conflicts", [])}
            for e, no in left
        ],
        "partly": [_of(e) | {"fields": [n for n in names if n in call.scope.visible(type_of(e.record_type))]}
                   for e, names in result.partly],
    }  # fmt: skip


def _of(event: Event) -> dict[str, str]:
    return {"record_type": event.record_type, "record_id": str(event.record_id)}


# -- runs ---------------------------------------------------------------------------------------------------------


def run(call: Call, run_id: str) -> Reply:
    """How far a bulk edit or an undo in the background is."""
    strict.Query(call.request)
    return Reply(_run(runs.get(call.actor, strict.record_id(run_id))))


def _run(run: ChangeRun) -> dict[str, Any]:
    return {
        "id": str(run.pk), "kind": run.kind, "state": run.state, "change_set": str(run.change_set),
        "undoes": str(run.undoes) if run.undoes else None, "total": run.total, "done": run.done,
        "changed": run.changed, "left": run.refused, "reason": run.reason,
    }  # fmt: skip


def left(call: Call, run_id: str) -> Reply:
    """The records that a run left as they were, or put back only in part, and why."""
    query = strict.Query(call.request, "after", "limit")
    found, after, limit = (
        runs.get(call.actor, strict.record_id(run_id)),
        query.text("after"),
        query.whole("limit", PAGE, MOST),
    )
    rows = runs.rows(found, after=strict.record_id(after) if after else runs.FIRST, limit=limit + 1)
    more, rows = len(rows) > limit, rows[:limit]
    return Reply({"items": [_left(call, row) for row in rows], "after": str(rows[-1].pk) if more else None})


def _left(call: Call, row: ChangeRow) -> dict[str, Any]:
    visible = call.scope.visible(type_of(row.record_type))
    return {
        "record_type": row.record_type, "record_id": str(row.record) if row.record else None, "code": row.code,
        "detail": row.message, "fields": [n for n in row.field.split(",") if n in visible],
    }  # fmt: skip


def cancel(call: Call, run_id: str) -> Reply:
    """Stop a run; what is done stays done, and can be undone."""
    strict.Query(call.request)
    call.sent(needed=False)
    return Reply(_run(runs.cancel(call.actor, strict.record_id(run_id))))
