"""A run: one version of a workflow at work on one record, because of one event; and what it did, step by step.

Its id is the change set of everything it writes, so an event leads to its run, and a whole run can be undone. Nothing
here repeats what records say: what a run saw and changed is read from events and the past, under the reader's rights.
"""

from __future__ import annotations

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from klientel.kernel.tenancy.models import Id, TenantModel


class State(models.TextChoices):
    """What becomes of a run. ``open``: it has something to do, now or at ``due_at``."""

    OPEN = "open", _("running")
    HELD = "held", _("paused")
    DONE = "done", _("finished")
    ATTENTION = "attention", _("needs attention")
    STOPPED = "stopped", _("stopped by the loop guard")
    LAPSED = "lapsed", _("lapsed")


class Run(TenantModel):
    """``key`` says what started it: the event's id, or one made of the day or instant; it starts once by each."""

    on_erase = "delete"
    id = Id(primary_key=True)
    workflow = models.UUIDField()
    version = models.UUIDField()
    key = models.UUIDField()
    record_type = models.CharField(max_length=80)
    record = models.UUIDField()
    event = models.UUIDField(null=True)
    depth = models.PositiveSmallIntegerField(default=0)
    path = models.JSONField(default=list)  # the workflows whose runs led here, first to last
    state = models.CharField(max_length=10, choices=State.choices, default=State.OPEN)
    waits = models.CharField(max_length=10, default="")  # "time" "await" "ask" "again"; empty: nothing
    place = models.JSONField(default=list)  # where it is: numbers of steps and names of lists, in turn
    counts = models.JSONField(default=dict)  # how often each repeated part was begun
    steps = models.PositiveIntegerField(default=0)  # steps done
    due_at = models.DateTimeField(default=timezone.now)
    deadline = models.DateTimeField(null=True)  # of a wait for something that may not come
    since = models.DateTimeField(null=True)  # when the wait began
    wait_record = models.UUIDField(null=True)  # what happens to this record is looked at at once
    tries = models.PositiveSmallIntegerField(default=0)
    trouble = models.CharField(max_length=60, default="")  # a code
    message = models.TextField(default="")
    checks = models.JSONField(default=list)  # which parts of the condition held
    started_at = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True)  # empty again once its log has gone

    class Meta(TenantModel.Meta):
        app_label = "automation"
        constraints = [
            models.UniqueConstraint(fields=["tenant_id", "version", "key", "record"], name="run_once"),
        ]
        indexes = [
            models.Index("tenant_id", "due_at", "id", name="run_due", condition=models.Q(state="open")),
            models.Index(
                "tenant_id",
                "wait_record",
                name="run_waits",
                condition=models.Q(state="open", wait_record__isnull=False),
            ),
            models.Index("tenant_id", "record", "workflow", name="run_record"),
            models.Index("tenant_id", "workflow", models.F("id").desc(), name="run_newest"),
            models.Index("tenant_id", "ended_at", name="run_ended", condition=models.Q(ended_at__isnull=False)),
            models.Index("tenant_id", "state", "id", name="run_trouble", condition=models.Q(state="attention")),
        ]

    def __str__(self) -> str:
        return f"{self.workflow} {self.record}"


class Entry(TenantModel):
    """One step that a run did; with its number the checkpoint: written in the transaction that did it."""

    on_erase = "delete"
    id = Id(primary_key=True)
    run = models.UUIDField()
    n = models.PositiveIntegerField()
    place = models.JSONField(default=list)
    does = models.CharField(max_length=20)
    told = models.JSONField(default=dict)  # ids of events, results of conditions, instants: no values of records
    at = models.DateTimeField(default=timezone.now)

    class Meta(TenantModel.Meta):
        app_label = "automation"
        constraints = [models.UniqueConstraint(fields=["tenant_id", "run", "n"], name="entry_once")]

    def __str__(self) -> str:
        return f"{self.run} {self.n}"
