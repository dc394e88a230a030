"""What an import is and what became of its rows: kept, so that nothing is ever half imported without a record of it."""

from __future__ import annotations

from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from klientel.kernel.errors import mine, read_out
from klientel.kernel.tenancy.models import Id, TenantModel


class State(models.TextChoices):
    """How far an import is."""

    UPLOADED = "uploaded", _("uploaded")
    CHECKING = "checking", _("being tried out")
    CHECKED = "checked", _("checked")
    RUNNING = "running", _("running")
    CONFLICTS = "conflicts", _("to be decided")
    DONE = "done", _("finished")
    FAILED = "failed", _("failed")
    CANCELLED = "cancelled", _("cancelled")


class ImportRun(TenantModel):
    """One file on its way in. ``cursor``: the last line whose outcome is committed, in the same transaction."""

    id = Id(primary_key=True)
    record_type = models.CharField(max_length=80)
    file = models.CharField(max_length=120)  # key of the stored file, empty once it is gone
    name = models.CharField(max_length=255)  # what the sender called it
    size = models.PositiveBigIntegerField(default=0)
    kind = models.CharField(max_length=8, default="csv")
    encoding = models.CharField(max_length=40, default="")
    delimiter = models.CharField(max_length=8, default="")
    sheet = models.CharField(max_length=200, default="")
    mapping = models.JSONField(default=dict)  # column -> target path
    options = models.JSONField(default=dict)
    state = models.CharField(max_length=10, choices=State.choices, default=State.UPLOADED)
    counts = models.JSONField(default=dict)
    preview = models.JSONField(default=dict)  # what trying it out told: "counts", "made"; "again" while choices change
    staged = models.BooleanField(default=False, db_default=False)  # its rows stand in the staging table
    rows_total = models.PositiveIntegerField(null=True)
    rows_done = models.PositiveIntegerField(default=0)
    cursor = models.PositiveIntegerField(default=0)
    change_set = Id()
    member = models.UUIDField(null=True)  # on whose rights it runs; none is the system's own
    actor_name = models.CharField(max_length=200, default="")
    language = models.CharField(max_length=8, default="")
    reason = models.TextField(default="")  # why it failed: one sentence of each language, as JSON
    created_at = models.DateTimeField(default=timezone.now)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    class Meta(TenantModel.Meta):
        app_label = "kernel"
        indexes = [models.Index("tenant_id", models.F("created_at").desc(), name="importrun_newest")]

    def __str__(self) -> str:
        return self.name

    @property
    def why(self) -> str:
        """Why it failed, in the reader's language; empty where it did not."""
        return read_out(self.reason)


class StagedRow(TenantModel):
    """A row as it would come in: tried out for real, taken back, kept here until the import is carried out.

    ``values`` are what it says, in plain JSON; ``changes`` what it would do, ``{field: [old, new]}``. ``record`` is the
    one it changes or repeats, or the id that the new one will have (``made``).
    """

    id = Id(primary_key=True)
    run = models.UUIDField()
    line = models.PositiveIntegerField()
    state = models.CharField(max_length=10)  # "new" "updated" "unchanged" "duplicate" "error" "conflict"
    title = models.TextField(default="")
    record = models.UUIDField(null=True)
    made = models.BooleanField(default=False)
    values = models.JSONField(default=dict)
    links = models.JSONField(default=dict)  # field -> text that names other records
    related = models.JSONField(default=dict)  # path -> text of what becomes a record beside it, such as a note
    changes = models.JSONField(default=dict)
    faults = models.JSONField(default=list)
    match = models.JSONField(default=dict)  # "score" "reasons" "title" "line" of what it repeats
    decision = models.CharField(max_length=10, default="")  # "update" "create" "skip", where somebody chose
    cells = models.JSONField(default=list)
    corrected = models.BooleanField(default=False)
    keys = ArrayField(models.TextField(), default=list)  # those of a new record by which later rows may repeat it
    follows = ArrayField(models.TextField(), default=list)  # what it would set off beyond its own change
    done = models.BooleanField(default=False)

    class Meta(TenantModel.Meta):
        app_label = "kernel"
        constraints = [models.UniqueConstraint(fields=["tenant_id", "run", "line"], name="staged_line")]
        indexes = [
            models.Index("tenant_id", "run", "state", "line", name="staged_state"),
            models.Index("tenant_id", "record", name="staged_record", condition=models.Q(record__isnull=False)),
            GinIndex(fields=["keys", "run"], name="staged_keys", opclasses=["array_ops", "uuid_ops"], fastupdate=False),
        ]

    def __str__(self) -> str:
        return f"{self.line}: {self.state}"

    @property
    def remarks(self) -> set[str]:
        """The states of what is said of the row."""
        return {fault["state"] for fault in self.faults}

    @property
    def told(self) -> list[dict[str, Any]]:
        """What is said of the row, in the reader's language."""
        return [fault | {"message": mine(fault["message"])} for fault in self.faults]


class ImportRow(TenantModel):
    """A row that was not simply taken over: refused, a duplicate, or taken over with something left out."""

    id = Id(primary_key=True)
    run = models.UUIDField()
    line = models.PositiveIntegerField()
    state = models.CharField(max_length=10)  # "error" "duplicate" "warning" "likely"
    field = models.CharField(max_length=80, default="")
    code = models.CharField(max_length=60)
    details = models.JSONField(default=dict)
    record = models.UUIDField(null=True)  # the record it became, or the one it repeats
    cells = models.JSONField(default=list)

    class Meta(TenantModel.Meta):
        app_label = "kernel"
        indexes = [
            models.Index("tenant_id", "run", "line", "id", name="importrow_line"),
            models.Index("tenant_id", "record", name="importrow_record", condition=models.Q(record__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"{self.line}: {self.code}"

    @property
    def message(self) -> str:
        """What is said of the row, in the reader's language."""
        return mine(self.details.get("message", ""))


class ImportTemplate(TenantModel):
    """A mapping that somebody saved under a name, offered again for files whose columns are called alike."""

    id = Id(primary_key=True)
    record_type = models.CharField(max_length=80)
    name = models.CharField(max_length=80)
    columns = models.JSONField(default=list)
    mapping = models.JSONField(default=dict)  # column -> target path
    options = models.JSONField(default=dict)
    saved_at = models.DateTimeField(default=timezone.now)

    class Meta(TenantModel.Meta):
        app_label = "kernel"
        constraints = [models.UniqueConstraint(fields=["tenant_id", "record_type", "name"], name="importtemplate_once")]

    def __str__(self) -> str:
        return self.name
