"""``python -m bench``: the figures, as a table and as a JSON file."""

from __future__ import annotations

import argparse
import json
import sys
from importlib import import_module
from typing import Any

from bench import place

PARTS = (
    "pages",
    "matching",
    "duplicates",
    "bulk",
    "growth",
    "undo",
    "past",
    "merge",
    "idle",
    "consumers",
    "quote",
    "kills",
    "board",
    "live",
    "form",
    "form-kills",
    "dashboards",
    "automation",
    "automation-kills",
    "mail",
    "mail-kills",
    "sending",
    "sending-kills",
)
FAULTS = (
    "kills",
    "form-kills",
    "automation-kills",
    "mail-kills",
    "sending-kills",
)  # long, and no figures


def arguments() -> Any:
    """What one may choose."""
    parser = argparse.ArgumentParser(prog="bench", description="Klientel against the bare views.")
    parser.add_argument("--persons", type=int, default=100_000, help="how many; a fifth as many organisations")
    parser.add_argument("--rounds", type=int, default=8)
    parser.add_argument("--size", type=int, default=25, help="requests in a row before the other side's turn")
    parser.add_argument("--only", default="", help="questions whose key begins so")
    parser.add_argument("--against", type=int, default=0, help="compare with the figures of this many persons")
    parser.add_argument("--messages", type=int, default=10_000, help="of the parts about sending")
    parser.add_argument("--connections", type=int, default=8, help="of the parts about sending")
    parser.add_argument("--part", action="append", choices=PARTS)
    parser.add_argument("--profile", default="", help="show where the time of this question goes, and end")
    return parser.parse_args()


def main() -> None:
    """Measure, print, keep."""
    given = arguments()
    folder = place.home(given.persons)
    place.settle(folder)
    from bench import report

    place.klientel("migrate", "--quiet")
    from klientel.site.cli.database import serving

    found: dict[str, Any] = {"persons": given.persons, "machine": report.machine_facts()}
    with serving():
        from bench import board, data, duplicates, matching, pages
        from klientel.site import static

        static.collect()
        parts = given.part or [part for part in PARTS if part not in FAULTS]
        if "pages" in parts or given.profile:
            facts = pages.prepare(place.facts(folder) or data.fill(folder, given.persons))
            found["load_rows_per_second"] = facts["load_rows_per_second"]
            if given.profile:
                sys.stdout.write(pages.profile(facts, given.profile, requests=given.rounds * given.size))
                return
            found["pages"] = pages.measure(facts, rounds=given.rounds, size=given.size, only=given.only)
        if "matching" in parts:
            facts = place.facts(folder) or data.fill(folder, given.persons)
            found["matching"] = matching.measure(facts, rounds=given.rounds)
        if "duplicates" in parts:
            found["duplicates"] = duplicates.measure(place.facts(folder) or data.fill(folder, given.persons))
        if "board" in parts:
            facts = place.facts(folder) or data.fill(folder, given.persons)
            found["board"] = board.measure(facts, rounds=given.rounds, size=given.size)
        found |= _others(parts, given.persons, given)
    (folder / "figures.json").write_text(json.dumps(found, indent=1))
    print(report.table(found))
    smaller = place.home(given.against) / "figures.json"
    if given.against and smaller.exists():
        print(report.grown(json.loads(smaller.read_text()), found))
    print(f"\nAll figures: {folder / 'figures.json'}")


def _others(parts: list[str], persons: int, given: Any) -> dict[str, Any]:
    """The parts with a module of their own, and what it is given to measure."""
    mails = (given.messages, given.connections)
    modules: dict[str, tuple[str, tuple[int, ...]]] = {
        "bulk": ("bulk", (persons,)),
        "growth": ("growth", (persons,)),
        "undo": ("undo", (persons,)),
        "past": ("past", (persons,)),
        "merge": ("merging", ()),
        "consumers": ("consumers", (20, persons)),
        "live": ("live", (persons,)),
        "form": ("form", (persons,)),
        "kills": ("kills", ()),
        "form-kills": ("form_kills", (given.messages // 25,)),
        "quote": ("quote", ()),
        "dashboards": ("dashboards", ()),
        "automation": ("automation", ()),
        "automation-kills": ("automation_kills", ()),
        "mail": ("mail", ()),
        "mail-kills": ("mailkills", ()),
        "sending": ("sending", mails),
        "sending-kills": ("sending_kills", mails),
        "idle": ("idle", ()),
    }
    wanted = {part: found for part, found in modules.items() if part in parts}
    return {part: import_module(f"bench.{name}").measure(*facts) for part, (name, facts) in wanted.items()}


if __name__ == "__main__":
    main()
