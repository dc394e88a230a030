"""Answers to questions of a workflow's own, as fields of a scope: a condition, a placeholder or a parameter of a later
step reads ``answer_budget`` as it reads any field. Where nothing was answered yet, it is empty.

They stand in the request that asked (`automation.request`), so that rights, export and erasure know them; see
`docs/decisions/`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.db import connection

from klientel.automation.models import shape
from klientel.automation.models.questions import BEFORE, SORTS, facts_of, kinds_of
from klientel.kernel.access import ActorScope
from klientel.kernel.identity.actor import Actor
from klientel.kernel.kinds import Kind
from klientel.kernel.kinds.computed import computed
from klientel.kernel.records import RecordType
from klientel.kernel.sql import Sql, loaded
from klientel.kernel.tenancy import current

_GIVEN = """
SELECT q.answers FROM automation_entry e
JOIN automation_request q ON q.tenant_id = e.tenant_id AND q.id = (e.told ->> 'record')::uuid
WHERE e.tenant_id = %s AND e.run = %s AND e.does = 'ask' ORDER BY e.n
"""


def asked_in(definition: shape.Definition) -> list[dict[str, Any]]:
    """All questions that a workflow asks; of those with one name the last one."""
    found = {
        q["name"]: q for _p, step in shape.walk(definition) if step["do"] == "ask" for q in step.get("questions") or []
    }
    return list(found.values())


class Answering(ActorScope):
    """An actor's scope in which answers are fields of one type, beside those that the actor sees."""

    def __init__(self, actor: Actor, on: str, answers: dict[str, Kind]) -> None:
        super().__init__(actor)
        self._on, self._answers = on, answers

    def visible(self, rtype: RecordType) -> dict[str, Kind]:
        """The fields of a type; of that of the workflow with the answers."""
        found = super().visible(rtype)
        return found | self._answers if rtype.key == self._on else found


def scope_of(scope: ActorScope, definition: shape.Definition, given: dict[str, Any] | None = None) -> ActorScope:
    """The scope under which steps are checked, asked and said: with the answers, if the workflow has any questions.

    ``given`` are those of one run, plain, by the names of their fields.
    """
    made = {}
    for one in asked_in(definition):
        name = BEFORE + one["name"]
        kind = computed(SORTS[one["sort"]][0], label=one["label"], name=name, **facts_of(one))
        made[name] = kind.bound(_written(kind, (given or {}).get(name)))
    return Answering(scope.actor, str(definition["on"]), made) if made else scope


def _written(kind: Any, value: Any) -> Callable[[str], Sql]:
    """The answer as SQL: a value of the type that its kind is stored as."""
    sql = Sql(f"(%s)::{kind.db_type_name}", (None if value in (None, "") else kind.take(value),))
    return lambda _alias: sql


def given_in(definition: shape.Definition, run: UUID) -> dict[str, Any]:
    """What was answered in a run so far, plain, by the names of the fields; a later answer counts."""
    if not asked_in(definition):
        return {}
    with connection.cursor() as cursor:
        cursor.execute(_GIVEN, [current(), run])
        return {name: value for row in cursor.fetchall() for name, value in (loaded(row[0]) or {}).items()}


def values_of(definition: shape.Definition, given: dict[str, Any]) -> dict[str, tuple[Kind, Any]]:
    """Answers as steps read them: kind and canonical value by the name of the field."""
    return {
        name: (kind, kind.take(given[name]) if given.get(name) not in (None, "") else None)
        for name, kind in kinds_of(asked_in(definition)).items()
    }
