"""Events, partitioned by month on their UUIDv7 id, and the function that keeps partitions ahead."""

from django.db import migrations

CREATE = """
CREATE TABLE kernel_event (
    id uuid PRIMARY KEY,
    tenant_id uuid NOT NULL,
    epoch integer NOT NULL,
    xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
    at timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    kind text NOT NULL,
    actor text NOT NULL,
    actor_name text NOT NULL,
    record_type text NOT NULL,
    record_id uuid NOT NULL,
    cause uuid,
    change_set uuid NOT NULL,
    undoes uuid,
    parameters jsonb NOT NULL DEFAULT '{}',
    changes jsonb NOT NULL DEFAULT '{}',
    fields text[] NOT NULL DEFAULT '{}'
) PARTITION BY RANGE (id);
CREATE INDEX kernel_event_order ON kernel_event (tenant_id, epoch, xid, id);
CREATE INDEX kernel_event_set ON kernel_event (tenant_id, change_set);
CREATE INDEX kernel_event_undoes ON kernel_event (tenant_id, undoes) WHERE undoes IS NOT NULL;
CREATE TABLE kernel_event_private (
    event_id uuid PRIMARY KEY,
    tenant_id uuid NOT NULL,
    record_id uuid NOT NULL,
    salt uuid NOT NULL DEFAULT gen_random_uuid(),
    changes jsonb NOT NULL
) PARTITION BY RANGE (event_id);
CREATE INDEX kernel_event_private_record ON kernel_event_private (tenant_id, record_id);
CREATE TABLE kernel_event_rest PARTITION OF kernel_event DEFAULT;
CREATE TABLE kernel_event_private_rest PARTITION OF kernel_event_private DEFAULT;

CREATE FUNCTION kernel_id_at(moment timestamptz) RETURNS uuid LANGUAGE sql IMMUTABLE AS $$
    SELECT (substr(h, 1, 8) || '-' || substr(h, 9, 4) || '-0000-0000-000000000000')::uuid
    FROM (SELECT lpad(to_hex((extract(epoch FROM moment) * 1000)::bigint), 12, '0') AS h) x
$$;

CREATE FUNCTION kernel_partitions(ahead integer) RETURNS integer LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
DECLARE
    parent text; part text; low timestamptz; made integer := 0; n integer;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('kernel_partitions'));
    FOREACH parent IN ARRAY ARRAY['kernel_event', 'kernel_event_private'] LOOP
        FOR n IN 0..ahead LOOP
            low := date_trunc('month', now() AT TIME ZONE 'UTC') AT TIME ZONE 'UTC' + make_interval(months => n);
            part := parent || '_' || to_char(low AT TIME ZONE 'UTC', 'YYYY_MM');
            IF to_regclass(part) IS NULL THEN
                EXECUTE format('CREATE TABLE %I PARTITION OF %I FOR VALUES FROM (%L) TO (%L)', part, parent,
                    kernel_id_at(low), kernel_id_at(low + interval '1 month'));
                EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', part);
                EXECUTE format('CREATE POLICY tenant ON %I USING (tenant_id = nullif(current_setting(''klientel.tenant'', true), '''')::uuid)', part);
                made := made + 1;
            END IF;
        END LOOP;
    END LOOP;
    RETURN made;
END $$;
SELECT kernel_partitions(3);
INSERT INTO kernel_installation (id, epoch) VALUES (1, 1) ON CONFLICT DO NOTHING;
"""
DROP = """
DROP FUNCTION kernel_partitions(integer);
DROP TABLE kernel_event_private;
DROP TABLE kernel_event;
DROP FUNCTION kernel_id_at(timestamptz);
"""


class Migration(migrations.Migration):
    dependencies = [("kernel", "0001_initial")]
    operations = [migrations.RunSQL(CREATE, DROP)]
