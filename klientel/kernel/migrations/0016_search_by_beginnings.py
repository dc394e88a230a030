"""The search index by words and by the beginnings of names; trigrams only of names, for slips of the keys."""

from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.operations import AddIndexConcurrently, RemoveIndexConcurrently
from django.db import migrations, models
from django.db.models.functions import Left

#: the index of words takes none of more than 2,046 bytes; of all tenants, so the owner lays the policy aside
SHORTEN = """
ALTER TABLE kernel_search NO FORCE ROW LEVEL SECURITY;
UPDATE kernel_search SET text = regexp_replace(text, '([^ ]{100})[^ ]+', '\\1', 'g') WHERE text ~ '[^ ]{101}';
ALTER TABLE kernel_search FORCE ROW LEVEL SECURITY;
"""
FOUND = models.Q(("alive", True), ("searchable", True))


class Migration(migrations.Migration):
    atomic = False
    dependencies = [
        ("kernel", "0015_deletion_and_who_saw"),
    ]

    operations = [
        migrations.RunSQL(SHORTEN, migrations.RunSQL.noop),
        AddIndexConcurrently(
            model_name="entry",
            index=GinIndex(
                models.Func(
                    models.Func(models.Func("text", function="ltrim"), models.Value(" "), function="string_to_array"),
                    function="array_to_tsvector",
                ),
                models.F("tenant_id"),
                condition=FOUND,
                name="search_words",
            ),
        ),
        AddIndexConcurrently(
            model_name="entry",
            index=models.Index(
                models.F("tenant_id"),
                models.F("record_type"),
                Left("text", 80),
                condition=models.Q(("alive", True), ("searchable", True), ("field_class", "A")),
                name="search_beginnings",
            ),
        ),
        AddIndexConcurrently(
            model_name="entry",
            index=GinIndex(
                fields=["text", "tenant_id"],
                opclasses=["gin_trgm_ops", "uuid_ops"],
                condition=models.Q(("alive", True), ("searchable", True), ("field_class__in", ["A", "a"])),
                name="search_nearly",
            ),
        ),
        RemoveIndexConcurrently(model_name="entry", name="search_trigrams"),
    ]
