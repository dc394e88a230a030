"""A function by which the application may refresh the planner's statistics of a table it just filled.

A new tenant's first import is invisible to the planner until autovacuum comes round; until then it would read the whole
table for every look-up.
"""

from django.db import migrations

CREATE = """
CREATE FUNCTION kernel_analyze(wanted text) RETURNS void LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
DECLARE
    found regclass := (
        SELECT c.oid FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE n.nspname = 'public' AND c.relkind = 'r' AND c.relname = wanted
          AND EXISTS (SELECT 1 FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'tenant_id')
    );
BEGIN
    IF found IS NOT NULL THEN
        EXECUTE format('ANALYZE (SKIP_LOCKED) %s', found);
    END IF;
END $$;
"""
DROP = "DROP FUNCTION kernel_analyze(text);"


class Migration(migrations.Migration):
    dependencies = [("kernel", "0003_jobs")]
    operations = [migrations.RunSQL(CREATE, DROP)]
