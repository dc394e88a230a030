"""Files of at most 400 lines, functions of at most 40; tests, migrations and data may be longer.

Test folders hold no ``__init__.py``, so that the import contracts look at the product alone.
"""

from __future__ import annotations

import ast
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FILE, FUNCTION = 400, 40
FREE = {"tests", "migrations", "testing"}


def faults(path: Path) -> list[str]:
    """What is too long in one file."""
    text = path.read_text("utf-8")
    name = path.relative_to(ROOT)
    lines = text.count("\n")
    found = [f"{name}: {lines} lines, {FILE} are allowed"] if lines > FILE else []
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.end_lineno:
            length = node.end_lineno - node.lineno + 1
            if length > FUNCTION:
                found.append(f"{name}:{node.lineno}: {node.name} has {length} lines, {FUNCTION} are allowed")
    return found


def main() -> None:
    places = [ROOT / "klientel", ROOT / "scripts", ROOT / "bench"]
    paths = [path for place in places for path in sorted(place.rglob("*.py"))]
    packages = [path for path in paths if path.name == "__init__.py" and "tests" in path.parts]
    found = [f"{path.relative_to(ROOT)}: test folders hold no __init__.py" for path in packages]
    found += [fault for path in paths if not FREE & set(path.relative_to(ROOT).parts) for fault in faults(path)]
    print("\n".join(found) or f"lengths: {len(paths)} files fit")
    sys.exit(bool(found))


if __name__ == "__main__":
    main()
