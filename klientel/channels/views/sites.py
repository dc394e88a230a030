"""What the page of a website tells: its snippet, how it was used, and who of those whom we know came last."""

from __future__ import annotations

from typing import Any

from klientel.channels.models import Site
from klientel.channels.queries import visits
from klientel.kernel.access.reading import names_by_type, select
from klientel.kernel.links import whole
from klientel.kernel.records import type_of
from klientel.kernel.tenancy import current
from klientel.kernel.tenancy.models import Tenant
from klientel.kernel.web.panels import panel

VISIT, DAYS, LATEST = "channels.visit", 30, 8


@panel("channels.site")
def beside(request: Any, site: Site) -> dict[str, Any]:
    """The snippet to copy, figures of the last days, the pages that were seen most, the latest visits of people."""
    scope, rtype = request.scope, type_of(VISIT)
    told = None
    if scope.may(rtype, "view"):
        where = {"field": "site", "op": "is", "value": str(site.pk)}
        columns = [name for name in ("what", "name", "person", "at") if name in scope.visible(rtype)]
        told = select(scope, rtype, columns=tuple(columns), where=where, sort="-at", limit=LATEST)
    ids = {row.values["person"] for row in told.rows if row.values.get("person")} if told else set()
    persons = names_by_type(scope, {"contacts.person": ids}) if ids else {}
    workspace = Tenant.objects.get(pk=current()).slug
    places, words = [one + "/" for one in site.places], visits.shown(site)
    return {
        "instead": (VISIT,),
        "at": whole("track_script", workspace, site.key),
        "figures": visits.figures(site.pk, DAYS) if told else None,
        "short": lambda at: next(("/" + at.removeprefix(one) for one in places if at.startswith(one)), at),
        "days": DAYS,
        "latest": [(row, persons.get(row.values["person"])) for row in told.rows] if told else [],
        "words": words,
        "default": all(one.wording is None for one in words.values()),
    }
