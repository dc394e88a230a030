"""Some customers are entered a second time by a colleague, as it happens: what the search for duplicates is for."""

from __future__ import annotations

import random
from typing import Any

from klientel.kernel.twins import jobs

PEOPLE, FIRMS = 8, 3
#: how names come to be written differently
SPELLINGS = (("ä", "ae"), ("ö", "oe"), ("ü", "ue"), ("ß", "ss"), ("th", "t"), ("ei", "ai"), ("ck", "k"), ("f", "ff"))


def respelled(name: str) -> str:
    """The name as somebody writes it who only heard it; the last letter doubled where nothing else can go wrong."""
    for one, other in SPELLINGS:
        if one in name:
            return name.replace(one, other, 1)
    return name + name[-1]


def of_person(person: dict[str, Any], n: int) -> dict[str, Any]:
    """The same person once more: respelled, and with only one of the ways to reach them."""
    ways = {"phones": person["phones"][:1]} if n % 2 and person["phones"] else {"emails": person["emails"][:1]}
    kept = {k: person[k] for k in ("salutation", "first_name", "organisation", "owner") if person.get(k)}
    return kept | {"last_name": respelled(person["last_name"]), "stage": "lead"} | ways


def of_firm(firm: dict[str, Any]) -> dict[str, Any]:
    """The same organisation without its legal form, at the same address."""
    name = firm["name"].rsplit(" ", 1)[0].removesuffix(" GmbH & Co.")
    return {"name": name, "addresses": firm["addresses"], "stage": "lead", "owner": firm["owner"]}


def picked(some: list[dict[str, Any]], number: int) -> list[dict[str, Any]]:
    """Which ones are entered twice; always the same."""
    return random.Random(7).sample([one for one in some if one.get("emails")], number)  # noqa: S311


def search() -> None:
    """Have the worker look for them as soon as it runs."""
    for rtype in ("contacts.person", "contacts.organisation"):
        jobs.start(rtype, full=True)
