"""What we do with and for our contacts."""

from klientel.work.models.call import Call
from klientel.work.models.meeting import Meeting
from klientel.work.models.note import Note
from klientel.work.models.task import Task

__all__ = ["Call", "Meeting", "Note", "Task"]
