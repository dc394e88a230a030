"""Templates compiled once for each language: sentences, icons and fixed addresses become plain text of the template.

A page asks for some hundreds of them; looked up at each request they cost more than the rows of a list.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from django.utils.translation import get_language, gettext, override
from jinja2 import Environment, Template, TemplateNotFound, nodes
from jinja2.compiler import CodeGenerator, Frame
from jinja2.ext import InternationalizationExtension
from jinja2.visitor import NodeTransformer

from klientel.kernel.web.escaping import escaped

_HOLES = re.compile(r"%(?:\((\w+)\)s|(%))")
_OTHER = re.compile(r"%(?!\(\w+\)s|%)")


class Sentences(InternationalizationExtension):
    """``{% trans %}`` of a template that speaks one language; sentences that count are still chosen at each request."""

    def _make_node(
        self, singular: str, plural: Any, context: Any, variables: Any, plural_expr: Any, *rest: Any
    ) -> nodes.Output:
        text = spoken(self.environment, singular)
        if plural_expr is not None or context is not None or _OTHER.search(text):
            return super()._make_node(singular, plural, context, variables, plural_expr, *rest)
        return nodes.Output(_parts(text, variables))


def _parts(text: str, variables: dict[str, nodes.Expr]) -> list[nodes.Expr]:
    """A sentence cut at its holes."""
    made: list[nodes.Expr] = []
    at = 0
    for hole in _HOLES.finditer(text):
        made.append(nodes.TemplateData(text[at : hole.start()]))
        made.append(nodes.TemplateData("%") if hole[2] else variables[hole[1]])
        at = hole.end()
    return [*made, nodes.TemplateData(text[at:])]


def spoken(environment: Any, text: str) -> str:
    """A sentence in the language of these templates."""
    with override(environment.language):
        return gettext(text)


class Folded(NodeTransformer):
    """Calls whose answer is always the same become that answer, and texts that stand side by side become one."""

    def __init__(self, environment: Any, fixed: dict[str, Callable[..., Any]]) -> None:
        self._environment, self._fixed = environment, fixed

    def visit_Call(self, node: nodes.Call) -> nodes.Node:  # noqa: N802 - the name of the node
        self.generic_visit(node)
        plain = all(isinstance(a, nodes.Const) for a in (*node.args, *(k.value for k in node.kwargs)))
        if not (plain and isinstance(node.node, nodes.Name)) or node.dyn_args or node.dyn_kwargs:
            return node
        args = [a.value for a in node.args if isinstance(a, nodes.Const)]
        if node.node.name == "_" and not node.kwargs:
            text = spoken(self._environment, *args)
            return node if _OTHER.search(text) or _HOLES.search(text) else nodes.MarkSafe(nodes.Const(text))
        if node.node.name not in self._fixed:
            return node
        found = self._fixed[node.node.name](*args, **{k.key: k.value.as_const() for k in node.kwargs})
        return nodes.MarkSafe(nodes.Const(str(found))) if hasattr(found, "__html__") else nodes.Const(found)

    def generic_visit(self, node: nodes.Node, *args: Any, **kwargs: Any) -> nodes.Node:
        super().generic_visit(node, *args, **kwargs)
        for name, value in node.iter_fields():
            if isinstance(value, list) and any(isinstance(part, nodes.Output) for part in value):
                setattr(node, name, _joined(value))
        return node


def _joined(body: list[nodes.Node]) -> list[nodes.Node]:
    made: list[nodes.Node] = []
    for part in body:
        if isinstance(part, nodes.Output) and made and isinstance(made[-1], nodes.Output):
            made[-1] = nodes.Output(made[-1].nodes + part.nodes, lineno=made[-1].lineno)
        else:
            made.append(part)
    return made


class Joining(CodeGenerator):
    """What a template puts out is joined and nothing else: no piece of it becomes an object first."""

    def _output_child_pre(self, node: nodes.Expr, frame: Frame, finalize: CodeGenerator._FinalizeInfo) -> None:
        if frame.eval_ctx.autoescape and not frame.eval_ctx.volatile and finalize.src is None:
            self.write("environment.escaped(")
        else:
            super()._output_child_pre(node, frame, finalize)


class Speaking(Environment):
    """The environment of one language. ``fixed`` are functions whose answer depends on nothing but their arguments."""

    code_generator_class = Joining
    escaped = staticmethod(escaped)
    language = ""
    fixed: dict[str, Callable[..., Any]] = {}

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._missing: set[str] = set()

    def make_globals(self, d: Any) -> Any:
        """As above, but one dict where a template has none of its own: each page and each part copies them."""
        return super().make_globals(d) if d else self.globals

    def _load_template(self, name: str, globals: Any) -> Template:  # noqa: A002 - the name it has above
        """As above; that there is no such template (a part of one record type) is remembered too."""
        if name in self._missing:
            raise TemplateNotFound(name)
        try:
            return super()._load_template(name, globals)
        except TemplateNotFound as no:
            if no.name == name and not self.auto_reload:
                self._missing.add(name)
            raise

    def _generate(self, source: nodes.Template, name: Any, filename: Any, defer_init: bool = False) -> str:
        folded = Folded(self, self.fixed).visit(source)
        return super()._generate(folded, name, filename, defer_init)


class Languages:
    """What Django takes for an environment: gives templates of the language that is active."""

    def __init__(self, make: Callable[[str], Speaking]) -> None:
        self._make = make
        self._known: dict[str, Speaking] = {}

    def active(self) -> Speaking:
        """The environment of the active language."""
        language = get_language() or "en"
        found = self._known.get(language)
        if found is None:
            found = self._known[language] = self._make(language)
        return found

    def get_template(self, name: str) -> Template:
        """The template of this name."""
        return self.active().get_template(name)

    def from_string(self, source: str) -> Template:
        """A template from its text."""
        return self.active().from_string(source)
