"""Every test: units and promises on all cores, then the browser flows one after the other.

Further words go to pytest: python scripts/test.py -k merge
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PARTS = {"--without-flows": ["not flow"], "--only-flows": ["flow"]}


def run(which: str, words: list[str]) -> int:
    """One run of pytest; no test found is a failure, because a green run that ran nothing says nothing."""
    command = [sys.executable, "-m", "pytest", "-m", which, *words]
    if which == "not flow":
        command += ["-n", str(min(4, max(2, os.cpu_count() or 2))), "--dist", "worksteal"]
    begun = time.monotonic()
    print(f"== {which}", flush=True)
    code = subprocess.run(command, cwd=ROOT, stdin=subprocess.DEVNULL, check=False).returncode
    print(f"== {which}: {'ok' if not code else f'failed ({code})'} after {time.monotonic() - begun:.0f} s", flush=True)
    return code


def main() -> None:
    words = sys.argv[1:]
    wanted = [which for word in words for which in PARTS.get(word, [])] or ["not flow", "flow"]
    rest = [word for word in words if word not in PARTS]
    codes = [run(which, rest) for which in wanted]
    sys.exit(max(codes))


if __name__ == "__main__":
    main()
