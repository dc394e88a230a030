from importlib import import_module

from django.db import migrations

_old = import_module("klientel.sales.migrations.0013_sums_of_deals_and_stays")

#: The database plans a trigger's statements once a connection, often while the tables are almost empty, and keeps that
#: plan: then thousands of deals, each compared with thousands of rows that came. So the plan is said here: each row that
#: came asks for its own by index, and what was is put beside what is by hashing.
_TENANT = "(SELECT x.currency FROM kernel_tenant x WHERE x.id = d.tenant_id OFFSET 0)"
_OF_STAY = "(SELECT x.* FROM sales_deal x WHERE x.tenant_id = s.tenant_id AND x.id = s.deal OFFSET 0)"
_OF_DEAL = "(SELECT x.* FROM sales_stay x WHERE x.tenant_id = d.tenant_id AND x.deal = d.id OFFSET 0)"
_JOINED = "FROM {deals} d JOIN {stays} s ON s.tenant_id = d.tenant_id AND s.deal = d.id"
_DEAL = _old.DEAL.replace("JOIN kernel_tenant k ON k.id = d.tenant_id", f"CROSS JOIN LATERAL {_TENANT} k")
_STAYS_OF_DEALS = _old.STAY.replace(_JOINED, f"FROM {{deals}} d CROSS JOIN LATERAL {_OF_DEAL} s")
_DEALS_OF_STAYS = _old.STAY.replace(_JOINED, f"FROM {{stays}} s CROSS JOIN LATERAL {_OF_STAY} d")

_deals = [_old.DEALS.format(parts=part, fresh="true") for part in _old._both(_DEAL, deals="*")]
_of_deals = [_old.STAYS.format(parts=part, fresh="true") for part in _old._both(_STAYS_OF_DEALS, deals="*")]
_of_stays = [_old.STAYS.format(parts=part, fresh="true") for part in _old._both(_DEALS_OF_STAYS, stays="*")]


def _function(name, statements):
    text = _old._function(name, statements).replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION")
    return text.replace("LANGUAGE plpgsql AS", "LANGUAGE plpgsql SET enable_seqscan = off SET enable_nestloop = off AS")


SAID = _function("sales_sum_deals", [
    _deals[0], f"{_deals[1]} {_of_deals[1]}", f"{_deals[2]} {_old.MOVED.format(moved=_of_deals[2])}",
]) + _function("sales_sum_stays", _of_stays)  # fmt: skip
UNSAID = "".join(
    _old._function(name, statements).replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION")
    for name, statements in (
        ("sales_sum_deals", [
            _old._deals[0], f"{_old._deals[1]} {_old._of_deals[1]}",
            f"{_old._deals[2]} {_old.MOVED.format(moved=_old._of_deals[2])}",
        ]),
        ("sales_sum_stays", _old._of_stays),
    )
)  # fmt: skip


class Migration(migrations.Migration):
    dependencies = [
        ("sales", "0019_one_price_for_one_quantity"),
    ]

    operations = [
        migrations.RunSQL(SAID, UNSAID),
    ]
