"""A refusal is read by whoever it concerns, and maybe later: an import keeps it, a workflow shows it to a colleague.

So no refusal is built from a sentence that was put together in the language of the moment: :func:`filled` and
:func:`phrased` do that when it is read. Pages answer at once and are not asked.
"""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from django.utils.translation import ngettext_lazy, override

import klientel
from klientel.kernel.errors import Refused, filled, phrased

ROOT = Path(klientel.__file__).parent
REFUSALS = {"Refused", "Forbidden", "Missing", "Conflict", "refuse", "refused", "require"}
SIGNS = (" % ", "import gettext as", "import gettext\n", "import ngettext\n", "import pgettext\n")
AT_ONCE = {"views", "views.py", "web", "api", "tests", "migrations", "cli", "demo"}
FILES = [p for p in sorted(ROOT.rglob("*.py")) if not AT_ONCE & set(p.relative_to(ROOT).parts)]


def eager(tree: ast.AST, words: set[str]) -> bool:
    """Whether a sentence is put together here and now: by ``%`` or by a function that translates at once."""
    return any(
        (isinstance(one, ast.BinOp) and isinstance(one.op, ast.Mod))
        or (isinstance(one, ast.Call) and isinstance(one.func, ast.Name) and one.func.id in words)
        for one in ast.walk(tree)
    )


def translating(tree: ast.Module) -> set[str]:
    """How a module calls what translates at once."""
    some = [n for n in ast.walk(tree) if isinstance(n, ast.ImportFrom) and n.module == "django.utils.translation"]
    return {a.asname or a.name for n in some for a in n.names if a.name in ("gettext", "ngettext", "pgettext")}


def told_at_once(path: Path) -> list[str]:
    source = path.read_text(encoding="utf-8")
    if not any(f"{name}(" in source for name in REFUSALS) or not any(sign in source for sign in SIGNS):
        return []
    tree = ast.parse(source)
    words, found = translating(tree), []
    for function in (n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef)):
        inner = list(ast.walk(function))
        names = {
            n.targets[0].id for n in inner
            if isinstance(n, ast.Assign) and isinstance(n.targets[0], ast.Name) and eager(n.value, words)
        }  # fmt: skip
        for call in (n for n in inner if isinstance(n, ast.Call)):
            called = call.func.id if isinstance(call.func, ast.Name) else getattr(call.func, "attr", "")
            given = call.args[1:] if called in REFUSALS else []
            if any(eager(a, words) or (isinstance(a, ast.Name) and a.id in names) for a in given):
                found.append(f"{path.relative_to(ROOT)}:{call.lineno}")
    return found


def test_no_refusal_is_put_together_before_it_is_read():
    assert [one for path in FILES for one in told_at_once(path)] == []


@pytest.mark.parametrize(("language", "said"), [("en", "2 records"), ("de", "2 Datensätze")])
def test_a_filled_sentence_speaks_the_language_of_its_reader(language, said):
    words = ngettext_lazy("%(n)d record", "%(n)d records", 2)
    no = Refused("code", filled(words, {"n": 2}))
    with override(language):
        assert str(no.message) == said


@pytest.mark.parametrize(("language", "said"), [("en", "limit is 5."), ("de", "Die Grenze liegt bei 5.")])
def test_a_marked_sentence_does_too(language, said):
    no = Refused("code", phrased("The unpacked workbook is too large: the limit is {limit}.", {"limit": 5}))
    with override(language):
        assert str(no.message).endswith(said)
