"""What a workflow asks a person: to say yes or no before it goes on, to fill in some fields of the record, and to
answer questions of its own. What was answered to those stands here."""

from __future__ import annotations

from typing import Any

from django.contrib.postgres.indexes import GinIndex
from django.utils.translation import gettext_lazy as _

from klientel.automation.models import questions
from klientel.kernel.errors import Refused
from klientel.kernel.kinds import Choice, DateTime, Json, Link, Links, LongText, Privacy, Text
from klientel.kernel.records.record import Record


def _sound(request: Any) -> None:
    """What is to be filled in are names of fields, and what is needed is among them; questions are of their shape."""
    lists = [request.asked.get(name, []) for name in ("fields", "needed")]
    named = all(isinstance(some, list) and all(isinstance(n, str) for n in some) for some in lists)
    if not named or set(request.asked) - {"fields", "needed", "questions"} or not set(lists[1]) <= set(lists[0]):
        raise Refused("bad_form", _("This is not a list of fields."), "asked")
    questions.check(request.asked.get("questions", []))


class Request(Record):
    """A question to its owner about a record; the run waits for the answer."""

    question = Text(_("question"), required=True, max_length=300, privacy=Privacy.PERSONAL)
    state = Choice(
        _("state"),
        default="open",
        readonly=True,
        of=(("open", _("open")), ("approved", _("yes")), ("declined", _("no")), ("expired", _("not answered in time"))),
        tones={"open": "info", "approved": "ok", "declined": "bad", "expired": "warn"},
    )
    asked = Json(_("fields to fill in"))  # of what it concerns: {"fields": [name, …], "needed": …, "questions": …}
    answers = Json(_("answers"), readonly=True, privacy=Privacy.PERSONAL)  # by the names of the questions
    note = LongText(_("note"), readonly=True, max_length=2000, privacy=Privacy.PERSONAL)
    due_at = DateTime(_("answer by"))
    answered_by = Link("kernel.member", _("answered by"), readonly=True, reverse=_("answered requests"))
    concerns = Links("*", _("concerns"), reverse=_("requests"))

    class Meta(Record.Meta):
        app_label = "automation"
        indexes = [
            *Record.Meta.indexes,
            GinIndex(fields=["tenant_id", "concerns"], name="request_concerns", opclasses=["uuid_ops", "array_ops"]),
        ]

    class About:
        label, plural, slug, icon = _("request"), _("requests"), "requests", "message-circle-question-mark"
        group = _("Work")
        title = "question"
        columns = ("state", "owner", "due_at", "concerns")
        begins = {"field": "state", "op": "is", "value": "open"}
        concerns = ("concerns",)
        aside = arises = True
        often = ("approve", "decline")
        sections = ((_("Request"), ("question", "state", "owner", "due_at", "concerns", "note", "answered_by")),)
        mergeable = False
        check = staticmethod(_sound)
