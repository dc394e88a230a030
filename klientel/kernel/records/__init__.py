"""Records: the business objects of a tenant, each declared once."""

from klientel.kernel.records.types import (
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
