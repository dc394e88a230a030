"""Whether the database fits the code: a hash of all that shapes the schema, kept as a comment in it."""

from __future__ import annotations

import hashlib
from functools import cache
from typing import Any

import psycopg
from psycopg import sql

from klientel.site.setup import ROOT

SHAPES = (
    "klientel/**/migrations/*.py",
    "klientel/**/models.py",
    "klientel/**/models/*.py",
    "klientel/kernel/tenancy/**/*.py",
    "klientel/kernel/records/*.py",
    "klientel/kernel/kinds/*.py",
    "klientel/kernel/events/*.py",
    "klientel/site/roles.py",
    "requirements.lock",
)


@cache
def key() -> str:
    """The hash of this version's schema: migrations, declarations, policies, packages."""
    found = {path for shape in SHAPES for path in ROOT.glob(shape) if "tests" not in path.parts}
    total = hashlib.sha256()
    for path in sorted(found):
        total.update(f"{path.relative_to(ROOT)}\0".encode() + path.read_bytes() + b"\0")
    return total.hexdigest()[:12]


def known(connection: psycopg.Connection[Any]) -> str:
    """The hash that the last migration left in the database; empty where there was none."""
    found = connection.execute(
        "select coalesce(obj_description(to_regclass('public.django_migrations'), 'pg_class'), '')"
    ).fetchone()
    return str(found[0]) if found else ""


def is_current(connection: psycopg.Connection[Any]) -> bool:
    """Whether the database was migrated by exactly this version."""
    return known(connection) == key()


def leave_mark(connection: psycopg.Connection[Any]) -> None:
    """Note this version's hash; as owner, after everything else has gone well."""
    connection.execute(sql.SQL("comment on table django_migrations is {}").format(sql.Literal(key())))
