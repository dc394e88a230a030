from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("sales", "0017_campaigns_of_deals"),
    ]

    operations = [
        migrations.AddField(model_name="quoteform", name="country", field=models.CharField(default="", max_length=2)),
        migrations.AddField(
            model_name="quoteform", name="tax_number", field=models.CharField(default="", max_length=40)
        ),
        migrations.AddField(model_name="quoteform", name="register", field=models.CharField(default="", max_length=80)),
    ]
