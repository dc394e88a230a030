"""Duplicates: keys under which likely twins meet, and scores that say how likely they are.

Blocking keys carry a prefix: `e:` mail address, `p:` phone number, `n:` sound of the name, `d:` web or mail domain,
`v:` VAT id, `o:` folded name of an organisation. Scores add weights of evidence (log-odds after Fellegi and Sunter, A
Theory for Record Linkage, JASA 64, 1969) and turn the sum into a number from 0 to 1.
"""

import math
from collections.abc import Callable, Iterable, Mapping

from rapidfuzz.distance import DamerauLevenshtein, JaroWinkler
from rapidfuzz.fuzz import token_set_ratio, token_sort_ratio

from klientel.lib.emails import company_domain, email_key
from klientel.lib.legal_forms import core_name, legal_form
from klientel.lib.urls import domain_of
from klientel.lib.words import fold, koelner

_PRIOR = -5.0
_KEYS_PER_PERSON = 24


def match_keys_person(
    *,
    first_name: str = "",
    last_name: str = "",
    emails: Iterable[str] = (),
    phones: Iterable[str] = (),
    birthday: str = "",
) -> list[str]:
    """The blocking keys of a person; phones are given in E.164, the birthday in ISO.

    Names meet by sound of the last name and initial, by the sounds of both names in either order, by each half of a
    double name, and, where a birthday is known, by the day with the sound of the first name alone (a new last name, a
    mistyped one).
    """
    keys = [f"e:{email_key(mail)}" for mail in emails if "@" in mail]
    keys += [f"p:{_bare_phone(phone)}" for phone in phones if phone]
    given, family = fold(first_name), fold(last_name)
    sound = koelner(family)
    if sound:
        initial = given[:1]
        parts = [koelner(part) for part in family.split() if len(part) > 2]
        keys += [f"n:{one}.{initial}" for one in dict.fromkeys((sound, *(parts if len(parts) > 1 else ())))]
        if given:
            keys.append("n:" + "+".join(sorted((koelner(given.split()[0]), sound))))
    if birthday and given:
        keys.append(f"n:{koelner(given.split()[0])}@{birthday}")
    return list(dict.fromkeys(keys))[:_KEYS_PER_PERSON]


def match_keys_organisation(
    *,
    name: str = "",
    emails: Iterable[str] = (),
    phones: Iterable[str] = (),
    urls: Iterable[str] = (),
    vat_id: str = "",
) -> list[str]:
    """The blocking keys of an organisation; mail domains of free providers do not count."""
    keys = [f"v:{vat_id}"] if vat_id else []
    mails = [mail for mail in emails if "@" in mail]
    keys += [f"e:{email_key(mail)}" for mail in mails]
    domains = [*(domain_of(url) for url in urls if url), *(company_domain(mail) for mail in mails)]
    keys += [f"d:{domain}" for domain in domains if domain]
    keys += [f"p:{_bare_phone(phone)}" for phone in phones if phone]
    core = core_name(name) if name else ""
    if core:
        keys.append(f"o:{core.replace(' ', '')}")
        words = [word for word in core.split() if len(word) > 2] or core.split()
        if sound := koelner("".join(words[:2])):
            keys.append(f"n:{sound}")
    return list(dict.fromkeys(keys))[:_KEYS_PER_PERSON]


def _bare_phone(phone: str) -> str:
    return phone.partition(";")[0]


def score_person(a: Mapping[str, object], b: Mapping[str, object]) -> tuple[float, list[str]]:
    """How likely two persons are one, 0 to 1, with reasons.

    Keys read: first_name, last_name, organisation, birthday, postcode, city, street (text); emails, phones (lists).
    Reasons: email, phone, name, similar_name, swapped_name, same_organisation, birthday, address and against_… for what
    speaks against.
    """
    reasons: list[str] = []
    weight = _PRIOR + _person_names(a, b, reasons)
    weight += _shared(a, b, "emails", "email", email_key, 6.5, reasons)
    weight += _shared(a, b, "phones", "phone", _bare_phone, 3.5, reasons)
    weight += _birthdays(_text(a, "birthday"), _text(b, "birthday"), reasons)
    weight += _places(a, b, reasons)
    left, right = _text(a, "organisation"), _text(b, "organisation")
    if left and right and token_set_ratio(core_name(left), core_name(right)) >= 90:
        reasons.append("same_organisation")
        weight += 2.0
    return _probability(weight), reasons


def score_organisation(a: Mapping[str, object], b: Mapping[str, object]) -> tuple[float, list[str]]:
    """How likely two organisations are one, 0 to 1, with reasons.

    Keys read: name, vat_id, postcode, city, street (text); emails, phones, urls (lists). Reasons: vat_id, name,
    similar_name, legal_form (differs), domain, email, phone, address and against_… for what speaks against.
    """
    reasons: list[str] = []
    weight = _PRIOR + _vat_ids(_text(a, "vat_id"), _text(b, "vat_id"), reasons)
    weight += _organisation_names(_text(a, "name"), _text(b, "name"), reasons)
    weight += _shared(a, b, "emails", "email", email_key, 3.5, reasons)
    weight += _shared(a, b, "phones", "phone", _bare_phone, 3.5, reasons)
    if _domains(a) & _domains(b):
        reasons.append("domain")
        weight += 3.0
    return _probability(weight + _places(a, b, reasons)), reasons


def _probability(weight: float) -> float:
    return round(1 / (1 + math.exp(-weight)), 4)


