"""Writes docs/reference from the declarations. ``--check`` only says whether a page is stale."""

from __future__ import annotations

import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "docs" / "reference"


def made() -> dict[str, str]:
    """All pages as they should be."""
    sys.path.insert(0, str(ROOT))
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "klientel.site.settings")
    import django

    django.setup()
    from importlib import import_module

    from klientel.kernel.docs import pages
    from klientel.site.setup import VARIABLES

    import_module("klientel.site.urls")  # declares the actions that pages bring along
    import_module("klientel.kernel.web.account.joining")
    return pages(ROOT / "klientel", VARIABLES)


def main() -> None:
    wanted = made()
    from klientel.kernel.docs.pages import stale

    old = stale(FOLDER, wanted)
    if "--check" in sys.argv[1:]:
        sys.exit(f"Stale: {', '.join(old)}; run `make docs`." if old else 0)
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name in old:
        (FOLDER / name).unlink(missing_ok=True)
        if name in wanted:
            (FOLDER / name).write_text(wanted[name], encoding="utf-8")
    print(f"docs/reference: {len(old)} pages written." if old else "docs/reference is up to date.")


if __name__ == "__main__":
    main()
