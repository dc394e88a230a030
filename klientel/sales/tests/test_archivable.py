"""Quotes and the document of an acceptance keep what ISO 19005-3 asks of an archivable file; broken ones are seen."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from typing import Any

import pytest
from pypdf import PdfReader, PdfWriter
from pypdf.generic import DictionaryObject, NameObject, NumberObject

from klientel.kernel.access import ActorScope
from klientel.kernel.actions import run
from klientel.kernel.files import keeping
from klientel.kernel.identity.actor import Actor
from klientel.kernel.records import type_of
from klientel.sales.queries.paper import paper
from klientel.sales.tests.archivable import faults
from klientel.sales.tests.test_paper import form
from klientel.sales.tests.test_quote import again, quote

pytestmark = pytest.mark.django_db
__all__ = ["form"]


@pytest.mark.parametrize("language", ["de", "en"])
def test_a_quote_with_letterhead_logo_and_attached_quotation_is_archivable(
    anna: Actor, form: Any, language: str
) -> None:
    pdf = paper(ActorScope(anna), quote(anna, language=language, form=form.pk))
    assert faults(pdf) == []
    root = PdfReader(BytesIO(pdf)).trailer["/Root"]
    [spec] = [one.get_object() for one in root["/AF"]]
    assert (spec["/UF"], spec["/AFRelationship"]) == ("quotation.xml", "/Alternative")


def test_the_document_of_an_acceptance_is_archivable(anna: Actor, settings: Any, tmp_path: Any) -> None:
    settings.KLIENTEL_FILES = tmp_path
    made = quote(anna)
    run(anna, "sales.quote.send", made.pk)
    run(anna, "sales.quote.accept", made.pk, name="Eva Sommer", how="phone")
    file = type_of("kernel.file").model.objects.get(pk=again(made).evidence)
    assert faults(keeping.path_of(anna.tenant, file.place).read_bytes()) == []


def _root(name: str) -> Callable[[PdfWriter], None]:
    return lambda pdf: pdf.root_object.pop(NameObject(name))


def _action(pdf: PdfWriter) -> None:
    act = DictionaryObject({NameObject("/S"): NameObject("/JavaScript")})
    pdf.root_object[NameObject("/OpenAction")] = act


def _font(pdf: PdfWriter) -> None:
    for one in pdf._objects:
        if isinstance(one, DictionaryObject) and one.get("/Type") == "/FontDescriptor":
            for name in ("/FontFile", "/FontFile2", "/FontFile3"):
                one.pop(NameObject(name), None)


def _annotation(pdf: PdfWriter) -> None:
    pdf._add_object(
        DictionaryObject(
            {
                NameObject("/Type"): NameObject("/Annot"), NameObject("/Subtype"): NameObject("/Movie"),
                NameObject("/F"): NumberObject(2),
            }
        )
    )  # fmt: skip


def _image(pdf: PdfWriter) -> None:
    for one in pdf._objects:
        if isinstance(one, DictionaryObject) and one.get("/Subtype") == "/Image":
            one[NameObject("/Alternates")] = DictionaryObject()


BROKEN: list[tuple[Callable[[PdfWriter], None], str]] = [
    (_root("/Metadata"), "6.6.2 no XMP"), (_root("/OutputIntents"), "6.2.3 output intent"),
    (_root("/StructTreeRoot"), "6.7 tags"), (_root("/AF"), "6.8 no relationship"),
    (_action, "6.5.1 /JavaScript"), (_font, "6.2.11.4 not embedded"), (_annotation, "6.3.1 /Movie"),
    (_annotation, "6.3.2 flags"), (_image, "6.2.8 /Alternates"),
    (lambda pdf: pdf.encrypt("secret", algorithm="RC4-128"), "6.1.3 encrypted"),
]  # fmt: skip


def test_what_is_broken_on_purpose_is_seen(anna: Actor, form: Any) -> None:
    whole = paper(ActorScope(anna), quote(anna, form=form.pk))
    for broken, clause in BROKEN:
        pdf, out = PdfWriter(clone_from=BytesIO(whole)), BytesIO()
        broken(pdf)
        pdf.write(out)
        assert clause in faults(out.getvalue()), clause
