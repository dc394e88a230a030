"""Events found by their change set in order, and by record type in order; what a record was called before an event."""

from django.db import migrations

CREATE = """
DROP INDEX kernel_event_set;
CREATE INDEX kernel_event_set ON kernel_event (tenant_id, change_set, id);
CREATE INDEX kernel_event_since ON kernel_event (tenant_id, record_type, id);
ALTER TABLE kernel_event_private ADD COLUMN was jsonb;
"""
DROP = """
ALTER TABLE kernel_event_private DROP COLUMN was;
DROP INDEX kernel_event_since;
DROP INDEX kernel_event_set;
CREATE INDEX kernel_event_set ON kernel_event (tenant_id, change_set);
"""


class Migration(migrations.Migration):
    dependencies = [("kernel", "0005_change_runs")]
    operations = [migrations.RunSQL(CREATE, DROP)]
