"""Duplicates: features by which records are compared, keys under which twins meet, weights of evidence."""

from klientel.lib.matching.commonness import ENOUGH, SHIPPED, Commonness
from klientel.lib.matching.evidence import USUAL, Evidence, codes, prior, probability, summed
from klientel.lib.matching.features import (
    Day,
    Domains,
    Emails,
    Feature,
    FirmName,
    Matching,
    Number,
    PersonName,
    Phones,
    Places,
    Profile,
    Same,
)

__all__ = [
    "ENOUGH",
    "SHIPPED",
    "USUAL",
    "Commonness",
    "Day",
    "Domains",
    "Emails",
    "Evidence",
    "Feature",
    "FirmName",
    "Matching",
    "Number",
    "PersonName",
    "Phones",
    "Places",
    "Profile",
    "Same",
    "codes",
    "prior",
    "probability",
    "summed",
]
