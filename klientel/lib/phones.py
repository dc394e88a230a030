"""Telephone numbers: from what people type to E.164 and back to what people read."""

import re
from dataclasses import dataclass
from functools import lru_cache

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumber, PhoneNumberFormat, PhoneNumberType

from klientel.lib.sentences import Unreadable

_KINDS = {
    PhoneNumberType.MOBILE: "mobile",
    PhoneNumberType.FIXED_LINE: "landline",
    PhoneNumberType.FIXED_LINE_OR_MOBILE: "landline",
    PhoneNumberType.TOLL_FREE: "free",
    PhoneNumberType.PREMIUM_RATE: "premium",
    PhoneNumberType.SHARED_COST: "shared",
    PhoneNumberType.VOIP: "voip",
    PhoneNumberType.PERSONAL_NUMBER: "personal",
    PhoneNumberType.PAGER: "pager",
    PhoneNumberType.UAN: "company",
    PhoneNumberType.VOICEMAIL: "voicemail",
}
#: calling codes of all countries
CODES = tuple(str(code) for code in sorted(phonenumbers.COUNTRY_CODE_TO_REGION_CODE))
_LONGEST = 60
_LABEL = re.compile(r"^\s*(?:tel(?:efon)?|fon|phone|mobil(?:telefon)?|handy|fax|mob|cell)\s*[.:]*\s*", re.IGNORECASE)
_STORED = re.compile(r"^(\+[0-9]{4,17})(?:;ext=([0-9]{1,12}))?$")


@dataclass(frozen=True, slots=True)
class Phone:
    """A number: `e164` "+4930123456", `extension` "12" or "", `region` "DE" or "", `kind` "mobile", "landline" …
    or "other".
    """

    e164: str
    extension: str = ""
    region: str = ""
    kind: str = "other"

    @property
    def stored(self) -> str:
        """The one text to keep: "+4930123456" or, after RFC 3966, "+4930123456;ext=12"."""
        return f"{self.e164};ext={self.extension}" if self.extension else self.e164


@lru_cache(maxsize=8192)
def read_phone(text: str, region: str = "DE") -> Phone:
    """The number that a text means; numbers without country code belong to `region` (ISO 3166).

    Raises Unreadable: phone.unreadable (no number at all) or phone.invalid (a number no network has).
    """
    number = _parsed(text, region)
    if not phonenumbers.is_valid_number(number):
        raise Unreadable("phone.invalid", text=text[:_LONGEST])
    return _phone(number)


@lru_cache(maxsize=8192)
def read_phone_leniently(text: str, region: str = "DE") -> Phone:
    """Like `read_phone`, but lets pass what has a possible length: old, internal and foreign numbers in imports."""
    number = _parsed(text, region)
    if not phonenumbers.is_possible_number(number):
        raise Unreadable("phone.invalid", text=text[:_LONGEST])
    return _phone(number)


def stored_phone(text: str, region: str = "DE") -> str:
    """`read_phone_leniently(text, region).stored`, faster: most numbers need no more than their digits."""
    return _quick(text, region) or read_phone_leniently(text, region).stored


_PLAIN = re.compile(r"(\+?)([0-9][0-9 ()/.\-]{4,24})")
_SIGNS = str.maketrans("", "", " ()/.-")


def _quick(text: str, region: str) -> str:
    """The stored form of a national ("030 123456") or own international ("+49 30 123456") number where nothing about it
    needs thought; else "".
    """
    found = _PLAIN.fullmatch(text)
    simple = _simple(region) if found else None
    if found is None or simple is None:
        return ""
    code, pattern = simple
    digits = found.group(2).translate(_SIGNS)
    if found.group(1):
        national = digits.removeprefix(code) if digits.startswith(code) else ""
    else:
        national = digits[1:] if digits[0] == "0" else ""
    if not national or national[0] == "0" or not pattern.fullmatch(national):
        return ""
    return f"+{code}{national}"


