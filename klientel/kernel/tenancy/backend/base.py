"""Django's PostgreSQL backend, which says the tenant at every BEGIN; no session settings, so PgBouncer may
stand between."""

from __future__ import annotations

from django.db import Error
from django.db.backends.postgresql import base
from psycopg import adapters

from klientel.kernel import tenancy
from klientel.kernel.tenancy.backend.lists import Lists

SAY = "SELECT set_config('klientel.tenant', %s, true), set_config('klientel.purpose', %s, true)"
READ_ONLY = ", set_config('transaction_read_only', 'on', true)"

adapters.register_dumper(list, Lists)


class DatabaseWrapper(base.DatabaseWrapper):
    """Sets ``klientel.tenant`` and ``klientel.purpose`` for the transaction that begins."""

    def _set_autocommit(self, autocommit: bool) -> None:
        super()._set_autocommit(autocommit)  # type: ignore[misc]
        if not autocommit and (tenancy.peek()[0] is not None or tenancy.begins_to_read()):
            try:
                with self.wrap_database_errors:
                    self.say_tenant()
            except Error:
                self.close()  # else it would be kept although it is lost, or in a transaction that nobody knows of
                raise

    def say_tenant(self) -> None:
        """Tell the open transaction which tenant and purpose it serves."""
        tenant, purpose = tenancy.peek()
        with self.connection.cursor() as cursor:
            cursor.execute(SAY + READ_ONLY if tenancy.begins_to_read() else SAY, (str(tenant or ""), purpose))
