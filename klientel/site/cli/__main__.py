"""``python -m klientel.site.cli`` is the same as ``klientel``."""

from __future__ import annotations

from klientel.site.cli import main

main()
