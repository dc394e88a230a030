"""The XML of a file that somebody sends: the file itself, or what a hybrid PDF carries."""

import base64
import json
import subprocess
import sys
from pathlib import Path

from klientel.lib.einvoices.pdf import LARGEST, SECONDS
from klientel.lib.sentences import Unreadable

_PROGRAM = Path(__file__).with_name("pdf.py")
_HEAD = 1024  # a PDF may have something before its first line


def xml_of(data: bytes) -> bytes:
    """The XML. Raises Unreadable (einvoice.…) with one sentence where there is none, or more than one."""
    if not data.strip():
        raise Unreadable("einvoice.empty")
    if b"%PDF-" in data[:_HEAD]:
        return _in_pdf(data)
    if len(data) > LARGEST:
        raise Unreadable("einvoice.too_large")
    return data


def _in_pdf(data: bytes) -> bytes:
    """In a process of its own with bounded time and memory (`pdf`)."""
    try:
        ran = subprocess.run(
            [sys.executable, "-I", str(_PROGRAM)], input=data, capture_output=True, timeout=2 * SECONDS, check=False
        )
        answer = json.loads(ran.stdout)
    except (subprocess.TimeoutExpired, ValueError) as reason:
        raise Unreadable("einvoice.pdf_damaged") from reason
    if "xml" not in answer:
        raise Unreadable(str(answer["code"]))
    return base64.b64decode(answer["xml"])
