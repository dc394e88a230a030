"""Ways to reach somebody, days and numbers compared: mail, phone, web domain, birthday, identifying numbers."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from functools import lru_cache

from rapidfuzz.distance import DamerauLevenshtein, JaroWinkler

from klientel.lib.emails import company_domain, email_key
from klientel.lib.matching.evidence import Evidence
from klientel.lib.matching.spelling import digits_of
from klientel.lib.urls import domain_of
from klientel.lib.words import fold

_OFFICES = frozenset(
    [
        "info",
        "kontakt",
        "contact",
        "mail",
        "email",
        "post",
        "office",
        "buero",
        "hello",
        "hallo",
        "service",
        "support",
        "verwaltung",
        "zentrale",
        "sekretariat",
        "empfang",
        "sales",
        "vertrieb",
        "einkauf",
        "buchhaltung",
        "rechnung",
        "bewerbung",
        "jobs",
        "personal",
        "team",
        "admin",
        "webmaster",
        "firma",
        "kundenservice",
        "anfrage",
        "noreply",
        "no-reply",
    ]
)
_SEARCHED = 40
_SLIPS = 4  # of the keys at most, between two addresses that are perhaps one


def read_emails(texts: Iterable[str]) -> frozenset[str]:
    """Mail addresses spelt one way."""
    return frozenset([email_key(text) for text in texts if text and "@" in text])


def read_phones(texts: Iterable[str]) -> frozenset[str]:
    """Numbers in E.164 without extension."""
    return frozenset([text.partition(";")[0] for text in texts if text])


def read_domains(urls: Iterable[str], emails: Iterable[str]) -> frozenset[str]:
    """Web and mail domains; those of free mail providers say nothing."""
    found = {domain_of(url) for url in urls if url} | {company_domain(mail) for mail in emails if "@" in mail}
    return frozenset(found - {""})


def is_office(email: str) -> bool:
    """Whether an address is that of an office and not of one person."""
    return email.partition("@")[0].replace(".", "").replace("ü", "ue") in _OFFICES


_VOWELS = str.maketrans("", "", "aeiouyhäöü0123456789.-_+")


def email_sounds(emails: frozenset[str]) -> list[str]:
    """Keys by the consonants of what stands before the @: a slip of the keys or another provider mostly keeps them."""
    found = []
    for one in sorted(emails):
        local = one.partition("@")[0]
        if len(sound := local.translate(_VOWELS)) > 2 and local.replace(".", "") not in _OFFICES:
            found.append(f"m:{sound}")
    return found


def compare_emails(left: frozenset[str], right: frozenset[str], *, person: bool) -> Evidence | None:
    """Equal addresses nearly prove it; one with a typo speaks for it; different ones hardly against it."""
    if not left or not right:
        return None
    if shared := left & right:
        office = all(is_office(one) for one in shared)
        if person:
            return Evidence("email", "same_office_email", 4.0) if office else Evidence("email", "same_email", 15.0)
        return Evidence("email", "same_email", 11.0)
    if len(left) * len(right) <= _SEARCHED:
        for one in left:
            for two in right:
                if bits := _mail_typo(one, two):
                    return Evidence("email", "similar_email", bits)
    return Evidence("email", "other_email", -1.0)


def _mail_typo(one: str, two: str) -> float:
    """Bits for two addresses that differ by a slip of the keys, or have the same name at two providers."""
    local_a, _at, domain_a = one.partition("@")
    local_b, _at, domain_b = two.partition("@")
    if local_a != local_b and DamerauLevenshtein.distance(one, two, score_cutoff=_SLIPS) > _SLIPS:
        return 0.0
    if len(local_a) < 4 or len(local_b) < 4 or is_office(one) or is_office(two):
        return 0.0
    if digits_of(local_a) != digits_of(local_b):
        return 0.0
    if domain_a == domain_b:
        distance = DamerauLevenshtein.distance(local_a, local_b, score_cutoff=2)
        return 9.0 if distance == 1 and len(local_a) > 5 else 7.0 if distance <= 2 and len(local_a) > 7 else 0.0
    if local_a == local_b:
        return 10.0 if JaroWinkler.similarity(domain_a, domain_b) > 0.85 else 6.0
    return 8.0 if len(one) > 12 else 0.0


def beyond_name(left: frozenset[str], right: frozenset[str], family: tuple[str, ...]) -> float:
    """Bits of similar addresses of two who bear one last name: what stands before the @ often is the name itself.

    Then the same words at another provider repeat what the name said already; a slip in the domain still tells.
    """
    bits = 0.0
    for one in left:
        for two in right:
            local_a, _at, domain_a = one.partition("@")
            local_b, _at, domain_b = two.partition("@")
            if domain_a != domain_b and _made_of(local_a, family) and _made_of(local_b, family):
                near = local_a == local_b and JaroWinkler.similarity(domain_a, domain_b) > 0.85
                bits = max(bits, 5.0 if near else 0.0)
            else:
                bits = max(bits, _mail_typo(one, two))
    return bits


def _made_of(local: str, family: tuple[str, ...]) -> bool:
    plain = fold(local).replace(" ", "")
    return any(len(word) > 2 and word in plain for word in family)


def compare_phones(left: frozenset[str], right: frozenset[str], *, person: bool) -> Evidence | None:
    """Equal numbers; households and switchboards share them."""
    if not left or not right:
        return None
    if left & right:
        return Evidence("phone", "same_phone", 9.0 if person else 10.0)
    if len(left) * len(right) <= _SEARCHED and any(_swapped_digits(a, b) for a in left for b in right):
        return Evidence("phone", "similar_phone", 4.0)
    return Evidence("phone", "other_phone", -1.0)


def _swapped_digits(one: str, two: str) -> bool:
    """Two digits changed places; one that differs is as likely the next extension of the same firm."""
    if len(one) < 9 or len(one) != len(two):
        return False
    return DamerauLevenshtein.distance(one, two, score_cutoff=1) == 1 and sorted(one) == sorted(two)


def compare_domains(left: frozenset[str], right: frozenset[str], *, person: bool) -> Evidence | None:
    """The same web or company mail domain: colleagues share it, and so do sister firms."""
    if left & right:
        return Evidence("domain", "same_domain", 3.0 if person else 9.0)
    return Evidence("domain", "other_domain", -1.5) if left and right and not person else None


@lru_cache(maxsize=8192)
def compare_days(left: str, right: str) -> Evidence | None:
    """Birthdays (ISO): equal; one digit wrong or two swapped; day and month changed over; otherwise different."""
    if not left or not right:
        return None
    if left == right:
        return Evidence("birthday", "same_birthday", 8.0 if left.endswith("-01-01") else 13.5)
    if left[:4] == right[:4] and left[5:7] == right[8:] and left[8:] == right[5:7]:
        return Evidence("birthday", "similar_birthday", 8.0)
    wrong = sum(a != b for a, b in zip(left, right, strict=False)) + abs(len(left) - len(right))
    if wrong == 1 or (wrong == 2 and _swapped(left, right)):
        return Evidence("birthday", "similar_birthday", 4.0)
    parts = sum(a == b for a, b in zip(left.split("-"), right.split("-"), strict=False))
    if wrong == 2 or parts == 2:
        return Evidence("birthday", "similar_birthday", 1.0 if _near_days(left, right) else 0.0)
    return Evidence("birthday", "other_birthday", -4.0 if wrong == 3 else -7.0)


def _swapped(left: str, right: str) -> bool:
    places = [n for n, (a, b) in enumerate(zip(left, right, strict=False)) if a != b]
    return len(left) == len(right) and left[places[0]] == right[places[1]] and left[places[1]] == right[places[0]]


def _near_days(left: str, right: str) -> bool:
    try:
        return abs((dt.date.fromisoformat(left) - dt.date.fromisoformat(right)).days) <= 31
    except ValueError:
        return False


def compare_numbers(left: frozenset[str], right: frozenset[str], feature: str) -> Evidence | None:
    """Identifying numbers (VAT ID, customer number): equal proves it, different speaks strongly against it."""
    if not left or not right:
        return None
    if left & right:
        return Evidence(feature, "same_number", 24.0)
    if any(len(a) > 5 and DamerauLevenshtein.distance(a, b, score_cutoff=1) == 1 for a in left for b in right):
        return Evidence(feature, "similar_number", 0.0)
    return Evidence(feature, "other_number", -9.0)
