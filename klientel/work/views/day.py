"""The day of a rep on one page: what is to be done, and what would otherwise be forgotten."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from klientel.kernel.records import type_of
from klientel.kernel.web.answers import page
from klientel.kernel.web.sheets import said
from klientel.kernel.web.shell import FURTHER, Further
from klientel.work.actions.call import working_day
from klientel.work.queries import day as queries

FURTHER.append(Further("", _("My day"), "day", "sun", "work.task"))


@page
def day(request: Any) -> HttpResponse:
    """Tasks, calls and meetings of today; then leads, answers, and deals that need a push."""
    scope, today = request.scope, timezone.localdate()
    tasks, more = queries.tasks(scope)
    task = type_of("work.task")
    context = {
        "today": date_format(today, "l, j. F" if (get_language() or "")[:2] == "de" else "l, j F"),
        "tasks": tasks,
        "more": more,
        "late": sum(one.late for one in tasks),
        "dates": [(one, said(one, today)) for one in queries.dates(scope)],
        "blocks": queries.blocks(scope),
        "tomorrow": working_day(1).isoformat(),
        "may_change": scope.may(task, "change"),
        "may_create": scope.may(task, "create"),
        "may_call": scope.may(type_of("work.call"), "create"),
        "task": task,
    }
    return render(request, "work/day.html", context)
