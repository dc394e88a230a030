"""The index of a stage's persons, in the order of their names, knows whose they are."""

from django.contrib.postgres.operations import AddIndexConcurrently, RemoveIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False
    dependencies = [
        ("contacts", "0001_initial"),
    ]

    operations = [
        AddIndexConcurrently(
            model_name="person",
            index=models.Index(
                models.F("tenant_id"),
                models.F("stage"),
                models.F("sort_key"),
                models.F("id"),
                models.F("owner"),
                condition=models.Q(("archived_at", None)),
                name="person_stage_owner",
            ),
        ),
        RemoveIndexConcurrently(model_name="person", name="person_stage"),
    ]
