"""An instrument belongs to the token that saved it; lists are read without the documents."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = (("web", "0002_instruments"),)

    operations = (
        migrations.AddField(
            "savedcalibration", "owner", models.CharField(max_length=100, default="")
        ),
        migrations.AddIndex(
            "savedcalibration",
            models.Index(fields=("-created", "id", "name", "owner"), name="list_of_calibrations"),
        ),
    )