@lru_cache(maxsize=64)
def _simple(region: str) -> tuple[str, re.Pattern[str]] | None:
    """Country code and pattern of the numbers of a region that only drops a leading 0; None for the others."""
    found = phonenumbers.PhoneMetadata.metadata_for_region(region.upper(), None)
    if found is None or found.national_prefix_for_parsing != "0" or found.national_prefix_transform_rule:
        return None
    if found.general_desc is None or found.general_desc.national_number_pattern is None:
        return None
    regions = phonenumbers.COUNTRY_CODE_TO_REGION_CODE.get(found.country_code or 0, ())
    if len(regions) != 1:
        return None
    return str(found.country_code), re.compile(found.general_desc.national_number_pattern)


@lru_cache(maxsize=1024)
def _given_out(code: str) -> re.Pattern[str] | None:
    """The national numbers that the one region of a calling code has given out; None where nothing is so simple.

    The same as `phonenumbers.is_valid_number`: of a type's length, of its pattern, and of the region's.
    """
    regions = phonenumbers.COUNTRY_CODE_TO_REGION_CODE.get(int(code), ())
    found = phonenumbers.PhoneMetadata.metadata_for_region(regions[0], None) if len(regions) == 1 else None
    if found is None or found.national_prefix_transform_rule or found.general_desc is None:
        return None
    kinds = (
        found.premium_rate, found.toll_free, found.shared_cost, found.voip, found.personal_number, found.pager,
        found.uan, found.voicemail, found.fixed_line, found.mobile,
    )  # fmt: skip
    forms = [_form(kind) for kind in kinds if kind is not None and kind.national_number_pattern]
    return re.compile(f"(?={_form(found.general_desc)}\\Z)(?:{'|'.join(forms)})\\Z")


def _form(kind: phonenumbers.PhoneNumberDesc) -> str:
    lengths = "|".join(f"[0-9]{{{n}}}" for n in kind.possible_length or ())
    ahead = f"(?=(?:{lengths})\\Z)" if lengths else ""
    return f"(?:{ahead}(?:{kind.national_number_pattern}))"


def in_use(stored: str) -> bool:
    """Whether a stored number lies in a range that its country has given out."""
    bare = stored.partition(";")[0]
    for length in (1, 2, 3):  # no calling code begins with another one
        code, national = bare[1 : 1 + length], bare[1 + length :]
        if code.isdecimal() and int(code) in phonenumbers.COUNTRY_CODE_TO_REGION_CODE:
            known = _given_out(code)
            if known is not None and national.isdecimal() and national.isascii() and national[0] != "0":
                return known.match(national) is not None
            break
    try:
        return phonenumbers.is_valid_number(phonenumbers.parse(bare))
    except NumberParseException:
        return False


def _parsed(text: str, region: str) -> PhoneNumber:
    cleaned = _LABEL.sub("", text.replace("\x00", ""), count=1)
    stored = _STORED.match(cleaned.strip())
    if stored and stored.group(2):
        cleaned = f"{stored.group(1)} ext. {stored.group(2)}"
    if len(cleaned) > _LONGEST:
        raise Unreadable("phone.unreadable", text=text[:_LONGEST])
    try:
        return phonenumbers.parse(cleaned, region.upper() or None)
    except NumberParseException as reason:
        raise Unreadable("phone.unreadable", text=text[:_LONGEST]) from reason


def _phone(number: PhoneNumber) -> Phone:
    kind = _KINDS.get(phonenumbers.number_type(number), "other")
    region = phonenumbers.region_code_for_number(number) or ""
    extension = number.extension or ""
    bare = PhoneNumber()
    bare.merge_from(number)
    bare.extension = None
    return Phone(phonenumbers.format_number(bare, PhoneNumberFormat.E164), extension, region, kind)


@lru_cache(maxsize=8192)
def show_phone(stored: str, home: str = "") -> str:
    """A stored number for people: national where it belongs to the `home` region ("030 123456"), else international."""
    found = _STORED.match(stored)
    if not found:
        return stored
    try:
        number = phonenumbers.parse(found.group(1), None)
    except NumberParseException:
        return stored
    at_home = bool(home) and phonenumbers.region_code_for_number(number) == home.upper()
    text = phonenumbers.format_number(
        number, PhoneNumberFormat.NATIONAL if at_home else PhoneNumberFormat.INTERNATIONAL
    )
    return f"{text} ext. {found.group(2)}" if found.group(2) else text


def link_of_phone(stored: str) -> str:
    """The `tel:` link of a stored number (RFC 3966)."""
    return f"tel:{stored}"
