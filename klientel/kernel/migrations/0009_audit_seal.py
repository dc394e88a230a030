"""The seal of the audit: commitments to what each event says, and the chain of blocks over them."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("kernel", "0008_staging"),
    ]

    operations = [
        migrations.CreateModel(
            name="Block",
            fields=[
                ("tenant_id", models.UUIDField(editable=False)),
                ("id", models.UUIDField(editable=False, primary_key=True, serialize=False)),
                ("number", models.PositiveBigIntegerField()),
                ("events", models.PositiveIntegerField()),
                ("root", models.BinaryField()),
                ("hash", models.BinaryField()),
                ("sealed_at", models.DateTimeField()),
            ],
            options={
                "abstract": False,
                "base_manager_name": "objects",
                "default_manager_name": "objects",
                "constraints": [models.UniqueConstraint(fields=("tenant_id", "number"), name="block_once")],
            },
        ),
        migrations.CreateModel(
            name="Seal",
            fields=[
                ("tenant_id", models.UUIDField(editable=False)),
                ("id", models.UUIDField(editable=False, primary_key=True, serialize=False)),
                ("block", models.PositiveBigIntegerField()),
                ("place", models.PositiveIntegerField()),
                ("salt", models.UUIDField(null=True)),
                ("public", models.BinaryField()),
                ("private", models.BinaryField(null=True)),
                ("erased_by", models.UUIDField(null=True)),
            ],
            options={
                "abstract": False,
                "base_manager_name": "objects",
                "default_manager_name": "objects",
                "indexes": [
                    models.Index(models.F("tenant_id"), models.F("block"), models.F("place"), name="seal_block")
                ],
            },
        ),
    ]
