from decimal import Decimal

from django.db import migrations, models
from django.db.models.functions import Coalesce

#: of prices that stand there twice those that did not count go to the trash; of all tenants, so the owner lays the
#: policy aside. What waits for a check at the end of the transaction is checked first, else the table is in use.
ONE = """
ALTER TABLE sales_price NO FORCE ROW LEVEL SECURITY;
SET CONSTRAINTS ALL IMMEDIATE;
UPDATE sales_price p SET archived_at = now(), changed_at = now(), version = version + 1
WHERE archived_at IS NULL AND EXISTS (
    SELECT FROM sales_price n WHERE n.tenant_id = p.tenant_id AND n.product = p.product AND n.price_list = p.price_list
      AND coalesce(n.from_quantity, 0) = coalesce(p.from_quantity, 0) AND n.archived_at IS NULL AND n.id > p.id);
SET CONSTRAINTS ALL IMMEDIATE;
ALTER TABLE sales_price FORCE ROW LEVEL SECURITY;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("sales", "0018_who_offers"),
    ]

    operations = [
        migrations.RunSQL(ONE, migrations.RunSQL.noop),
        migrations.RemoveIndex(model_name="price", name="price_of_product"),
        migrations.AddConstraint(
            model_name="price",
            constraint=models.UniqueConstraint(
                models.F("tenant_id"),
                models.F("product"),
                models.F("price_list"),
                Coalesce("from_quantity", Decimal(0)),
                condition=models.Q(("archived_at", None)),
                name="price_once",
            ),
        ),
    ]
