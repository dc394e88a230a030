"""Copies the third-party files that pages use out of node_modules, and makes the sprite of the icons our code names.

An icon is found by its name standing in quotes anywhere in our templates, scripts and declarations.
"""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ROOT / "node_modules"
TARGET = ROOT / "klientel" / "kernel" / "web" / "static" / "vendor"
COPIES = {
    "htmx.org/dist/htmx.min.js": "htmx.min.js",
    "@fontsource-variable/inter/files/inter-latin-wght-normal.woff2": "inter-latin-wght-normal.woff2",
}
LICENCES = ("htmx.org", "@fontsource-variable/inter", "lucide-static")
SPOKEN = re.compile(r"""["']([a-z][a-z0-9]*(?:-[a-z0-9]+)*)["']""")
DRAWN = re.compile(r"""icon(?:\(|=)["']([a-z][a-z0-9-]*)["']""")
#: words of the code that happen to be names of icons; where one is drawn by its name, it is one
WORDS = {
    "activity", "archive", "binary", "blocks", "boxes", "calendars", "code", "construction", "contact", "cookie",
    "currency", "database", "delete", "diff", "edit", "equal", "filter", "focus", "form", "funnel", "ghost",
    "grid", "grip", "group", "hash", "heading", "history", "import", "infinity", "key", "leaf", "letters", "map",
    "minus", "mouse", "option", "palette", "percent", "radio", "replace", "reply", "route", "rows", "save",
    "scale", "section", "server", "share", "sheet", "signature", "stamp", "summary", "table", "ticket", "tickets",
    "timeline", "timer", "type", "van", "variable", "verified", "voicemail", "weight", "workflow",
}  # fmt: skip
LEFT_OUT = {"tests", "migrations", "locale", "vendor", "lib", "__pycache__"}


def sources() -> list[Path]:
    """Files that may name an icon."""
    found = [path for kind in ("*.py", "*.html", "*.js") for path in (ROOT / "klientel").rglob(kind)]
    return sorted(path for path in found if not LEFT_OUT & set(path.relative_to(ROOT).parts))


def icons() -> list[str]:
    """Names of the icons our code names."""
    known = {path.stem for path in (PACKAGES / "lucide-static" / "icons").glob("*.svg")}
    texts = [path.read_text("utf-8") for path in sources()]
    spoken, drawn = ({name for text in texts for name in one.findall(text)} for one in (SPOKEN, DRAWN))
    return sorted(known & (spoken - WORDS | drawn))


def symbol(name: str) -> str:
    """One icon as a symbol of the sprite; the colour and width of its lines come from our style sheet."""
    text = (PACKAGES / "lucide-static" / "icons" / f"{name}.svg").read_text("utf-8")
    inner = re.sub(r"<!--.*?-->", "", text, flags=re.DOTALL)
    inner = re.sub(r"^.*?<svg[^>]*>|</svg>.*$", "", inner, flags=re.DOTALL)
    inner = re.sub(r"\s*/>\s*", "/>", " ".join(inner.split()))
    return f'<symbol id="{name}" viewBox="0 0 24 24">{ALONE.sub(_joined, inner)}</symbol>'


ALONE = re.compile(r'(?:<path d="[^"]*"/>){2,}')
_NUMBER = r"-?(?:\d+\.?\d*|\.\d+)"
_BEGINS = re.compile(rf"m\s*({_NUMBER})[\s,]*({_NUMBER})\s*(.*)", re.DOTALL)


def _joined(some: re.Match[str]) -> str:
    """Lines that follow each other as one path. A relative beginning is absolute where it stands first, and only there
    (SVG 2, 9.3.3): so it is written as an absolute one."""
    made = []
    for d in re.findall(r'd="([^"]*)"', some[0]):
        found = _BEGINS.fullmatch(d)
        if found:
            x, y, rest = found.groups()
            made.append(f"M{x} {y}{'l' if rest[:1] in '-.0123456789' and rest else ''}{rest}")
        else:
            made.append(d)
    return f'<path d="{"".join(made)}"/>'


def sprite(names: list[str]) -> str:
    """All icons in one file."""
    return f'<svg xmlns="http://www.w3.org/2000/svg">{"".join(symbol(name) for name in names)}</svg>\n'


def write(path: Path, data: bytes) -> None:
    """Write only what differs, so that nothing downstream is built again for nothing."""
    if not path.is_file() or path.read_bytes() != data:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


def licences() -> bytes:
    """The licence texts of what is copied."""
    parts = []
    for package in LICENCES:
        text = next(iter(sorted((PACKAGES / package).glob("LICENSE*"))), None)
        parts.append(f"== {package} ==\n\n{text.read_text('utf-8') if text else 'see the package'}\n")
    return "\n".join(parts).encode()


def main() -> None:
    names = icons()
    kept = TARGET / ".stamp"
    facts = (
        "\n".join([*names, *COPIES]).encode() + (ROOT / "package-lock.json").read_bytes() + Path(__file__).read_bytes()
    )
    wanted = hashlib.sha256(facts).hexdigest()
    if kept.is_file() and kept.read_text() == wanted:
        return
    for source, name in COPIES.items():
        data = (PACKAGES / source).read_bytes()
        if name.endswith(".js"):
            data = re.sub(rb"\n?//# sourceMappingURL=.*", b"", data)
        write(TARGET / name, data)
    write(TARGET / "icons.svg", sprite(names).encode())
    write(TARGET / "LICENCES.txt", licences())
    kept.write_text(wanted)
    print(f"assets: {len(COPIES)} files and {len(names)} icons copied", flush=True)


if __name__ == "__main__":
    main()
