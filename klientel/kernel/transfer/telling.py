"""Tell whoever waits for an import that it has ended."""

from __future__ import annotations

import datetime as dt
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from klientel.kernel.events import notices
from klientel.kernel.transfer.models import ImportRun, State

THING = "kernel.importrun"
SHORT = dt.timedelta(seconds=5)  # what takes no longer is waited for

notices.notice("import_finished", _("Your import is finished: %(what)s"), icon="upload", page="import_result")
notices.notice("import_failed", _("Your import could not be finished: %(what)s"), icon="upload", page="import_result")


def _names(ids: set[UUID]) -> dict[UUID, str]:
    return dict(ImportRun.objects.filter(pk__in=ids).values_list("pk", "name"))


notices.named(THING, _names)


def tell(run: ImportRun) -> None:
    """In the transaction that ends the import; nothing where it was so short that its member still looks at it."""
    began, ended = run.started_at or run.created_at, run.finished_at
    if run.member is None or ended is None or ended - began < SHORT:
        return
    kind = "import_finished" if run.state == State.DONE else "import_failed"
    notices.announce(kind, THING, run.pk, to=[run.member])
