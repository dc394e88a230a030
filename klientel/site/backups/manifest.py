"""What a backup says of itself: the last entry of its file, so that one that is cut off has none."""

from __future__ import annotations

import hashlib
import hmac
import re
from dataclasses import asdict, dataclass, field
from pathlib import PurePosixPath
from typing import Any

import orjson

from klientel.site.cli.failure import Failure

FORMAT = 1
NAME = "manifest.json"
DUMP = "database.dump"
_PLACES = re.compile(r"(database\.dump|manifest\.json|files/[A-Za-z0-9._/-]+|ledger/[A-Za-z0-9._-]+\.jsonl)\Z")


@dataclass
class Manifest:
    """Versions, rows of every table, and size and SHA-256 of everything in the backup."""

    created_at: str
    klientel: str
    schema: str
    postgresql: int
    epoch: int
    field_key: str
    tenants: int
    tables: dict[str, int] = field(default_factory=dict)
    files: dict[str, list[Any]] = field(default_factory=dict)  # place: [size, sha256]
    missing: list[str] = field(default_factory=list)  # files that rows name and that were not there
    format: int = FORMAT
    signature: str = ""

    def signed(self, keys: list[bytes]) -> bytes:
        """As JSON, signed with the field key."""
        self.signature = self._signature(keys[0])
        return orjson.dumps(asdict(self), option=orjson.OPT_SORT_KEYS | orjson.OPT_INDENT_2)

    def _signature(self, key: bytes) -> str:
        body = {k: v for k, v in asdict(self).items() if k != "signature"}
        return hmac.digest(key, b"klientel.backup\0" + orjson.dumps(body, option=orjson.OPT_SORT_KEYS), "sha256").hex()

    def signed_by(self, keys: list[bytes]) -> bool:
        """Whether one of these keys signed it just so."""
        return any(hmac.compare_digest(self.signature, self._signature(key)) for key in keys)


def read(text: bytes) -> Manifest:
    """A manifest from a backup; :class:`Failure` where it is none."""
    try:
        facts = orjson.loads(text)
        found = Manifest(**facts)
    except (orjson.JSONDecodeError, TypeError) as error:
        raise Failure("The backup's manifest cannot be read; the file is damaged.") from error
    if found.format != FORMAT:
        raise Failure(f"This backup is of format {found.format}; this version of Klientel reads format {FORMAT}.")
    return found


def is_place(name: str) -> bool:
    """Whether an entry of a backup may be called so: nothing that leads elsewhere."""
    return bool(_PLACES.match(name)) and ".." not in PurePosixPath(name).parts and "//" not in name


def field_keys(setting: str) -> list[bytes]:
    """The keys that sign, made of the field keys."""
    parts = filter(None, (part.strip() for part in setting.split(",")))
    return [hashlib.sha256(b"klientel.backup\0" + part.encode()).digest() for part in parts]


def key_id(setting: str) -> str:
    """A short name of the field key, to tell a wrong one."""
    return hashlib.sha256(b"klientel.key\0" + setting.split(",")[0].strip().encode()).hexdigest()[:12]
