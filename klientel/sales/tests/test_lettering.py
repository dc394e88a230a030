"""Papers are set in the fonts of the tenant: checked when they are chosen, embedded, from nowhere else."""

from __future__ import annotations

from io import BytesIO
from typing import Any
from uuid import UUID

import pytest
from pypdf import PdfReader

from klientel.kernel.access.granting import ActorScope
from klientel.kernel.actions import run
from klientel.kernel.errors import Refused
from klientel.kernel.files.storing import store
from klientel.kernel.identity.actor import Actor
from klientel.kernel.tenancy import inside
from klientel.lib.tests.lettered import font
from klientel.sales.models import Quote, QuoteForm
from klientel.sales.queries.paper import paper
from klientel.sales.tests.test_quote import quote

pytestmark = pytest.mark.django_db


def file(actor: Actor, data: bytes, name: str = "probe.ttf") -> UUID:
    found: UUID = store(actor, data, name=name).record.id
    return found


def form(anna: Actor, **values: Any) -> Any:
    return run(anna, "sales.quoteform.create", name="Usual", company="Hansewerk", **values).record


def fonts_in(actor: Actor, made: Quote) -> set[str]:
    pdf = PdfReader(BytesIO(paper(ActorScope(actor), made)))
    some = [one.get_object()["/DescendantFonts"][0] for one in pdf.pages[0]["/Resources"]["/Font"].values()]
    return {str(one.get_object()["/BaseFont"]).rpartition("+")[2] for one in some}


def test_a_paper_is_set_in_the_fonts_of_its_form(anna: Actor) -> None:
    form(anna, font=file(anna, font()), font_bold=file(anna, font(bold=True)))
    made = quote(anna)
    assert fonts_in(anna, made) == {"ProbeSans-Regular", "ProbeSans-Bold"}
    run(anna, "sales.quote.send", made.pk)
    assert Quote.objects.get(pk=made.pk).document


def test_a_sign_that_the_font_has_not_is_set_in_the_usual_one(anna: Actor) -> None:
    form(anna, font=file(anna, font(last=0x20AC)))
    assert fonts_in(anna, quote(anna, name="≤ 5 m")) >= {"ProbeSans-Regular", "LibertinusSerif-Regular"}


@pytest.mark.parametrize(
    ("fonts", "field", "code"),
    [
        ({"font": b"%PDF-1.7"}, "font", "font.none"),
        ({"font": font(permission=2)}, "font", "font.forbidden"),
        ({"font_bold": font(bold=True)}, "font", "font_missing"),
        ({"font": font(), "font_bold": font("Other Sans", bold=True)}, "font_bold", "other_family"),
    ],
)
def test_a_font_that_does_not_fit_is_refused_at_its_field(
    anna: Actor, fonts: dict[str, bytes], field: str, code: str
) -> None:
    with pytest.raises(Refused) as no:
        form(anna, **{name: file(anna, data) for name, data in fonts.items()})
    assert (no.value.field, no.value.code) == (field, code) and not QuoteForm.objects.exists()


def test_the_font_of_another_tenant_is_none_of_ours(anna: Actor, cleo: Actor) -> None:
    with inside(cleo.tenant):
        theirs = file(cleo, font())
    with pytest.raises(Refused) as no:
        form(anna, font=theirs)
    assert no.value.field == "font" and not QuoteForm.objects.exists()
