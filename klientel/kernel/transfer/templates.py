"""Mappings that somebody saved: offered again for files whose columns are called alike."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from klientel.kernel import writing
from klientel.kernel.access.granting import ActorScope
from klientel.kernel.errors import Missing, Refused
from klientel.kernel.records import type_of
from klientel.kernel.tenancy import current
from klientel.kernel.transfer import mapping as mappings
from klientel.kernel.transfer import running
from klientel.kernel.transfer.models import ImportRun, ImportTemplate
from klientel.lib.words import fold

_ALIKE = 0.5  # share of columns in common from which a saved mapping is offered
_KEPT_OPTIONS = ("on_duplicate", "update", "strict", "create_links", "mute", "keys", "date_order")
_MOST = 200


def save(run: ImportRun, name: str) -> ImportTemplate:
    """Keep the mapping and the choices of an import under a name; one of that name is replaced."""
    name = " ".join(name.split())[:80]
    if not name:
        raise Refused("required", _("Please give the template a name."), "template_name")
    with transaction.atomic(), writing.door():
        columns = [c for c in running.open_file(run).columns if c not in (mappings.LINE, mappings.PROBLEM)]
        if ImportTemplate.objects.count() >= _MOST:
            raise Refused("too_many", _("There are too many templates."), "template_name")
        options = {k: v for k, v in run.options.items() if k in _KEPT_OPTIONS}
        known = {"mapping": run.mapping, "columns": columns, "options": options, "saved_at": timezone.now()}
        found: ImportTemplate = ImportTemplate.objects.update_or_create(
            tenant_id=current(), record_type=run.record_type, name=name, defaults=known
        )[0]
    return found


def fitting(run: ImportRun, columns: Sequence[str]) -> list[ImportTemplate]:
    """Saved mappings for files of this type whose columns are called alike, the likest first."""
    own = {fold(c) for c in columns}
    found = []
    for one in ImportTemplate.objects.filter(record_type=run.record_type).order_by("-saved_at")[:_MOST]:
        theirs = {fold(c) for c in one.columns}
        share = len(own & theirs) / max(1, len(own | theirs))
        if share >= _ALIKE:
            found.append((share, one))
    return [one for _share, one in sorted(found, key=lambda pair: -pair[0])][:5]


def apply(run: ImportRun, template_id: object) -> tuple[dict[str, str], dict[str, object]]:
    """The mapping and options of a template for the columns of this file, as far as they may still be set."""
    with transaction.atomic():
        one = ImportTemplate.objects.filter(pk=template_id, record_type=run.record_type).first()
        if one is None:
            raise Missing("no_such_template", _("There is no such template."))
        rtype, scope = type_of(run.record_type), ActorScope(running.actor_of_run(run))
        columns = running.open_file(run).columns
        paths = {fold(column): path for column, path in one.mapping.items()}
        chosen: dict[str, str] = {}
        for column in columns:
            path = paths.get(fold(column), "")
            try:
                chosen |= mappings.one_checked(scope, rtype, column, path)
            except Refused:
                continue
        options = {k: v for k, v in one.options.items() if k in _KEPT_OPTIONS}
        options["keys"] = [k for k in one.options.get("keys", ()) if k in scope.writable(rtype)]
        return chosen, options


def forget(run: ImportRun, template_id: object) -> None:
    """Remove a saved mapping."""
    with transaction.atomic(), writing.door():
        ImportTemplate.objects.filter(pk=template_id, record_type=run.record_type).delete()
