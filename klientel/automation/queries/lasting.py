"""How long the logs of runs that ended are kept: a fact of the workspace."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from klientel.kernel.actions import workspace
from klientel.kernel.kinds import Whole

USUAL_DAYS = 180
workspace.setting(
    Whole(
        _("days that runs of workflows are kept"),
        name="run_days",
        least=30,
        most=3650,
        help_text=_("After so many days the log of a run that ended goes; what it changed stays. Empty: 180."),
    )
)


def days_kept() -> int:
    """In the current tenant."""
    return workspace.value("run_days") or USUAL_DAYS


__all__ = ["days_kept"]
