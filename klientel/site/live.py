"""The live process's door: ASGI, served by granian. The session cookie knows no ports, so it comes along."""

from __future__ import annotations

import os

import django
from django.apps import apps

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "klientel.site.settings")
if not apps.ready:
    django.setup()

from klientel.kernel.live.stream import Application

application = Application()
