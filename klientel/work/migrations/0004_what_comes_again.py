"""Tasks and meetings that come again."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False
    dependencies = [
        ("work", "0003_all_day_meetings"),
    ]

    operations = [
        migrations.AddField(
            model_name="meeting",
            name="follows",
            field=models.UUIDField(null=True),
        ),
        migrations.AddField(
            model_name="meeting",
            name="repeat_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="meeting",
            name="repeats",
            field=models.CharField(default="", max_length=200),
        ),
        migrations.AddField(
            model_name="task",
            name="follows",
            field=models.UUIDField(null=True),
        ),
        migrations.AddField(
            model_name="task",
            name="repeats",
            field=models.CharField(default="", max_length=200),
        ),
        AddIndexConcurrently(
            model_name="meeting",
            index=models.Index(
                models.F("tenant_id"),
                models.F("repeat_at"),
                condition=models.Q(("repeats", ""), _negated=True),
                name="meeting_repeats",
            ),
        ),
        migrations.AddConstraint(
            model_name="meeting",
            constraint=models.UniqueConstraint(
                models.F("tenant_id"),
                models.F("follows"),
                condition=models.Q(("follows", None), _negated=True),
                name="meeting_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="task",
            constraint=models.UniqueConstraint(
                models.F("tenant_id"),
                models.F("follows"),
                condition=models.Q(("follows", None), _negated=True),
                name="task_once",
            ),
        ),
    ]
