"""Consents are found by the form response they came with, and pending ones by when they were asked for."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("channels", "0006_forms_and_responses")]

    operations = [
        AddIndexConcurrently(
            model_name="consent",
            index=models.Index(models.F("tenant_id"), models.F("response"), models.F("id"), name="consent_response"),
        ),
        AddIndexConcurrently(
            model_name="consent",
            index=models.Index(
                models.F("tenant_id"),
                models.F("asked_at"),
                condition=models.Q(("state", "pending")),
                name="consent_pending",
            ),
        ),
    ]
