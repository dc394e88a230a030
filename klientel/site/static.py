"""Static files for the web process: collected, hashed and compressed, only when something changed."""

from __future__ import annotations

import hashlib
from pathlib import Path

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.management import call_command

from klientel.site.setup import ROOT


def collect() -> bool:
    """Bring STATIC_ROOT up to date; True when something was done."""
    kept: Path = settings.KLIENTEL_HOME / "static.stamp"
    wanted = _key()
    if kept.is_file() and kept.read_text() == wanted:
        return False
    call_command("collectstatic", interactive=False, verbosity=0, clear=False)
    kept.write_text(wanted)
    return True


def _key() -> str:
    total = hashlib.sha256((ROOT / "requirements.lock").read_bytes())
    for finder in get_finders():
        for name, storage in finder.list([]):
            facts = Path(storage.path(name)).stat()
            total.update(f"{name}\0{facts.st_size}\0{facts.st_mtime_ns}\n".encode())
    return total.hexdigest()
