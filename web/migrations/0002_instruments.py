"""Calibrations of earlier versions become instruments of this one."""

import contextlib

from django.db import migrations


def renew(apps, _schema_editor):
    kept = list(apps.get_model("web", "SavedCalibration").objects.all())
    # A new service need not wait for the imports.
    if not kept:
        return
    from lib.errors import DataError
    from lib.recognition.instrument_file import instrument_from_json, instrument_to_json

    for saved in kept:
        # One that cannot be read is refused where it is used, with the reason.
        with contextlib.suppress(DataError):
            saved.document = instrument_to_json(instrument_from_json(saved.document, saved.name))
            saved.save(update_fields=["document"])


class Migration(migrations.Migration):
    dependencies = (("web", "0001_initial"),)

    operations = (migrations.RunPython(renew, migrations.RunPython.noop),)
