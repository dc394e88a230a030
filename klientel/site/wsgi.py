"""The web process's door: WSGI, served by granian."""

from __future__ import annotations

import os
from importlib import import_module

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "klientel.site.settings")
application = get_wsgi_application()
import_module("klientel.kernel.access.seen").notes.background = True  # a thread of its own writes who saw what
