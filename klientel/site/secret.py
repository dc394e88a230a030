"""The keys of an installation: made once, kept in the home folder, readable by its owner only."""

from __future__ import annotations

import base64
import json
import secrets
from pathlib import Path

from klientel.site.postgres import write_private
from klientel.site.setup import Setup


def keys(setup: Setup) -> tuple[str, str]:
    """The signing key and the field key: from the settings, else from ``secrets.json`` in the home folder."""
    if setup.secret_key and setup.field_key:
        return setup.secret_key, setup.field_key
    kept = _kept(setup.home / "secrets.json")
    return setup.secret_key or kept["secret_key"], setup.field_key or kept["field_key"]


def _kept(path: Path) -> dict[str, str]:
    if not path.exists():
        made = {
            "secret_key": secrets.token_urlsafe(48),
            "field_key": base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
        }
        write_private(path, json.dumps(made, indent=1), replace=False)
    return {str(key): str(value) for key, value in json.loads(path.read_text()).items()}
