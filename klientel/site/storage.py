"""Static files under names that carry a hash of their content, so that browsers may keep them for ever."""

from __future__ import annotations

import hashlib
from functools import cached_property
from pathlib import PurePosixPath
from typing import Any

from whitenoise.storage import CompressedManifestStaticFilesStorage

SCRIPTS = "js/"
FOR_EVER = r"(^.+\.[0-9a-f]{12}\..+$)|(/js/[0-9a-f]{12}/[^/]+$)"


class Storage(CompressedManifestStaticFilesStorage):  # type: ignore[misc]
    """As WhiteNoise's, but all our scripts share one folder named after the hash of them all.

    Their imports of each other stay as they are written, and an old script never meets a new one.
    """

    @cached_property
    def _scripts_hash(self) -> str:
        total = hashlib.sha256()
        for name in sorted(self.listdir(SCRIPTS)[1]):
            if name.endswith(".js"):
                with self.open(SCRIPTS + name) as file:
                    total.update(name.encode() + b"\0" + file.read())
        return total.hexdigest()[:12]

    def hashed_name(self, name: str, content: Any = None, filename: str | None = None) -> str:
        """The name that browsers ask for."""
        path = PurePosixPath(name)
        if path.parent == PurePosixPath(SCRIPTS) and path.suffix == ".js":
            return f"{SCRIPTS}{self._scripts_hash}/{path.name}"
        hashed: str = super().hashed_name(name, content, filename)
        return hashed
