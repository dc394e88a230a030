"""History: undo, what was before, and what is done to many records in the background."""

from klientel.kernel.history.judging import Choice, Choices
from klientel.kernel.history.undo import Undone, undo

__all__ = ["Choice", "Choices", "Undone", "undo"]
