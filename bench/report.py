"""The figures as a table."""

from __future__ import annotations

import os
import platform
from typing import Any

#: parts that are shown as they are
OTHERS = (
    "matching", "duplicates", "bulk", "growth", "undo", "past", "merge", "consumers", "quote", "dashboards", "idle",
    "kills", "live", "form", "automation", "automation-kills", "mail", "mail-kills", "sending", "sending-kills",
)  # fmt: skip


def machine_facts() -> dict[str, Any]:
    """Where it was measured."""
    return {"cores": os.cpu_count(), "python": platform.python_version(), "load": round(os.getloadavg()[0], 2)}


def table(found: dict[str, Any]) -> str:
    """Lines for people."""
    lines = [f"{found['persons']} persons; CPU of application and database per request, in milliseconds", ""]
    if "pages" in found:
        lines += _pages(found["pages"])
    if "board" in found:
        elements = found["board"]["board"]["elements"]
        lines += ["", *_pages(found["board"]), f"  elements of the board: {elements} (at most 2,500)"]
    for part in OTHERS:
        if part in found:
            lines += ["", part, *(f"  {name:<44} {value}" for name, value in found[part].items())]
    return "\n".join(lines)


def grown(small: dict[str, Any], large: dict[str, Any]) -> str:
    """What the same question costs with more rows, for both users: this run against an earlier smaller one."""
    lines = ["", f"CPU per request at {large['persons']} persons against {small['persons']} (at most 1.3)", ""]
    lines.append(f"{'question':<40}{'small':>8}{'large':>8}{'ratio':>7}{'narrow':>8}{'bare':>7}")
    for key in large.get("pages", {}).keys() & small.get("pages", {}).keys():
        few, many = small["pages"][key], large["pages"][key]
        ratio = {side: many[side]["cpu_ms"] / (few[side]["cpu_ms"] or 0.001) for side in ("app", "narrow", "bare")}
        lines.append(
            f"{many['label'].partition(':')[0][:39]:<40}{few['app']['cpu_ms']:>8.2f}{many['app']['cpu_ms']:>8.2f}"
            f"{ratio['app']:>7.2f}{ratio['narrow']:>8.2f}{ratio['bare']:>7.2f}{'' if ratio['app'] <= 1.3 else ' !'}"
        )
    share = "import_rows_per_second"
    if share in large.get("bulk", {}) and share in small.get("bulk", {}):
        ratio = large["bulk"][share] / small["bulk"][share]
        lines += ["", f"import rows/s, large to small: {ratio:.2f} (at least 0.8)"]
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
