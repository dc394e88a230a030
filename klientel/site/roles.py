"""Roles, extensions, rights and leakproof marks of a database; run at every start, it changes only what differs.

Row-level security keeps the planner from using an index for any operator that is not marked leakproof, so the
operators behind search and ranges are marked. What that gives up: such a function could in theory tell of another
tenant's rows by an error or by its running time. Users write no SQL here, so it is accepted.
A dump does not keep the marks; that is one more reason to run this at every start.
"""

from __future__ import annotations

from psycopg import Connection, errors, sql

from klientel.site.postgres import DATABASE, EXTENSIONS, Embedded, PostgresError

LOCK = 7_200_001

FAMILIES = (
    "tsvector_ops",
    "gin_trgm_ops",
    "gist_trgm_ops",
    "array_ops",
    "jsonb_ops",
    "jsonb_path_ops",
    "numeric_ops",
    "text_ops",
    "text_pattern_ops",
    "datetime_ops",
    "integer_ops",
    "uuid_ops",
    "bool_ops",
)
FUNCTIONS = (
    "lower(text)",
    "upper(text)",
    "starts_with(text, text)",
    '"left"(text, integer)',
    "ltrim(text)",
    "string_to_array(text, text)",
    "array_to_tsvector(text[])",
    "textlike(text, text)",
    "texticlike(text, text)",
    "jsonb_object_field(jsonb, text)",
    "jsonb_object_field_text(jsonb, text)",
    "jsonb_exists(jsonb, text)",
    "array_length(anyarray, integer)",
    "cardinality(anyarray)",
)

OPERATOR_FUNCTIONS = """
select distinct p.oid, p.oid::regprocedure::text as name, p.proleakproof
from pg_opfamily f
join pg_amop a on a.amopfamily = f.oid and a.amoppurpose = 's'
join pg_operator o on o.oid = a.amopopr
join pg_proc p on p.oid = o.oprcode
where f.opfname = any(%(families)s)
union
select p.oid, p.oid::regprocedure::text, p.proleakproof from pg_proc p
where p.oid in (select to_regprocedure(name) from unnest(%(functions)s::text[]) name)
"""


def _wanted() -> dict[str, list[str]]:
    return {"families": list(FAMILIES), "functions": list(FUNCTIONS)}


def not_leakproof(connection: Connection[tuple[object, ...]]) -> list[str]:
    """Names of the functions that row-level security still keeps from using an index; empty is healthy."""
    found = connection.execute(OPERATOR_FUNCTIONS, _wanted())
    return sorted(str(name) for _, name, marked in found if not marked)


def mark_leakproof(connection: Connection[tuple[object, ...]]) -> int:
    """Mark what is not yet marked; needs a superuser. Returns how many were marked."""
    names = not_leakproof(connection)
    for name in names:
        connection.execute(f"alter function {name} leakproof")  # a regprocedure's text is quoted by PostgreSQL
    return len(names)


def prepare(server: Embedded, name: str = DATABASE) -> None:
    """Bring roles, database, extensions, rights and marks of the embedded server up to date."""
    with server.connect(name="postgres") as connection:
        connection.execute("select pg_advisory_lock(%s)", [LOCK])
        _prepare_roles(connection, server.passwords())
        exists = connection.execute("select 1 from pg_database where datname = %s", [name]).fetchone()
        if not exists:
            make = sql.SQL("create database {} owner klientel_owner").format(sql.Identifier(name))
            connection.execute(make)
    with server.connect(name=name) as connection:
        connection.execute("select pg_advisory_lock(%s)", [LOCK])
        prepare_database(connection)
        mark_leakproof(connection)


def _prepare_roles(connection: Connection[tuple[object, ...]], passwords: dict[str, str]) -> None:
    rights = {
        "klientel_owner": "login nosuperuser nobypassrls nocreaterole createdb",
        "klientel_app": "login nosuperuser nobypassrls nocreaterole nocreatedb",
        "klientel_backup": "login nosuperuser bypassrls nocreaterole nocreatedb",
    }
    there = {row[0] for row in connection.execute("select rolname from pg_roles where rolname like 'klientel%%'")}
    for role, words in rights.items():
        if role in there and _can_sign_in(connection, role, passwords[role]):
            continue
        statement = sql.SQL("{} role {} {} password {}").format(
            sql.SQL("alter" if role in there else "create"),
            sql.Identifier(role),
            sql.SQL(words),
            sql.Literal(passwords[role]),
        )
        connection.execute(statement)
    connection.execute("alter role klientel_backup set default_transaction_read_only = on")


def _can_sign_in(connection: Connection[tuple[object, ...]], role: str, password: str) -> bool:
    facts = connection.info
    try:
        Connection.connect(host=facts.host, user=role, password=password, dbname="postgres").close()
    except errors.OperationalError:
        return False
    return True


def prepare_database(connection: Connection[tuple[object, ...]]) -> None:
    """Extensions, functions and rights in the current database; the owner of the database may do it (all but
    statistics). Raises :class:`PostgresError` where an extension is missing and cannot be made."""
    there, lacking = {row[0] for row in connection.execute("select extname from pg_extension")}, []
    for name in EXTENSIONS:
        if name not in there:
            try:
                connection.execute(sql.SQL("create extension if not exists {}").format(sql.Identifier(name)))
            except (errors.InsufficientPrivilege, errors.FeatureNotSupported, errors.UndefinedFile):
                if name != "pg_stat_statements":
                    lacking.append(name)
    if lacking:
        raise PostgresError(
            f"The database lacks the extensions {', '.join(lacking)}: install the contrib modules of PostgreSQL on its"
            " server, and let its superuser run what `klientel database-sql` prints."
        )
    if connection.info.server_version < 180000:
        connection.execute(UUIDV7)
    for statement in GRANTS:
        connection.execute(statement)


#: as PostgreSQL 18 has it (RFC 9562, section 5.7): milliseconds, version 7, the rest random
UUIDV7 = """
create or replace function public.uuidv7() returns uuid language sql volatile parallel safe as $$
select encode(set_bit(set_bit(overlay(uuid_send(gen_random_uuid()) placing
  substring(int8send((extract(epoch from clock_timestamp()) * 1000)::bigint) from 3) from 1 for 6), 52, 1), 53, 1),
  'hex')::uuid $$
"""

GRANTS = (
    "grant usage on schema public to klientel_app, klientel_backup",
    "grant create, usage on schema public to klientel_owner",
    "alter default privileges for role klientel_owner in schema public"
    " grant select, insert, update, delete on tables to klientel_app",
    "alter default privileges for role klientel_owner in schema public"
    " grant usage, select on sequences to klientel_app",
    "alter default privileges for role klientel_owner in schema public grant select on tables to klientel_backup",
    "alter default privileges for role klientel_owner in schema public grant select on sequences to klientel_backup",
)

GRANTS_ON_WHAT_IS_THERE = (
    "grant select, insert, update, delete on all tables in schema public to klientel_app",
    "grant usage, select on all sequences in schema public to klientel_app",
    "grant select on all tables in schema public to klientel_backup",
    "grant select on all sequences in schema public to klientel_backup",
)
