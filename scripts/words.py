"""The interface's words: collects them, compiles them, and checks that German is complete.

python scripts/words.py            collect new words into the German catalogue, compile it
python scripts/words.py --compile  compile only (setup does it)
python scripts/words.py --check    fail where a word lacks its German, or the catalogue is behind the code
"""

from __future__ import annotations

import re
import string
import sys
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).resolve().parents[1]
CODE = ROOT / "klientel"
LANGUAGES = ("de",)
SAME_IN_GERMAN = CODE / "locale" / "same.txt"
KEYWORDS = {
    "_": None,
    "gettext": None,
    "gettext_lazy": None,
    "gettext_noop": None,
    "say": None,  # gettext, where `_` is the lazy one
    "ngettext": (1, 2),
    "ngettext_lazy": (1, 2),
    "pgettext": ((1, "c"), 2),
    "pgettext_lazy": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3),
}
METHODS = [
    ("**/tests/**", "ignore"),
    ("**/migrations/**", "ignore"),
    ("**.py", "python"),
    ("**/templates/**.html", "jinja2"),
    ("**/templates/**.txt", "jinja2"),
]
TEMPLATES = {
    "trim_blocks": "true",
    "lstrip_blocks": "true",
    "newstyle_gettext": "true",
    "silent": "false",
}
OPTIONS = {"**/templates/**.html": TEMPLATES, "**/templates/**.txt": TEMPLATES}
PLACEHOLDERS = re.compile(r"%\((\w+)\)[sd]|%[sd]")


def path_of(language: str) -> Path:
    return CODE / "locale" / language / "LC_MESSAGES" / "django.po"


def collect() -> Catalog:
    """Every word of the code."""
    found = Catalog(project="Klientel", version="1", charset="utf-8")
    for name, line, message, comments, context in extract_from_dir(
        CODE, method_map=METHODS, options_map=OPTIONS, keywords=KEYWORDS, comment_tags=("Translators:",)
    ):
        del line  # line numbers would change the catalogue with every edit
        found.add(message, locations=[(name, None)], auto_comments=comments, context=context)
    return found


def load(language: str) -> Catalog:
    """The catalogue as it stands."""
    path = path_of(language)
    if not path.exists():
        return Catalog(locale=language, project="Klientel", charset="utf-8")
    with path.open("rb") as file:
        return read_po(file, locale=language)


def update(language: str, words: Catalog) -> None:
    """Bring the catalogue up to the code; what the code no longer says is dropped, nothing is guessed."""
    catalogue = load(language)
    catalogue.update(words, no_fuzzy_matching=True, update_header_comment=False)
    catalogue.obsolete.clear()
    path_of(language).parent.mkdir(parents=True, exist_ok=True)
    with path_of(language).open("wb") as file:
        write_po(file, catalogue, width=110, sort_output=True, omit_header=False)


def compile_all() -> None:
    """Binary catalogues beside the texts, git-ignored; written only where they differ."""
    for language in LANGUAGES:
        path = path_of(language)
        target = path.with_suffix(".mo")
        if path.exists() and (not target.exists() or target.stat().st_mtime < path.stat().st_mtime):
            with target.open("wb") as file:
                write_mo(file, load(language))


def _texts(message: Message) -> list[str]:
    return list(message.string) if isinstance(message.string, tuple | list) else [message.string]


def _names(text: str) -> set[str]:
    """Placeholders of both styles: %(name)s and {name}."""
    percent = {found[0] for found in PLACEHOLDERS.finditer(text)}
    try:
        braces = {name for _, name, _, _ in string.Formatter().parse(text) if name}
    except ValueError:
        braces = set()
    return percent | braces


def faults(language: str, words: Catalog) -> list[str]:
    """Missing, unsure and wrong translations, and words the catalogue does not know yet."""
    catalogue, found = load(language), []
    for message in words:
        if not message.id:
            continue
        key = message.id[0] if isinstance(message.id, tuple | list) else message.id
        known = catalogue.get(message.id, message.context)
        where = message.locations[0][0] if message.locations else ""
        if known is None or not all(_texts(known)):
            found.append(f"{language}: not translated: {key!r} ({where})")
        elif known.fuzzy:
            found.append(f"{language}: unsure: {key!r} ({where})")
        elif any(
            not _names(text) <= _names(" ".join(message.id) if isinstance(message.id, tuple | list) else key)
            for text in _texts(known)
        ):
            found.append(f"{language}: other placeholders: {key!r} ({where})")
    return found


def main() -> None:
    if "--compile" in sys.argv:
        compile_all()
        return
    words = collect()
    if "--check" in sys.argv:
        found = [fault for language in LANGUAGES for fault in faults(language, words)]
        print("\n".join(found) or f"words: {len(words)} words, all in German")
        sys.exit(bool(found))
    for language in LANGUAGES:
        update(language, words)
    compile_all()


if __name__ == "__main__":
    main()
