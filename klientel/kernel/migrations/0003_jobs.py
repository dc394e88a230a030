"""What fairness between tenants needs of the job table, and a wake table that is swept often."""

from django.db import migrations

CREATE = """
CREATE INDEX kernel_job_share ON procrastinate_jobs ((args ->> 'tenant'), queue_name, priority) WHERE status = 'todo';
ALTER TABLE kernel_wake SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000,
    autovacuum_vacuum_insert_threshold = -1, autovacuum_analyze_threshold = 5000);
"""
DROP = "DROP INDEX kernel_job_share; ALTER TABLE kernel_wake RESET (autovacuum_vacuum_scale_factor);"


class Migration(migrations.Migration):
    dependencies = [("kernel", "0002_events"), ("procrastinate", "0041_post_retry_failed_job")]
    operations = [migrations.RunSQL(CREATE, DROP)]
