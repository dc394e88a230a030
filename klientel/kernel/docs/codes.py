"""Error codes, read from the source: every refusal names its code and its sentence as plain text."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

STATUS = {
    "Refused": "422", "refuse": "422", "require": "422", "Forbidden": "403", "Missing": "404", "Gone": "410",
    "Conflict": "409",
}  # fmt: skip


@dataclass(frozen=True)
class Code:
    """A code with one of its sentences and where it comes from."""

    code: str
    status: str
    message: str
    places: tuple[str, ...]


def codes_in(folder: Path) -> list[Code]:
    """Every code below ``folder``, sorted; one that several modules use once."""
    found: dict[str, list[tuple[str, str, str]]] = {}
    for path in sorted(folder.rglob("*.py")):
        if not {"tests", "testing", "migrations"} & set(path.parts):
            place = ".".join(path.relative_to(folder).with_suffix("").parts).removesuffix(".__init__")
            for code, status, message in _calls(ast.parse(path.read_text(encoding="utf-8"))):
                found.setdefault(code, []).append((status, message, place))
    return [_code(code, uses) for code, uses in sorted(found.items())]


def _code(code: str, uses: list[tuple[str, str, str]]) -> Code:
    statuses = "/".join(sorted({status for status, _message, _place in uses}))
    message = next((m for _status, m, _place in uses if m), "")
    return Code(code, statuses, message, tuple(sorted({place for _status, _message, place in uses})))


def _calls(tree: ast.AST) -> Iterator[tuple[str, str, str]]:
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        arguments = node.args[1:] if name == "require" else node.args
        if name == "Problem":
            status, arguments = _text(arguments[0]) if arguments else "", arguments[1:]
        else:
            status = STATUS.get(name, "")
        if status and arguments and (code := _text(arguments[0])).replace("_", "").isalnum():
            yield code, status, _text(arguments[1]) if len(arguments) > 1 else ""


def _text(node: ast.expr) -> str:
    """A literal, within a translation and with placeholders filled too."""
    match node:
        case ast.Constant(value=str() | int() as value):
            return str(value)
        case ast.Call(args=[first, *_]):
            return _text(first)
        case ast.BinOp(left=left, op=ast.Mod()):
            return _text(left)
    return ""
