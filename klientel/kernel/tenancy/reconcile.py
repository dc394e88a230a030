"""After every migration: row-level security, composite keys and references, made from the declarations.

Django can declare none of them. :func:`reconcile` is idempotent and runs as owner; :func:`missing` compares the
database's own catalogue with what should stand there.
"""

from __future__ import annotations

from typing import Any

from django.apps import apps

from klientel.kernel.tenancy.models import TenantModel

SAME_TENANT = "tenant_id = nullif(current_setting('klientel.tenant', true), '')::uuid"
NOT_RESTRICTED = "(NOT restricted OR current_setting('klientel.purpose', true) = 'privacy')"

#: tables that hold no tenant's business and so have no row-level security; a test holds this list to the catalogue
OPEN_TABLES = ("kernel_tenant", "kernel_installation", "kernel_user", "kernel_wake", "kernel_membership")

#: tables of tenants that are made by SQL, see kernel migration 0002
SQL_TABLES = ("kernel_event", "kernel_event_private")


def tenant_tables() -> dict[str, bool]:
    """Every table of tenants, and whether its rows can be restricted (Art. 18 GDPR)."""
    found = dict.fromkeys(SQL_TABLES, False)
    for model in apps.get_models(include_auto_created=True):
        if issubclass(model, TenantModel):
            found[model._meta.db_table] = any(f.name == "restricted" for f in model._meta.concrete_fields)
    return dict(sorted(found.items()))


def references() -> list[tuple[str, str, str, bool]]:
    """Links as (table, column, target table, whether the row goes with its target)."""
    tables = {f"{m._meta.app_label}.{m._meta.model_name}": m for m in apps.get_models() if issubclass(m, TenantModel)}
    found: list[tuple[str, str, str, bool]] = []
    for model in tables.values():
        for field in model._meta.concrete_fields:
            to = getattr(field, "to", None)
            if isinstance(to, str) and not getattr(field, "many", True) and to in tables:
                found.append((model._meta.db_table, str(field.column), tables[to]._meta.db_table, field.null is False))
    return sorted(found)


def reconcile(connection: Any) -> None:
    """Bring policies, composite uniques and composite foreign keys in line with the declarations; as owner."""
    with connection.cursor() as cursor:
        for table, restricted in tenant_tables().items():
            _secure(cursor, table, restricted)
        _secure_partitions(cursor)
        for table, column, target, goes_along in references():
            _unique(cursor, target)
            _refer(cursor, table, column, target, goes_along)


def _secure(cursor: Any, table: str, restricted: bool) -> None:
    using = f"{SAME_TENANT} AND {NOT_RESTRICTED}" if restricted else SAME_TENANT
    cursor.execute(
        "SELECT c.relrowsecurity AND c.relforcerowsecurity, obj_description(p.oid, 'pg_policy') FROM pg_class c"
        " LEFT JOIN pg_policy p ON p.polrelid = c.oid AND p.polname = 'tenant' WHERE c.oid = %s::regclass",
        [table],
    )
    secured, policy = cursor.fetchone()
    if secured and policy == using:
        return
    cursor.execute(f'ALTER TABLE "{table}" ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY')
    cursor.execute(f'DROP POLICY IF EXISTS tenant ON "{table}"')
    cursor.execute(f'CREATE POLICY tenant ON "{table}" USING ({using}) WITH CHECK ({SAME_TENANT})')
    quoted = using.replace("'", "''")
    cursor.execute(f"COMMENT ON POLICY tenant ON \"{table}\" IS '{quoted}'")


def _secure_partitions(cursor: Any) -> None:
    cursor.execute(
        "SELECT i.inhrelid::regclass::text FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid"
        " WHERE i.inhparent::regclass::text = ANY(%s) AND c.relkind = 'r'",
        [list(SQL_TABLES)],
    )
    for (partition,) in cursor.fetchall():
        _secure(cursor, partition, restricted=False)


def _unique(cursor: Any, table: str) -> None:
    name = f"{table}_of_tenant"[:63]
    cursor.execute("SELECT 1 FROM pg_constraint WHERE conrelid = %s::regclass AND conname = %s", [table, name])
    if cursor.fetchone() is None:
        cursor.execute(f'ALTER TABLE "{table}" ADD CONSTRAINT "{name}" UNIQUE (tenant_id, id)')


def _refer(cursor: Any, table: str, column: str, target: str, goes_along: bool) -> None:
    name = f"{table}_{column}_link"[:63]
    cursor.execute("SELECT 1 FROM pg_constraint WHERE conrelid = %s::regclass AND conname = %s", [table, name])
    if cursor.fetchone() is None:
        gone = "CASCADE" if goes_along else f'SET NULL ("{column}")'
        cursor.execute(
            f'ALTER TABLE "{table}" ADD CONSTRAINT "{name}" FOREIGN KEY (tenant_id, "{column}")'
            f' REFERENCES "{target}" (tenant_id, id) ON DELETE {gone} DEFERRABLE INITIALLY DEFERRED'
        )


def missing(connection: Any) -> list[str]:
    """What the catalogue lacks, one line each; empty when all locks are in place."""
    found: list[str] = []
    with connection.cursor() as cursor:
        for table, restricted in tenant_tables().items():
            using = f"{SAME_TENANT} AND {NOT_RESTRICTED}" if restricted else SAME_TENANT
            cursor.execute(
                "SELECT c.relrowsecurity, c.relforcerowsecurity, obj_description(p.oid, 'pg_policy') FROM pg_class c"
                " LEFT JOIN pg_policy p ON p.polrelid = c.oid AND p.polname = 'tenant' WHERE c.oid = to_regclass(%s)",
                [table],
            )
            row = cursor.fetchone()
            if row is None or not (row[0] and row[1]) or row[2] != using:
                found.append(f"{table}: row-level security is not as declared")
        for table, column, _target, _along in references():
            name = f"{table}_{column}_link"[:63]
            cursor.execute("SELECT 1 FROM pg_constraint WHERE conname = %s AND contype = 'f'", [name])
            if cursor.fetchone() is None:
                found.append(f"{table}.{column}: no composite foreign key")
    return found
