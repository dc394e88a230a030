"""History: undo and what was before."""

from klientel.kernel.history.undo import Undone, undo

__all__ = ["Undone", "undo"]
