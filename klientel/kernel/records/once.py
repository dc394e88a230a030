"""What there may be only once, with the sentence that says so."""

from __future__ import annotations

from typing import Any

from django.db import models

#: by the name of the constraint: what somebody is told whose record would be the second, and the field it is about
SENTENCES: dict[str, tuple[Any, str | None]] = {}


class Once(models.UniqueConstraint):
    """A unique constraint that people can meet: ``says`` why not (lazily translated), ``at`` which field.

    Neither is part of a migration, where it is a plain unique constraint.
    """

    def __init__(self, *parts: Any, says: Any = None, at: str | None = None, **options: Any) -> None:
        super().__init__(*parts, **options)
        if says is not None:
            SENTENCES[self.name] = says, at

    def deconstruct(self) -> Any:
        """As the migrations know it."""
        _path, args, options = super().deconstruct()
        return "django.db.models.UniqueConstraint", args, options