def _text(record: Mapping[str, object], key: str) -> str:
    value = record.get(key)
    return "" if value is None else str(value).strip()


def _texts(record: Mapping[str, object], key: str) -> list[str]:
    value = record.get(key) or ()
    if isinstance(value, str):
        return [value]
    return [str(one) for one in value if one] if isinstance(value, Iterable) else []


def _alike(left: str, right: str) -> float:
    """Likeness of two folded names: equal 1, initial or part of the other 0.9, else by letters, lifted where they
    sound alike.
    """
    if left == right:
        return 1.0
    if not left or not right:
        return 0.0
    short, long = sorted((left, right), key=len)
    if (len(short) == 1 and long.startswith(short)) or short in long.split():
        return 0.9
    likeness = JaroWinkler.similarity(left, right)
    if koelner(left.replace(" ", "")) == koelner(right.replace(" ", "")) and likeness > 0.7:
        likeness = max(likeness, 0.94)
    return likeness


def _person_names(a: Mapping[str, object], b: Mapping[str, object], reasons: list[str]) -> float:
    given_a, family_a = fold(_text(a, "first_name")), fold(_text(a, "last_name"))
    given_b, family_b = fold(_text(b, "first_name")), fold(_text(b, "last_name"))
    family, given = _alike(family_a, family_b), _alike(given_a, given_b)
    swapped = min(_alike(given_a, family_b), _alike(family_a, given_b))
    if given_a and given_b and swapped > 0.93 and swapped > min(family, given):
        reasons.append("swapped_name")
        return 5.0
    weight = _graded(family, 3.5) if family_a and family_b else 0.0
    weight += _graded(given, 2.5) if given_a and given_b else -0.5
    if family == 1.0 and given == 1.0 and given_a:
        reasons.append("name")
    elif family > 0.85 and (given > 0.85 or not given_a or not given_b):
        reasons.append("similar_name")
    elif family_a and family_b and given_a and given_b and (family < 0.7 or given < 0.7):
        reasons.append("against_name")
    return weight


def _graded(likeness: float, full: float) -> float:
    if likeness >= 0.999:
        return full
    if likeness >= 0.9:
        return full * 0.75
    return full * 0.3 if likeness >= 0.83 else -full * (0.4 if likeness >= 0.7 else 0.9)


def _shared(
    a: Mapping[str, object],
    b: Mapping[str, object],
    key: str,
    reason: str,
    spelt: Callable[[str], str],
    weight: float,
    reasons: list[str],
) -> float:
    left, right = {spelt(one) for one in _texts(a, key)}, {spelt(one) for one in _texts(b, key)}
    if left & right:
        reasons.append(reason)
        return weight
    return 0.0


def _birthdays(left: str, right: str, reasons: list[str]) -> float:
    if not left or not right:
        return 0.0
    if left == right:
        reasons.append("birthday")
        return 4.0
    if DamerauLevenshtein.distance(left, right) == 1 or sorted(left) == sorted(right):
        return 1.5
    reasons.append("against_birthday")
    return -3.5


def _places(a: Mapping[str, object], b: Mapping[str, object], reasons: list[str]) -> float:
    streets = fold(_text(a, "street")), fold(_text(b, "street"))
    same_town = _same(a, b, "postcode") or _same(a, b, "city")
    if all(streets) and token_sort_ratio(_short_street(streets[0]), _short_street(streets[1])) >= 88:
        reasons.append("address")
        return 3.0 if same_town is not False else 1.5
    if same_town:
        return 1.0
    return -0.3 if same_town is False else 0.0


def _short_street(street: str) -> str:
    return street.replace("strasse", "str").replace("platz", "pl")


def _same(a: Mapping[str, object], b: Mapping[str, object], key: str) -> bool | None:
    left, right = fold(_text(a, key)), fold(_text(b, key))
    return left == right if left and right else None


def _vat_ids(left: str, right: str, reasons: list[str]) -> float:
    if not left or not right:
        return 0.0
    if left == right:
        reasons.append("vat_id")
        return 9.0
    reasons.append("against_vat_id")
    return -4.0


def _organisation_names(left: str, right: str, reasons: list[str]) -> float:
    if not left or not right:
        return 0.0
    core_a, core_b = core_name(left), core_name(right)
    form_a, form_b = legal_form(left)[1], legal_form(right)[1]
    differs = bool(form_a and form_b and form_a != form_b)
    if differs:
        reasons.append("legal_form")
    penalty = 1.5 if differs else 0.0
    if core_a.replace(" ", "") == core_b.replace(" ", ""):
        reasons.append("name")
        return 6.0 - penalty
    likeness = max(token_sort_ratio(core_a, core_b) / 100, JaroWinkler.similarity(core_a, core_b) - 0.04)
    if likeness >= 0.9 and not _numbers(core_a) ^ _numbers(core_b):
        reasons.append("similar_name")
        return 5.0 - penalty
    if token_set_ratio(core_a, core_b) == 100 and min(len(core_a), len(core_b)) > 4:
        reasons.append("similar_name")
        return 2.5 - penalty
    if likeness >= 0.8:
        return 1.0 - penalty
    reasons.append("against_name")
    return -2.0


def _numbers(text: str) -> frozenset[str]:
    return frozenset(word for word in text.split() if word.isdigit())


def _domains(record: Mapping[str, object]) -> set[str]:
    found = {domain_of(url) for url in _texts(record, "urls")} | {
        company_domain(mail) for mail in _texts(record, "emails")
    }
    return found - {""}
