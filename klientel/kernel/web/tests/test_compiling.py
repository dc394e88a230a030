"""Templates of one language: sentences and icons are text, and say what they said before."""

from __future__ import annotations

import pytest
from django.utils.translation import override

from klientel.kernel.web import symbols
from klientel.kernel.web.jinja import environment


@pytest.mark.parametrize(("language", "said"), [("de", "Abbrechen"), ("en", "Cancel")])
def test_a_template_speaks_the_language_that_is_active(language: str, said: str) -> None:
    languages = environment()
    with override(language):
        template = languages.from_string("{% trans %}Cancel{% endtrans %}|{{ _('Cancel') }}")
        assert template.render() == f"{said}|{said}"


def test_values_in_a_sentence_are_escaped_and_per_cents_stay() -> None:
    with override("en"):
        template = environment().from_string("{% trans what=x %}50 % of {{ what }}{% endtrans %}")
        assert template.render(x="<b>") == "50 % of &lt;b&gt;"


@pytest.mark.parametrize(("n", "said"), [(1, "1 leeres Feld"), (3, "3 leere Felder")])
def test_sentences_that_count_are_chosen_at_each_request(n: int, said: str) -> None:
    text = "{% trans n=n %}{{ n }} empty field{% pluralize %}{{ n }} empty fields{% endtrans %}"
    with override("de"):
        assert environment().from_string(text).render(n=n) == said


def test_icons_stand_in_the_template_and_are_not_escaped_again() -> None:
    with override("en"):
        template = environment().from_string('<a>{{ icon("plus") }}{{ icon(name) }}</a>')
        assert template.render(name="x") == f"<a>{symbols.icon('plus')}{symbols.icon('x')}</a>"


def test_neighbouring_texts_are_one_piece() -> None:
    with override("en"):
        template = environment().from_string('<a>{{ icon("plus") }}{% trans %}Cancel{% endtrans %}</a>')
        assert len(list(template.generate())) == 1
