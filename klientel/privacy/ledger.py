"""The proof of an erasure without its data: chained lines of keyed hashes, in the database and in a file outside it.

A dump restored brings yesterday's table back; the file tells that somebody was erased since (see ``klientel restore``).
"""

from __future__ import annotations

import base64
import datetime as dt
import fcntl
import hashlib
import hmac
import os
from collections.abc import Iterable, Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson
from django.conf import settings
from django.db import connection

from klientel.kernel import writing
from klientel.kernel.tenancy import current
from klientel.privacy.models import Line

RULE = "klientel.privacy/1"
FIRST = "0" * 64


def keys() -> list[bytes]:
    """The keys of the ledger, made of the field keys; the first one writes, all recognise."""
    texts = filter(None, (part.strip() for part in settings.KLIENTEL_FIELD_KEY.split(",")))
    return [hmac.digest(base64.urlsafe_b64decode(t), b"klientel.privacy.ledger", "sha256") for t in texts]


def sign(tenant: UUID, value: str, key: bytes | None = None) -> str:
    """The keyed hash of an id or an address, different in every tenant."""
    return hmac.digest(key or keys()[0], f"{tenant}\0{value.strip().lower()}".encode(), "sha256").hex()


def code_version() -> str:
    """Which Klientel this is."""
    try:
        return version("klientel")
    except PackageNotFoundError:
        return "0"


def folder() -> Path:
    """Where the files of the ledger lie: beside the database, never in it."""
    beside: Path | None = getattr(settings, "KLIENTEL_LEDGER", None)  # while a restore is made ready
    return beside or Path(settings.KLIENTEL_HOME) / "ledger"


def append(body: dict[str, Any]) -> Line:
    """Add a line to the current tenant's ledger; in the transaction that it proves, the file last."""
    tenant, now = current(), dt.datetime.now(dt.UTC)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 7))", [str(tenant)])
    last = Line.objects.order_by("-number").first()
    number, previous = (last.number + 1, last.hash) if last else (1, FIRST)
    whole = {"number": number, "at": now.isoformat(), "tenant": str(tenant), "previous": previous, **body}
    chained = hashlib.sha256(orjson.dumps(whole, option=orjson.OPT_SORT_KEYS)).hexdigest()
    with writing.door():
        line: Line = Line.objects.create(number=number, at=now, body=whole, previous=previous, hash=chained)
    _write(tenant, whole | {"hash": chained})
    return line


def _write(tenant: UUID, line: dict[str, Any]) -> None:
    folder().mkdir(mode=0o700, parents=True, exist_ok=True)
    number = os.open(folder() / f"{tenant}.jsonl", os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(number, fcntl.LOCK_EX)
        os.write(number, orjson.dumps(line) + b"\n")
        os.fsync(number)
    finally:
        os.close(number)


def lines(where: Path | None = None) -> Iterator[dict[str, Any]]:
    """All lines of all tenants that stand in files, oldest first within a tenant; a line cut off is left out."""
    for path in sorted((where or folder()).glob("*.jsonl")):
        for text in path.read_bytes().splitlines():
            try:
                yield orjson.loads(text)
            except orjson.JSONDecodeError:
                continue


def broken(found: Iterable[dict[str, Any]]) -> list[str]:
    """What is wrong with the chains, one sentence each: a changed line, or one that does not follow any before it.

    Two lines may follow the same one: where a process was killed between file and commit, the second one counts.
    """
    known: dict[str, set[str]] = {}
    wrong: list[str] = []
    for line in found:
        body = {k: v for k, v in line.items() if k != "hash"}
        whole = hashlib.sha256(orjson.dumps(body, option=orjson.OPT_SORT_KEYS)).hexdigest()
        where, before = (
            f"{line.get('tenant')} line {line.get('number')}",
            known.setdefault(str(line.get("tenant")), {FIRST}),
        )
        if whole != line.get("hash"):
            wrong.append(f"{where} was changed")
        elif line["previous"] not in before:
            wrong.append(f"{where} does not follow a line before it")
        before.add(str(line.get("hash")))
    return wrong


def recognises(line: dict[str, Any], tenant: UUID, value: str) -> bool:
    """Whether a line is about this id or address; for a person who asks, and for the replay after a restore."""
    deleted = [mark for some in (line.get("deleted") or {}).values() for mark in some]
    known = {line.get("subject"), *(line.get("identities") or ()), *deleted}
    return any(sign(tenant, value, key) in known for key in keys())
