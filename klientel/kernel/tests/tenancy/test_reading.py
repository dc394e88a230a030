"""A transaction for reading reads."""

from __future__ import annotations

import pytest
from django.db import InternalError, connection

from klientel.kernel.tenancy import inside, reading, writing
from klientel.kernel.testing.making import make_tenant


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("someone", [True, False])
def test_reading_cannot_write_and_writing_can_after_it(someone):
    tenant = make_tenant("hansewerk")
    with inside(tenant.id if someone else None):
        with pytest.raises(InternalError, match="read-only"), reading(), connection.cursor() as cursor:
            cursor.execute("UPDATE kernel_tenant SET name = 'x'")
        with writing(), connection.cursor() as cursor:
            cursor.execute("UPDATE kernel_tenant SET name = 'x'")
            assert cursor.rowcount == 1
            with pytest.raises(InternalError, match="read-only"), reading():
                cursor.execute("UPDATE kernel_tenant SET name = 'y'")
            cursor.execute("UPDATE kernel_tenant SET name = 'z'")
