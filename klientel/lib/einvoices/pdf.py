"""A program of its own: writes the XML that a hybrid PDF carries. A hostile PDF can then only stop this process.

``python pdf.py`` reads a PDF from standard input and writes one line of JSON: ``{"xml": base64}`` or ``{"code": …}``.
It imports nothing of ours, so that it starts at once and isolated.
"""

import base64
import json
import resource
import sys
from io import BytesIO

SECONDS, MEMORY, LARGEST = 15, 1 << 30, 10 << 20
#: names of the invoice in a hybrid PDF, the better one first (Factur-X 1.0, ZUGFeRD 2.0, ZUGFeRD 1.0)
NAMES = ("factur-x.xml", "xrechnung.xml", "zugferd-invoice.xml")


def found_in(data: bytes) -> dict[str, str]:
    """The invoice of a PDF as base64, or the code of a sentence that says why there is none."""
    from pypdf import PdfReader  # noqa: PLC0415 - only after the limits are set
    from pypdf.errors import PdfReadError, PyPdfError  # noqa: PLC0415

    try:
        reader = PdfReader(BytesIO(data))
        if reader.is_encrypted and not reader.decrypt(""):
            return {"code": "einvoice.encrypted"}
        attached = reader.attachments
        content = _chosen({str(name): attached[name] for name in attached if str(name).lower().endswith(".xml")})
    except (PdfReadError, PyPdfError, ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError,
            NotImplementedError, OSError):  # fmt: skip
        return {"code": "einvoice.pdf_damaged"}
    if isinstance(content, str):
        return {"code": content}
    return {"xml": base64.b64encode(content).decode()} if len(content) <= LARGEST else {"code": "einvoice.too_large"}


def _chosen(attached: dict[str, list[bytes]]) -> bytes | str:
    """One of the attached files by its name, else the only one; a code where it is not clear which."""
    exact = [name for name in NAMES if name in attached]
    spelt = [name for wanted in NAMES for name in attached if name.lower() == wanted and name not in exact]
    names = [*exact, *spelt][:1] or sorted(attached)
    if not names:
        return "einvoice.pdf_without"
    contents = {content for name in names for content in attached[name]}
    return contents.pop() if len(contents) == 1 else "einvoice.several"


def main() -> None:
    """Read, with bounded time and memory, and answer."""
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    try:
        answer = found_in(sys.stdin.buffer.read())
    except MemoryError:
        answer = {"code": "einvoice.too_large"}
    sys.stdout.write(json.dumps(answer))


if __name__ == "__main__":
    main()
