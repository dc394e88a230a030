"""What workflows do by themselves."""

from klientel.automation.jobs import forgetting, reacting, timing

__all__ = ["forgetting", "reacting", "timing"]
