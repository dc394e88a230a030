"""Something to be done, by somebody, by a day: the follow-up (Wiedervorlage)."""

from __future__ import annotations

from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.utils.translation import gettext_lazy as _

from klientel.kernel.kinds import Choice, Date, DateTime, Link, Links, LongText, Privacy, Text
from klientel.kernel.records.calendar import Calendar
from klientel.kernel.records.record import Record
from klientel.work.models.repeating import Repeats


class Task(Record):
    """A task with due day, reminder and priority. Its owner does it."""

    subject = Text(_("subject"), required=True, privacy=Privacy.PERSONAL)
    state = Choice(
        _("state"),
        default="open",
        of=(("open", _("open")), ("waiting", _("waiting")), ("done", _("done"))),
        tones={"open": "info", "waiting": "warn", "done": "ok"},
    )
    priority = Choice(
        _("priority"),
        default="normal",
        of=(("high", _("high")), ("normal", _("normal")), ("low", _("low"))),
        tones={"high": "bad", "low": ""},
    )
    due = Date(_("due"))
    remind_at = DateTime(_("reminder"))
    description = LongText(_("description"), privacy=Privacy.PERSONAL, search="C")
    concerns = Links("*", _("concerns"), reverse=_("tasks"))
    done_at = DateTime(_("done at"), readonly=True)
    repeats = Repeats(_("comes again"))
    follows = Link("work.task", _("after"), readonly=True, reverse=_("comes next"))

    class Meta(Record.Meta):
        app_label = "work"
        constraints = [
            models.UniqueConstraint("tenant_id", "follows", name="task_once", condition=~models.Q(follows=None)),
        ]
        indexes = [
            *Record.Meta.indexes,
            GinIndex(fields=["tenant_id", "concerns"], name="task_concerns", opclasses=["uuid_ops", "array_ops"]),
            models.Index("tenant_id", "owner", "due", "id", name="task_open", condition=models.Q(state="open")),
            models.Index("tenant_id", "due", "id", name="task_due", condition=models.Q(archived_at=None)),
            models.Index("tenant_id", "remind_at", name="task_reminder", condition=models.Q(done_at=None)),
        ]

    class About:
        label, plural, slug, icon, group = _("task"), _("tasks"), "tasks", "circle-check", _("Work")
        title = "subject"
        order = "due"
        calendar = Calendar(start="due", over="done_at")
        begins = {"field": "done_at", "op": "empty"}
        columns = ("due", "priority", "state", "concerns", "owner", "remind_at")
        concerns = ("concerns",)
        sections = (
            (_("Task"), ("subject", "due", "repeats", "remind_at", "priority", "state", "owner")),
            (_("About"), ("concerns", "description", "tags")),
        )
