"""What can be done with every record without a line of its own."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from klientel.kernel.actions.declaring import action, basic
from klientel.kernel.actions.step import Step
from klientel.kernel.kinds import Link, Links, LongText, Privacy, Text
from klientel.kernel.records import RecordType


@basic("create", _("Create"), new=True, icon="plus")
def create(step: Step, rtype: RecordType, **values: Any) -> Any:
    """Make a record."""
    return step.create(rtype, **values)


@basic("change", _("Edit"), said=_("changed"), icon="pencil")
def change(step: Step, record: Any, **values: Any) -> None:
    """Set fields."""
    step.change(record, **values)


@basic("archive", _("Delete"), said=_("moved to the recycle bin"), icon="trash-2", dangerous=True)
def archive(step: Step, record: Any) -> None:
    """Move to the trash, from where it can be restored."""
    step.archive(record)


@basic("restore", _("Restore"), said=_("restored"), needs="archive", icon="archive-restore", on_archived=True)
def restore(step: Step, record: Any) -> None:
    """Take out of the trash."""
    step.restore(record)


@basic("assign", _("Assign"), said=_("assigned"), icon="user-check")
def assign(step: Step, record: Any, *, owner: Annotated[UUID | None, Link("kernel.member", _("owner"))] = None) -> None:
    """Give to somebody, or to nobody."""
    step.change(record, owner=owner)


@basic("tag", _("Tag"), said=_("tagged"), needs="change", icon="tag")
def tag(step: Step, record: Any, *, tags: Annotated[list[UUID], Links("kernel.tag", _("tags"))]) -> None:
    """Mark with tags, beside those it has."""
    step.change(record, tags=[*record.tags, *tags])


@basic("untag", _("Remove tags"), said=_("removed tags"), needs="change", icon="tag")
def untag(step: Step, record: Any, *, tags: Annotated[list[UUID], Links("kernel.tag", _("tags"))]) -> None:
    """Take tags away."""
    step.change(record, tags=[t for t in record.tags if t not in tags])


@basic("comment", _("Comment"), said=_("commented"), needs="view", icon="message-square")
def comment(
    step: Step,
    record: Any,
    *,
    text: Annotated[str, LongText(_("comment"), max_length=5000, privacy=Privacy.PERSONAL)],
    mentions: Annotated[list[UUID], Links("kernel.member", _("mentions"))] = [],  # noqa: B006  never changed
) -> None:
    """Say something about it, for everybody who may see it."""
    step.create("kernel.comment", about=[record.id], text=text, mentions=mentions, owner=step.actor.member)


@basic("link", _("Link"), said=_("linked"), needs="change", icon="link")
def link(
    step: Step,
    record: Any,
    *,
    kind: Annotated[UUID, Link("kernel.relationkind", _("relation type"))],
    to: Annotated[list[UUID], Links("*", _("other record"))],
    note: Annotated[str, Text(_("note"), privacy=Privacy.PERSONAL)] = "",
) -> None:
    """Say that it belongs together with another record."""
    step.create("kernel.relation", kind=kind, first=[record.id], second=to, note=note)


@action("kernel.warning", _("Acknowledge"), said=_("took note"), icon="check")
def accept(step: Step, warning: Any) -> None:
    """It is right as it is: the warning stays, and says so."""
    step.change(warning, state="accepted")
