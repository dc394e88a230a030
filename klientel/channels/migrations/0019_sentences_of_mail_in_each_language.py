"""What became of mails and what stands in the way of accounts is kept in each language: room for all of them together.

What was written down before stays as it is.
"""

from django.db import migrations, models

TEXTS = (
    ("account", "trouble"),
    ("delivery", "reply"),
    ("mail", "reply"),
    ("mailbox", "trouble"),
    ("position", "trouble"),
)


class Migration(migrations.Migration):
    dependencies = [("channels", "0018_why_something_must_be_told")]

    operations = [
        migrations.AlterField(model_name=model, name=name, field=models.CharField(default="", max_length=1000))
        for model, name in TEXTS
    ]
