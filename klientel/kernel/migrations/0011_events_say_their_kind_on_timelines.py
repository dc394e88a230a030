"""A row of a timeline says of what kind its event is, so that what happened is counted without reading events."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("kernel", "0010_fields_rules_layouts"),
    ]

    operations = [
        migrations.AddField(
            model_name="about",
            name="kind",
            field=models.TextField(db_default="", default=""),
        ),
        migrations.AddIndex(
            model_name="about",
            index=models.Index(
                models.F("tenant_id"), models.F("record_id"), models.F("kind"), models.F("at"), name="about_kind"
            ),
        ),
        migrations.AddIndex(
            model_name="about",
            index=models.Index(
                models.F("tenant_id"), models.F("id"), condition=models.Q(("kind", "")), name="about_unnamed"
            ),
        ),
    ]
