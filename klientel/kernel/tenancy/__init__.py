"""Which tenant's rows may be touched now. Nothing, unless somebody said so.

Two locks: in Python a query without a tenant or outside a transaction raises; in PostgreSQL row-level security shows no
rows. The database backend says the tenant at every BEGIN, by a setting that ends with the transaction.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from contextvars import ContextVar
from uuid import UUID

from django.db import connection, transaction
from psycopg.pq import TransactionStatus

_tenant: ContextVar[UUID | None] = ContextVar("tenant", default=None)
_purpose: ContextVar[str] = ContextVar("purpose", default="")
_reads: ContextVar[bool] = ContextVar("reads", default=False)  # only while a transaction begins

PRIVACY = "privacy"  # the purpose under which restricted records (Art. 18 GDPR) can be seen

__all__ = ["PRIVACY", "NoTenant", "NoTransaction", "alone", "current", "inside", "peek", "reading", "writing"]


class NoTenant(RuntimeError):
    """A query ran outside any tenant. Always a bug, never a user's fault."""


class NoTransaction(RuntimeError):
    """A tenant table was queried outside a transaction, where the database would show nothing. Always a bug."""


def current() -> UUID:
    """The tenant of this context, or :class:`NoTenant`."""
    tenant = _tenant.get()
    if tenant is None:
        raise NoTenant("Wrap this in `with inside(tenant_id):`")
    return tenant


def peek() -> tuple[UUID | None, str]:
    """Tenant and purpose of this context, for the database backend."""
    return _tenant.get(), _purpose.get()


def alone(what: str) -> None:
    """Wait until no other transaction of this tenant does this; the next one waits until this one has ended.

    An advisory lock of the transaction (PostgreSQL, 13.3.5).
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"{what}:{current()}"])


def begins_to_read() -> bool:
    """Whether the transaction that begins now shall be READ ONLY, for the database backend."""
    return _reads.get()


@contextmanager
def inside(tenant_id: UUID | None, *, purpose: str = "") -> Iterator[None]:
    """Work inside one tenant; ``None`` for none. Nests; an open transaction is told at once."""
    tokens = _tenant.set(tenant_id), _purpose.set(purpose)
    _tell()
    try:
        yield
    finally:
        _tenant.reset(tokens[0])
        _purpose.reset(tokens[1])
        _tell()


def _tell() -> None:
    if connection.in_atomic_block and not connection.needs_rollback and connection.connection is not None:
        if connection.connection.info.transaction_status == TransactionStatus.INERROR:
            return  # a statement failed: what is rolled back takes this with it
        connection.say_tenant()  # type: ignore[attr-defined]


@contextmanager
def reading() -> Iterator[None]:
    """One READ ONLY transaction, for pages: a write inside it fails in the database."""
    nested = connection.in_atomic_block
    with ExitStack() as stack:
        begins = _reads.set(True)  # the backend says so with the tenant, in one statement
        try:
            stack.enter_context(transaction.atomic())
        finally:
            _reads.reset(begins)
        if nested:
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION READ ONLY")
        yield


@contextmanager
def writing() -> Iterator[None]:
    """One transaction that may write (a savepoint where one is open already)."""
    with transaction.atomic():
        yield
