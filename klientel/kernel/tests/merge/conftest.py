"""What tests of merging share: a type of the tenant's own with links of its own."""

from __future__ import annotations

import pytest

from klientel.kernel.actions import run

MACHINE = "custom.machine"


@pytest.fixture
def machine(anna):
    """A record type that a row declares, with links to persons and to its own kind."""
    run(anna, "kernel.customtype.create", name="machine", label_de="Maschine", plural_de="Maschinen")
    for name, kind, target in (
        ("x_operator", "link", "contacts.person"),
        ("x_crew", "links", "contacts.person"),
        ("x_spare", "links", MACHINE),
        ("x_note", "text", ""),
        ("x_modes", "choices", ""),
    ):
        more = {"target": target} if target else {}
        if kind == "choices":
            more = {"choices": [["a", "Alpha"], ["b", "Beta"], ["c", "Gamma"]]}
        run(
            anna, "kernel.customfield.create", record_type=MACHINE, name=name, kind=kind, label_de=name,
            privacy="public", **more,
        )  # fmt: skip
    for name, kind, target in (("x_shoe", "whole", ""), ("x_firm", "link", "contacts.organisation")):
        more = {"target": target} if target else {}
        run(
            anna, "kernel.customfield.create", record_type="contacts.person", name=name, kind=kind, label_de=name,
            privacy="personal", **more,
        )  # fmt: skip
