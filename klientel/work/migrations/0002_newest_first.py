"""Indexes for the order in which calls, notes and tasks are listed."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False
    dependencies = [
        ("work", "0001_initial"),
    ]

    operations = [
        AddIndexConcurrently(
            model_name="call",
            index=models.Index(
                models.F("tenant_id"),
                models.F("at"),
                models.F("id"),
                condition=models.Q(("archived_at", None)),
                name="call_at",
            ),
        ),
        AddIndexConcurrently(
            model_name="note",
            index=models.Index(
                models.F("tenant_id"),
                models.F("created_at"),
                models.F("id"),
                condition=models.Q(("archived_at", None)),
                name="note_newest",
            ),
        ),
        AddIndexConcurrently(
            model_name="task",
            index=models.Index(
                models.F("tenant_id"),
                models.F("due"),
                models.F("id"),
                condition=models.Q(("archived_at", None)),
                name="task_due",
            ),
        ),
    ]
