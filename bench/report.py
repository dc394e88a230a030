"""The figures as a table."""

from __future__ import annotations

import os
import platform
from typing import Any


def machine_facts() -> dict[str, Any]:
    """Where it was measured."""
    return {"cores": os.cpu_count(), "python": platform.python_version(), "load": round(os.getloadavg()[0], 2)}


def table(found: dict[str, Any]) -> str:
    """Lines for people."""
    lines = [f"{found['persons']} persons; CPU of application and database per request, in milliseconds", ""]
    if "pages" in found:
        lines += _pages(found["pages"])
    for part in ("bulk", "consumers", "idle"):
        if part in found:
            lines += ["", part, *(f"  {name:<44} {value}" for name, value in found[part].items())]
    return "\n".join(lines)


def _pages(pages: dict[str, Any]) -> list[str]:
    head = f"{'question':<40}{'bare':>8}{'ours':>8}{'app':>7}{'db':>7}{'ratio':>7}{'most':>6}"
    head += f"{'p50':>7}{'p95':>7}{'narrow':>8}"
    lines = [head]
    for one in pages.values():
        app, good = one["app"], "" if one["ratio"] <= one["most"] else " !"
        wrong = {s: n for side in ("bare", "app", "narrow") for s, n in one[side]["statuses"].items() if int(s) >= 300}
        lines.append(
            f"{one['label'][:39]:<40}{one['bare']['cpu_ms']:>8.2f}{app['cpu_ms']:>8.2f}{app['app_ms']:>7.2f}"
            f"{app['database_ms']:>7.2f}{one['ratio']:>7.2f}{one['most']:>6}{app['p50_ms']:>7.1f}{app['p95_ms']:>7.1f}"
            f"{one['narrow_ratio']:>8.2f}{good}{f'  {wrong}' if wrong else ''}"
        )
    return lines
