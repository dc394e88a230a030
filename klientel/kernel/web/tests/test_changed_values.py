"""What a timeline says of a value that was changed."""

from __future__ import annotations

from klientel.kernel.actions import run
from klientel.kernel.tenancy import inside


def test_a_yes_that_became_a_no_is_told_as_a_no(client, actor):
    with inside(actor.tenant):
        run(actor, "kernel.customfield.create", record_type="contacts.person", name="x_dog", kind="yes_no",
            label_de="Hund", label_en="Dog", privacy="public")  # fmt: skip
        person = run(actor, "contacts.person.create", last_name="Berg", x_dog=True).record
        run(actor, "contacts.person.change", person.pk, x_dog=False)
    page = client.get(f"/persons/{person.pk}/").content.decode()
    assert '<dt>Dog</dt><dd><del>yes</del> <span aria-hidden="true">→</span> <ins>no</ins></dd>' in page
