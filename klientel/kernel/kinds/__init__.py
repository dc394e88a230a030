"""Kinds of field, one class each. From a record's kinds come list, form, filter, import, export, API and erasure."""

from klientel.kernel.kinds.base import Kind, Privacy, at_home_in, looking_at, today, zone
from klientel.kernel.kinds.choice import Choice, Choices, Country, Language, YesNo
from klientel.kernel.kinds.entries import PURPOSES, STATES, Addresses, Emails, Entries, Json, Options, Phones
from klientel.kernel.kinds.link import File, Link, Links
from klientel.kernel.kinds.number import NUMBERS, Decimal, Money, Whole, as_typed
from klientel.kernel.kinds.text import Email, LongText, Phone, RichText, Sentence, Text, Url
from klientel.kernel.kinds.time import Date, DateTime

#: every kind a declaration or a custom field may name, by key
KINDS: dict[str, type[Kind]] = {
    k.key: k
    for k in (
        Text,
        LongText,
        RichText,
        Email,
        Phone,
        Url,
        Choice,
        Choices,
        Whole,
        Decimal,
        Money,
        Date,
        DateTime,
        YesNo,
        Link,
        Links,
        File,
        Country,
        Language,
        Emails,
        Phones,
        Addresses,
        Json,
    )
}

__all__ = [
    "KINDS",
    "NUMBERS",
    "PURPOSES",
    "STATES",
    "Addresses",
    "Choice",
    "Choices",
    "Country",
    "Date",
    "DateTime",
    "Decimal",
    "Email",
    "Emails",
    "Entries",
    "File",
    "Json",
    "Kind",
    "Language",
    "Link",
    "Links",
    "LongText",
    "Money",
    "Options",
    "Phone",
    "Phones",
    "Privacy",
    "RichText",
    "Sentence",
    "Text",
    "Url",
    "Whole",
    "YesNo",
    "as_typed",
    "at_home_in",
    "looking_at",
    "today",
    "zone",
]
