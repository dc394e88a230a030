"""What is put out is escaped once, whatever it is."""

from __future__ import annotations

import pytest
from django.utils.translation import gettext_lazy
from markupsafe import Markup, escape

from klientel.kernel.web.escaping import escaped
from klientel.kernel.web.jinja import environment


@pytest.mark.parametrize("value", ["<b> & \"'", "", Markup("<b>&amp;</b>"), 5, 1.5, None, gettext_lazy("Save")])
def test_the_same_text_as_markupsafe_makes(value: object) -> None:
    assert str(escaped(value)) == str(escape(value))


def test_templates_escape_once_what_is_set_called_included_or_joined() -> None:
    text = (
        "{% macro bold(x) %}<b>{{ x }}{{ caller() if caller }}</b>{% endmacro %}"
        "{% set part %}<i>{{ x }}</i>{% endset %}{{ x }}|{{ part }}|{{ bold(x) }}|{{ x ~ '&' }}|{{ x|upper }}"
        "|{% call bold(x) %}{{ x }}{% endcall %}|{{ missing }}|{{ x|safe }}|{{ [x]|join(',') }}|{{ bold(part) }}"
    )
    shown = environment().from_string(text).render(x="<&>")
    low = "&lt;&amp;&gt;"
    assert shown == "|".join([
        low, f"<i>{low}</i>", f"<b>{low}</b>", f"{low}&amp;", low, f"<b>{low}{low}</b>", "", "<&>", low,
        f"<b><i>{low}</i></b>",
    ])  # fmt: skip
