"""The ledger of erasures after a restore: whoever was erased since the backup is erased again, before anybody looks."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson

from klientel.kernel import writing
from klientel.kernel.access import system_actor
from klientel.kernel.errors import Missing
from klientel.kernel.records import RecordType, type_of
from klientel.kernel.tenancy import PRIVACY, inside, reading
from klientel.kernel.tenancy.models import Tenant
from klientel.privacy import deletions, erasing, ledger
from klientel.privacy.models import Line
from klientel.privacy.subject import for_privacy
from klientel.site.machine import write_private


def join(theirs: Path) -> None:
    """Put together the ledger that is here and the one of the backup, line by line."""
    ledger.folder().mkdir(mode=0o700, parents=True, exist_ok=True)
    known: dict[str, dict[str, dict[str, Any]]] = {}
    for line in [*ledger.lines(theirs), *ledger.lines()]:
        known.setdefault(str(line["tenant"]), {})[str(line["hash"])] = line
    for tenant, lines in known.items():
        inorder = sorted(lines.values(), key=lambda one: (one["number"], one["at"]))
        write_private(
            ledger.folder() / f"{UUID(tenant)}.jsonl", "".join(orjson.dumps(o).decode() + "\n" for o in inorder)
        )


def replay() -> int:
    """Erase again whoever the files of the ledger name and the database still holds, and delete again what was deleted
    for good; says how many records."""
    by_tenant: dict[UUID, list[dict[str, Any]]] = {}
    for line in ledger.lines():
        by_tenant.setdefault(UUID(str(line["tenant"])), []).append(line)
    there = set(Tenant.objects.values_list("pk", flat=True))
    return sum(_replay(tenant, lines) for tenant, lines in by_tenant.items() if tenant in there)


def _replay(tenant: UUID, lines: list[dict[str, Any]]) -> int:
    with inside(tenant):
        with for_privacy(tenant):
            known = set(Line.objects.values_list("hash", flat=True))
            newer = [line for line in lines if line["hash"] not in known]
            for line in newer:
                _take_over(line)
        count = 0
        for key in dict.fromkeys(str(line["record_type"]) for line in newer if "subject" in line):
            erased = {str(li["subject"]): str(li["ground"]) for li in newer if li.get("record_type") == key}
            for record_id, mark in _found(tenant, key, erased.keys()):
                erasing.erase(system_actor(), type_of(key), record_id, erased[mark])
                count += 1
        for key in dict.fromkeys(key for line in newer for key in line.get("deleted", ())):
            marks = {mark for line in newer for mark in deletions.marks(line, key)}
            count += deletions.repeat(key, [record_id for record_id, _mark in _found(tenant, key, marks)])
        return count


def _take_over(line: dict[str, Any]) -> None:
    body = {k: v for k, v in line.items() if k != "hash"}
    with writing.door():
        Line.objects.get_or_create(
            number=line["number"],
            defaults={
                "at": dt.datetime.fromisoformat(line["at"]),
                "body": body,
                "previous": line["previous"],
                "hash": line["hash"],
            },
        )


def _found(tenant: UUID, key: str, marks: Collection[str]) -> list[tuple[UUID, str]]:
    """Records of the type whose keyed hash is one of these, with that hash."""
    try:
        rtype: RecordType = type_of(key)
    except Missing:
        return []
    with inside(tenant, purpose=PRIVACY), reading():
        ids = list(rtype.model.objects.values_list("pk", flat=True))
    secrets = ledger.keys()
    signed = ((i, ledger.sign(tenant, str(i), secret)) for i in ids for secret in secrets)
    return [(i, mark) for i, mark in signed if mark in marks]
