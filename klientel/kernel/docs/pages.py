"""Every page of the reference as Markdown, in English, always the same for the same declarations."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from django.utils.translation import override

from klientel.kernel.actions import actions_on
from klientel.kernel.conditions import OPERATORS
from klientel.kernel.docs.codes import codes_in
from klientel.kernel.kinds import Kind, Link, Links
from klientel.kernel.records import RecordType, all_types

Pages = dict[str, str]
HEAD = "<!-- Made by `make docs` from the declarations. Please do not edit. -->\n\n"


def pages(code: Path, settings: Mapping[str, str]) -> Pages:
    """File name to text. ``code`` is where error codes are looked for, ``settings`` are the variables of the site."""
    with override("en"):
        made = {
            "records.md": _records(),
            "actions.md": _actions(),
            "operators.md": _operators(),
            "settings.md": _settings(settings),
            "errors.md": _errors(code),
        }
    return {name: HEAD + text for name, text in made.items()}


def table(head: Iterable[str], rows: Iterable[Iterable[object]]) -> str:
    """A Markdown table."""
    names = list(head)
    lines = [names, ["---"] * len(names), *([_cell(c) for c in row] for row in rows)]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _cell(value: object) -> str:
    return " ".join(str(value).split()).replace("|", "\\|")


def _first_line(text: str | None) -> str:
    return (text or "").strip().split("\n\n")[0]


def _types() -> list[RecordType]:
    return sorted(all_types(), key=lambda t: (t.system, t.key))


def _records() -> str:
    parts = ["# Records\n\nEvery record type with its fields. System types are settings of a workspace.\n"]
    for rtype in _types():
        facts = [f"`{rtype.key}`", f"addresses `/{rtype.slug}/` and `/api/v1/{rtype.slug}`"]
        facts += ["system type"] if rtype.system else []
        facts += ["a natural person: subject of access reports and erasure"] if rtype.personal else []
        text = _first_line(rtype.model.__doc__)
        parts.append(f"\n## {_capital(rtype.label)}\n\n{text}\n\n{'; '.join(facts)}.\n\n")
        parts.append(table(("field", "label", "kind", "required", "privacy"), map(_field, rtype.static.values())))
    return "".join(parts)


def _field(kind: Kind) -> tuple[str, ...]:
    to = f" to `{kind.to}`" if isinstance(kind, Link | Links) and kind.to != "*" else ""
    shown = f"{kind.key}{to or (' to any record' if isinstance(kind, Link | Links) else '')}"
    required = "yes" if kind.required else "set by the system" if kind.readonly else ""
    return f"`{kind.name}`", str(kind.verbose_name), shown, required, str(kind.privacy)


def _actions() -> str:
    parts = [
        "# Actions\n\nEverything that can be done, by anybody, to anything: as a button, by"
        " `POST /api/v1/<slug>/<id>/actions/<verb>`, by rules. The right that an action needs is a verb of a grant.\n"
    ]
    for rtype in _types():
        rows = []
        for act in sorted(actions_on(rtype), key=lambda a: (a.basic, a.verb)):
            own = {} if act.basic and act.verb in ("create", "change") else act.params
            given = ", ".join(f"`{n}`{'' if k.required else '?'}" for n, k in own.items()) or (
                "the fields" if act.basic and act.verb in ("create", "change") else ""
            )
            rows.append((f"`{act.key}`", act.label, given, f"`{act.needs}`", "yes" if act.undoable else "no"))
        parts.append(f"\n## {_capital(rtype.label)}\n\n")
        parts.append(table(("action", "label", "parameters", "right", "can be undone"), rows))
    return "".join(parts)


def _operators() -> str:
    kinds: dict[str, set[str]] = {}
    for rtype in _types():
        for kind in rtype.static.values():
            for op in kind.operators:
                kinds.setdefault(op, set()).add(kind.key)
    rows = [
        (f"`{o.key}`", o.label, o.takes, ", ".join(sorted(kinds.get(o.key, ()))), f"`{o.of}`" if o.of else "")
        for o in OPERATORS.values()
    ]
    text = (
        "# Conditions\n\nOne language for filters, views and rights. A condition is JSON:\n\n```json\n"
        '{"all": [\n  {"field": "organisation.industry", "op": "is", "value": "it"},\n'
        '  {"not": {"has": "work.call.concerns", "where": {"field": "at", "op": "within", "value": 30}}},\n'
        '  {"happened": "contacts.person.change", "within": {"days": 7}, "times": {"over": 2}}\n]}\n```\n\n'
        "`all`, `any` and `not` nest. A path follows links (`owner.team`). `has` asks for related records, `happened`"
        ' for events. `{"me": true}`, `{"my_teams": true}`, `{"today": true}` and `{"days_ago": 7}` stand for what is'
        " true of whoever looks, and when. What is not understood selects nothing and is refused.\n\n## Operators\n\n"
    )
    return text + table(("operator", "label", "takes", "kinds of field", "opposite of"), rows)


def _settings(settings: Mapping[str, str]) -> str:
    rows = [(f"`{name}`", text) for name, text in settings.items()]
    return "# Settings\n\nEnvironment variables, read once at start. An unknown one is refused.\n\n" + table(
        ("variable", "meaning"), rows
    )


def _errors(code: Path) -> str:
    rows = [(f"`{c.code}`", c.status, c.message, ", ".join(f"`{p}`" for p in c.places)) for c in codes_in(code)]
    text = (
        "# Error codes\n\nA refusal is a sentence in the user's language at the field concerned; programs read the"
        " code. Nothing is written where something was refused.\n\n"
    )
    return text + table(("code", "status", "sentence", "from"), rows)


def _capital(label: object) -> str:
    text = str(label)
    return text[:1].upper() + text[1:]


def stale(folder: Path, wanted: Pages) -> list[str]:
    """Names of the pages in ``folder`` that are not as the declarations say."""
    read: Callable[[Path], str] = lambda path: path.read_text(encoding="utf-8") if path.exists() else ""  # noqa: E731
    extra = [p.name for p in folder.glob("*.md") if p.name not in wanted]
    return sorted([n for n, text in wanted.items() if read(folder / n) != text] + extra)
