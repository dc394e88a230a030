"""Names of IMAP folders: UTF-7 as RFC 3501 (5.1.3) changed it, and back."""

import base64
import binascii
import re

_SHIFTED = re.compile(r"&([A-Za-z0-9+,]*)-")
_FOREIGN = re.compile(r"[^\x20-\x7e]+")


def read(name: str) -> str:
    """`Entw&APw-rfe` as `Entwürfe`; what is no such UTF-7 stays as it is."""
    return _SHIFTED.sub(lambda found: _letters(found[1]) if found[1] else "&", name)


def _letters(text: str) -> str:
    padded = text.replace(",", "/") + "=" * (-len(text) % 4)
    try:
        return base64.b64decode(padded).decode("utf-16-be")
    except (binascii.Error, UnicodeDecodeError):
        return f"&{text}-"


def written(name: str) -> str:
    """A name as the protocol wants it, in quotation marks."""
    text = _FOREIGN.sub(lambda found: f"&{_shifted(found[0])}-", name.replace("&", "&-"))
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _shifted(text: str) -> str:
    return base64.b64encode(text.encode("utf-16-be")).decode().rstrip("=").replace("/", ",")
