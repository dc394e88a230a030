"""Kinds that lead to other records: one, several, a file. Neighbours meet by name only."""

from __future__ import annotations

from typing import Any, ClassVar
from uuid import UUID

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from klientel.kernel.errors import filled
from klientel.kernel.kinds.base import Kind
from klientel.kernel.sql import Sql


class Link(Kind, models.UUIDField):  # type: ignore[misc,type-arg]
    """Another record of the same tenant, by id. ``to`` is the key of its type (``contacts.organisation``).

    The step checks that the record exists and is visible to the actor; the database holds a composite foreign key on
    (tenant, id). Deleting the target empties the link.
    """

    key, widget, cell = "link", "link", "link"
    plain_field = models.UUIDField
    operators: ClassVar[tuple[str, ...]] = ("is", "is_not", "one_of", "none_of", "empty", "not_empty")
    db_type_name = "uuid"
    sortable = False
    many = False

    def __init__(self, to: str, label: Any = "", *, on_erase: str = "empty", **kwargs: Any) -> None:
        self.to = to.lower()
        self.on_erase = on_erase  # "empty", or "with": the record is personal to the target and goes with it
        super().__init__(label, **kwargs)

    def deconstruct(self) -> tuple[str, str, list[Any], dict[str, Any]]:
        found, path, args, kwargs = super().deconstruct()
        return found, path, args, kwargs

    def take(self, value: Any) -> UUID:
        try:
            return value if isinstance(value, UUID) else UUID(str(value)) if isinstance(value, str) else self._wrong()
        except ValueError:
            return self._wrong()

    def _wrong(self) -> UUID:
        raise self.refuse("not_a_record", _("There is no such record."))

    def plain(self, value: Any) -> Any:
        return None if value is None else str(value)

    def schema(self) -> dict[str, Any]:
        return {"type": ["string", "null"], "format": "uuid"}

    def sample(self, n: int) -> Any:
        return None


class Links(Kind, ArrayField):  # type: ignore[misc,type-arg]
    """Several other records of the same tenant, of one type or of any (``to="*"``), in order, without repetition."""

    key, widget, cell = "links", "links", "links"
    plain_field = ArrayField
    operators = ("contains_one", "contains_all", "contains_none", "empty", "not_empty")
    empty: ClassVar[Any] = []
    db_type_name = "jsonb"
    sortable = False
    many = True
    most = 500

    def __init__(self, to: str, label: Any = "", *, on_erase: str = "remove", **kwargs: Any) -> None:
        self.to = to.lower()
        self.on_erase = on_erase
        kwargs.setdefault("base_field", models.UUIDField())
        super().__init__(label, **kwargs)

    def take(self, value: Any) -> list[UUID]:
        if isinstance(value, str | UUID):
            value = [value]
        if not isinstance(value, list | tuple) or len(value) > self.most:
            raise self.refuse("not_records", filled(_("Please choose at most %(n)d records."), {"n": self.most}))
        try:
            ids = [v if isinstance(v, UUID) else UUID(v) for v in value]
        except (ValueError, TypeError, AttributeError):
            raise self.refuse("not_a_record", _("There is no such record.")) from None
        return list(dict.fromkeys(ids))

    def read(self, text: str) -> Any:
        return self.accept([part.strip() for part in text.replace(";", ",").split(",") if part.strip()])

    def write(self, value: Any) -> str:
        return ", ".join(str(v) for v in value or [])

    def plain(self, value: Any) -> Any:
        return [str(v) for v in value or []]

    def from_database(self, value: Any) -> Any:
        if self.custom and value:
            return [UUID(v) for v in value]
        return value or []

    def schema(self) -> dict[str, Any]:
        return {"type": "array", "items": {"type": "string", "format": "uuid"}, "maxItems": self.most}

    def sample(self, n: int) -> list[Any]:
        return []

    def sql(self, alias: str) -> Sql:
        if self.custom:
            return Sql(f"({alias}.extra->%s)", (self.name,))
        return super().sql(alias)


class File(Link):
    """An uploaded file, by the id of its ``kernel.file`` record."""

    key, widget, cell = "file", "file", "file"
    operators = ("empty", "not_empty")

    def __init__(self, label: Any = "", **kwargs: Any) -> None:
        super().__init__("kernel.file", label, **kwargs)
