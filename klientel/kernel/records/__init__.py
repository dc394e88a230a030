"""Records: the business objects of a tenant, each declared once."""

from klientel.kernel.records.types import (
    Counted,
    RecordType,
    Reverse,
    all_types,
    by_slug,
    custom_fields,
    declare_all,
    provide_custom,
    reverses,
    type_of,
)

__all__ = [
    "Counted",
    "RecordType",
    "Reverse",
    "all_types",
    "by_slug",
    "custom_fields",
    "declare_all",
    "provide_custom",
    "reverses",
    "type_of",
]
