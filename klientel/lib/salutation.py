"""The first line of a letter, in German and English.

Rules: of several academic titles only the highest is addressed; Doktor is abbreviated, Professor is written out and has
a feminine form; diplomas and master's degrees stay out of the salutation in Germany and Switzerland but are used in
Austria (Duden, Briefe und E-Mails gut und richtig schreiben; DIN 5008:2020 with its practice guides; BMI, Ratgeber für
Anschriften und Anreden). Nobility is part of the last name. Where the sex is unknown or neither, the full name stands
without Herr or Frau.
"""

import re

from klientel.lib.names import salutation_key

_PROFESSOR = re.compile(r"\bprof(?:\.|essor(?:in)?)?(?:\b|$)", re.IGNORECASE)
_DOCTOR = re.compile(r"\b(?:dr|dres|doktor|doctor|ph\.?d)\b", re.IGNORECASE)
_AUSTRIAN = re.compile(r"\bmag(?:\.|ister|istra)?(?:\s*\(FH\))?\b|\bdipl\.?-?\s?ing\.?|\bDI\b|\bing\.", re.IGNORECASE)


def letter_salutation(
    *,
    last_name: str,
    first_name: str = "",
    salutation: str = "",
    title: str = "",
    language: str = "de",
    country: str = "",
    informal: bool = False,
) -> str:
    """ "Sehr geehrter Herr Dr.

    von Müller", "Dear Ms Miller", or "Guten Tag Kim Muster" where nothing says Herr or Frau.

    `salutation` is a key ("mr", "ms", "mx", "family", "") or a word such as "Frau"; `language` "de…" speaks German, all
    else English; `country` "AT" keeps the Austrian degrees. Without comma; a name that lacks its last name is greeted
    neutrally.
    """
    key = salutation_key(salutation)
    last, first = " ".join(last_name.split()), " ".join(first_name.split())
    german = language.lower().startswith("de")
    if informal and first:
        return f"Hallo {first}" if german else f"Hello {first}"
    if german:
        return _german(key, title=title, first=first, last=last, country=country)
    return _english(key, title=title, first=first, last=last)


def _german(key: str, *, title: str, first: str, last: str, country: str) -> str:
    if key == "family" and last:
        return f"Sehr geehrte Familie {last}"
    if key in ("mr", "ms") and last:
        beginning = "Sehr geehrter Herr" if key == "mr" else "Sehr geehrte Frau"
        return _joined(beginning, _german_title(title, feminine=key == "ms", country=country), last)
    spoken = "Prof." if _PROFESSOR.search(title) else _german_title(title, feminine=False, country=country)
    return _joined("Guten Tag", spoken if last else "", first, last)


def _english(key: str, *, title: str, first: str, last: str) -> str:
    if key == "family" and last:
        return f"Dear {last} family"
    spoken = "Professor" if _PROFESSOR.search(title) else "Dr" if _DOCTOR.search(title) else ""
    if key in ("mr", "ms") and last:
        return _joined("Dear", spoken or {"mr": "Mr", "ms": "Ms"}[key], last)
    if key == "mx" and last and not first:
        return _joined("Dear", spoken or "Mx", last)
    return _joined("Dear", spoken if last else "", first, last) if first or last else "Hello"


def _german_title(title: str, *, feminine: bool, country: str) -> str:
    if _PROFESSOR.search(title):
        return "Professorin" if feminine else "Professor"
    if _DOCTOR.search(title):
        return "Dr."
    austrian = _AUSTRIAN.search(title) if country.upper() == "AT" else None
    if not austrian:
        return ""
    found = austrian.group(0).strip()
    if found.lower().startswith("mag"):
        return ("Mag.ª" if "ª" in title else "Mag.") + (" (FH)" if "(FH)" in title.upper() else "")
    return "Dipl.-Ing." if found.lower().startswith("di") else "Ing."


def _joined(*parts: str) -> str:
    return " ".join(part for part in parts if part)


def address_lines_name(
    *, salutation: str = "", title: str = "", first_name: str = "", last_name: str = "", language: str = "de"
) -> str:
    """The line with the name in an address window: "Herrn Prof. Dr. Hans von Müller" (DIN 5008: accusative), "Ms
    Ann Miller".
    """
    key = salutation_key(salutation)
    german = language.lower().startswith("de")
    words = {"mr": "Herrn", "ms": "Frau", "family": "Familie"} if german else {"mr": "Mr", "ms": "Ms", "mx": "Mx"}
    spoken = words.get(key, "")
    if not german and title:
        spoken = ""
    return _joined(spoken, title.strip(), first_name.strip(), last_name.strip())
