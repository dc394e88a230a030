"""What workflows do by themselves."""

from klientel.automation.jobs import reacting, timing

__all__ = ["reacting", "timing"]
