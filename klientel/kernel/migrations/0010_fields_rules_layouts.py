"""Computed fields, rules of fields, layouts; and the functions formulas are made of, which never fail."""

import django.contrib.postgres.fields
import django.contrib.postgres.indexes
from django.db import migrations, models

FUNCTIONS = """
CREATE FUNCTION kernel_bounded(x numeric) RETURNS numeric LANGUAGE sql IMMUTABLE AS
$$ SELECT CASE WHEN abs(x) < 1e18 THEN round(x, 6) END $$;
CREATE FUNCTION kernel_number(x text) RETURNS numeric LANGUAGE sql IMMUTABLE AS
$$ SELECT CASE WHEN x ~ '^\\s*-?[0-9]{1,15}([.,][0-9]{1,6})?\\s*$' THEN replace(btrim(x), ',', '.')::numeric END $$;
CREATE FUNCTION kernel_later(x date, n numeric) RETURNS date LANGUAGE sql IMMUTABLE AS
$$ SELECT CASE WHEN abs(n) < 3660000 AND x - date '0001-01-01' + n BETWEEN 0 AND 3652058 THEN x + trunc(n)::int END $$;
CREATE FUNCTION kernel_months_later(x date, n numeric) RETURNS date LANGUAGE sql IMMUTABLE AS
$$ SELECT CASE WHEN extract(year FROM x) * 12 + n BETWEEN 24 AND 119976
   THEN (x + make_interval(months => trunc(n)::int))::date END $$;
CREATE FUNCTION kernel_months_between(a date, b date) RETURNS numeric LANGUAGE sql IMMUTABLE AS
$$ SELECT (extract(year FROM age(b, a)) * 12 + extract(month FROM age(b, a)))::numeric $$;
"""
GONE = """
DROP FUNCTION kernel_bounded(numeric), kernel_number(text), kernel_later(date, numeric),
    kernel_months_later(date, numeric), kernel_months_between(date, date);
"""


class Migration(migrations.Migration):
    dependencies = [
        ("kernel", "0009_audit_seal"),
    ]

    operations = [
        migrations.RunSQL(FUNCTIONS, GONE),
        migrations.AddField(
            model_name="customfield",
            name="formula",
            field=models.TextField(default=""),
        ),
        migrations.AddField(
            model_name="customfield",
            name="roll_by",
            field=models.CharField(default="", max_length=120),
        ),
        migrations.AddField(
            model_name="customfield",
            name="roll_field",
            field=models.CharField(default="", max_length=80),
        ),
        migrations.AddField(
            model_name="customfield",
            name="roll_tree",
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name="customfield",
            name="roll_what",
            field=models.CharField(default="", max_length=60),
        ),
        migrations.AddField(
            model_name="customfield",
            name="roll_where",
            field=models.JSONField(default=dict),
        ),
        migrations.CreateModel(
            name="FieldRule",
            fields=[
                ("tenant_id", models.UUIDField(editable=False)),
                ("id", models.UUIDField(editable=False, primary_key=True, serialize=False)),
                ("version", models.PositiveIntegerField(default=1, editable=False)),
                ("title", models.TextField(default="", editable=False)),
                ("sort_key", models.TextField(default="", editable=False)),
                (
                    "match_keys",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.TextField(), default=list, editable=False, size=None
                    ),
                ),
                ("extra", models.JSONField(default=dict, editable=False)),
                ("restricted", models.BooleanField(default=False, editable=False)),
                ("created_by", models.CharField(default="", editable=False, max_length=60)),
                ("created_at", models.DateTimeField()),
                ("changed_at", models.DateTimeField()),
                ("archived_at", models.DateTimeField(null=True)),
                ("owner", models.UUIDField(null=True)),
                (
                    "tags",
                    django.contrib.postgres.fields.ArrayField(base_field=models.UUIDField(), default=list, size=None),
                ),
                ("record_type", models.CharField(default="", max_length=80)),
                ("field", models.CharField(default="", max_length=80)),
                ("required_when", models.JSONField(default=dict)),
                ("visible_when", models.JSONField(default=dict)),
                ("choices", models.JSONField(default=list)),
            ],
            options={
                "abstract": False,
                "base_manager_name": "objects",
                "default_manager_name": "objects",
                "indexes": [
                    models.Index(
                        models.F("tenant_id"),
                        models.F("sort_key"),
                        models.F("id"),
                        condition=models.Q(("archived_at", None)),
                        name="fieldrule_sorted",
                    ),
                    models.Index(
                        models.F("tenant_id"), models.F("changed_at"), models.F("id"), name="fieldrule_changed"
                    ),
                    models.Index(models.F("tenant_id"), models.F("owner"), models.F("id"), name="fieldrule_owner"),
                    django.contrib.postgres.indexes.GinIndex(
                        fields=["tenant_id", "tags"], name="fieldrule_tags", opclasses=["uuid_ops", "array_ops"]
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("archived_at", None)),
                        fields=("tenant_id", "record_type", "field"),
                        name="fieldrule_once",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Layout",
            fields=[
                ("tenant_id", models.UUIDField(editable=False)),
                ("id", models.UUIDField(editable=False, primary_key=True, serialize=False)),
                ("version", models.PositiveIntegerField(default=1, editable=False)),
                ("title", models.TextField(default="", editable=False)),
                ("sort_key", models.TextField(default="", editable=False)),
                (
                    "match_keys",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.TextField(), default=list, editable=False, size=None
                    ),
                ),
                ("extra", models.JSONField(default=dict, editable=False)),
                ("restricted", models.BooleanField(default=False, editable=False)),
                ("created_by", models.CharField(default="", editable=False, max_length=60)),
                ("created_at", models.DateTimeField()),
                ("changed_at", models.DateTimeField()),
                ("archived_at", models.DateTimeField(null=True)),
                ("owner", models.UUIDField(null=True)),
                (
                    "tags",
                    django.contrib.postgres.fields.ArrayField(base_field=models.UUIDField(), default=list, size=None),
                ),
                ("name", models.CharField(default="", max_length=80)),
                ("record_type", models.CharField(default="", max_length=80)),
                (
                    "roles",
                    django.contrib.postgres.fields.ArrayField(base_field=models.UUIDField(), default=list, size=None),
                ),
                ("sections", models.JSONField(default=list)),
                ("active", models.BooleanField(default=True)),
            ],
            options={
                "abstract": False,
                "base_manager_name": "objects",
                "default_manager_name": "objects",
                "indexes": [
                    models.Index(
                        models.F("tenant_id"),
                        models.F("sort_key"),
                        models.F("id"),
                        condition=models.Q(("archived_at", None)),
                        name="layout_sorted",
                    ),
                    models.Index(models.F("tenant_id"), models.F("changed_at"), models.F("id"), name="layout_changed"),
                    models.Index(models.F("tenant_id"), models.F("owner"), models.F("id"), name="layout_owner"),
                    django.contrib.postgres.indexes.GinIndex(
                        fields=["tenant_id", "tags"], name="layout_tags", opclasses=["uuid_ops", "array_ops"]
                    ),
                ],
            },
        ),
    ]
